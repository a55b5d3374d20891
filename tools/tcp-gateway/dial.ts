// The WebSocket to the broker, for one client. A broker that cannot be reached just now, because it restarts or the line is
// down, is tried again for as long as clients usually wait for CONNACK; one that says no is not.

import type { IncomingMessage } from "node:http";
import { WebSocket } from "ws";

export type Target = {
  /** ws://127.0.0.1:8787/mqtt, or wss:// for a deployed one. */
  readonly url: string;
  /** PEM of the authorities that its certificate may be from, in the place of the usual ones. */
  readonly certificateAuthorities?: string;
  /** Of the request. */
  readonly headers?: Readonly<Record<string, string>>;
  /** After so long without an answer the client is given up. */
  readonly giveUpAfterMs?: number;
};

export type Dialing = {
  /** Its first frame has not been read yet. */
  onOpen(webSocket: WebSocket): void;
  /** Once, in the end. @param reason one line */
  onRefused(reason: string): void;
};

/** How clients wait for CONNACK differs; hardly one gives up sooner. */
const usualGiveUpAfterMs = 10_000;
const firstPauseMs = 250;
const handshakeTimeoutMs = 10_000;
const answerBytes = 200;

class Refusal extends Error {
  readonly mayPass: boolean;

  constructor(reason: string, mayPass: boolean) {
    super(reason);
    this.mayPass = mayPass;
  }
}

/** @returns what ends the trying, and what is half open */
export function dial(target: Target, { onOpen, onRefused }: Dialing): () => void {
  const giveUpAtMs = performance.now() + (target.giveUpAfterMs ?? usualGiveUpAfterMs);
  let cancel = () => {};
  const attempt = (pauseMs: number) => {
    const webSocket = open(target, onOpen, (refusal) => {
      // Some sooner, some later: after a restart all clients are back at once.
      const waitMs = pauseMs * (0.5 + Math.random());
      if (!refusal.mayPass || performance.now() + waitMs > giveUpAtMs) {
        onRefused(refusal.message);
        return;
      }
      const timer = setTimeout(() => attempt(pauseMs * 2), waitMs);
      cancel = () => clearTimeout(timer);
    });
    cancel = () => webSocket.terminate();
  };
  attempt(firstPauseMs);
  return () => cancel();
}

function open(
  { url, certificateAuthorities, headers = {} }: Target,
  onOpen: Dialing["onOpen"],
  onRefused: (refusal: Refusal) => void,
): WebSocket {
  const webSocket = new WebSocket(url, "mqtt", {
    perMessageDeflate: false,
    headers,
    handshakeTimeout: handshakeTimeoutMs,
    ...(certificateAuthorities === undefined ? {} : { ca: certificateAuthorities }),
  });
  const refuse = (error: Error) => onRefused(refusalOf(error));
  webSocket.once("error", refuse);
  webSocket.once("open", () => {
    webSocket.off("error", refuse);
    onOpen(webSocket);
  });
  webSocket.once("unexpected-response", (_request, response) => {
    webSocket.off("error", refuse);
    webSocket.on("error", () => {}); // Ending it is one.
    void readAnswer(response).then((answer) => {
      webSocket.terminate();
      const { statusCode = 0 } = response;
      onRefused(new Refusal(`HTTP ${statusCode}, ${answer}`, statusCode >= 500 || statusCode === 429));
    });
  });
  return webSocket;
}

function refusalOf(error: Error & { code?: string }): Refusal {
  // Node.js names what is wrong with a certificate in many ways; what is wrong with the way there in these.
  const mayPass = /^E[A-Z]+(_AGAIN)?$/.test(error.code ?? "") || error.message.includes("handshake has timed out");
  return new Refusal(error.message || error.name, mayPass);
}

/** Its first line. */
async function readAnswer(response: IncomingMessage): Promise<string> {
  let text = "";
  try {
    for await (const chunk of response.setEncoding("utf8")) {
      text += chunk;
      if (text.length >= answerBytes) break;
    }
  } catch {
    // What was read will do.
  }
  return text.split("\n", 1)[0]?.slice(0, answerBytes) || (response.statusMessage ?? "");
}
