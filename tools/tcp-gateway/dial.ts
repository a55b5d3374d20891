// Opens the WebSocket to the broker, for one client. If the broker cannot be reached, because it restarts or the line is
// down, the gateway tries again for as long as clients usually wait for CONNACK. If the broker refuses, it does not.

import type { IncomingMessage } from "node:http";
import { WebSocket } from "ws";

export type Target = {
  /** ws://127.0.0.1:8787/mqtt, or wss:// for a deployed one. */
  readonly url: string;
  /** PEM of the authorities that may have signed its certificate, instead of the usual ones. */
  readonly certificateAuthorities?: string;
  /** Headers of the upgrade request. */
  readonly headers?: Readonly<Record<string, string>>;
  /** How long to try before the client is given up. */
  readonly giveUpAfterMs?: number;
};

export type Dialing = {
  /** No frame of it has been read yet. */
  onOpen(webSocket: WebSocket): void;
  /** Called once, when the gateway gives up. @param reason one line */
  onRefused(reason: string): void;
};

/** Clients wait for CONNACK for different times, but hardly any gives up sooner than this. */
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

/** @returns a function that stops the attempts, and ends one that is under way */
export function dial(target: Target, { onOpen, onRefused }: Dialing): () => void {
  const giveUpAtMs = performance.now() + (target.giveUpAfterMs ?? usualGiveUpAfterMs);
  let cancel = () => {};
  const attempt = (pauseMs: number) => {
    const webSocket = open(target, onOpen, (refusal) => {
      // A random pause spreads the clients, which all come back at once after a restart.
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
    webSocket.on("error", () => {}); // Ending it raises an error.
    void readAnswer(response).then((answer) => {
      webSocket.terminate();
      const { statusCode = 0 } = response;
      onRefused(new Refusal(`HTTP ${statusCode}, ${answer}`, statusCode >= 500 || statusCode === 429));
    });
  });
  return webSocket;
}

function refusalOf(error: Error & { code?: string }): Refusal {
  // Node.js has many codes for problems with a certificate; problems on the way to the broker have these.
  const mayPass = /^E[A-Z]+(_AGAIN)?$/.test(error.code ?? "") || error.message.includes("handshake has timed out");
  return new Refusal(error.message || error.name, mayPass);
}

/** The first line of the answer's body. */
async function readAnswer(response: IncomingMessage): Promise<string> {
  let text = "";
  try {
    for await (const chunk of response.setEncoding("utf8")) {
      text += chunk;
      if (text.length >= answerBytes) break;
    }
  } catch {
    // The part that was read will do.
  }
  return text.split("\n", 1)[0]?.slice(0, answerBytes) || (response.statusMessage ?? "");
}
