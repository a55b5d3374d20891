// The two ways to a broker, as one: a stream of bytes over TCP, or WebSocket frames. Knows nothing of packets.

import { once } from "node:events";
import { createConnection } from "node:net";
import { type ClientOptions, WebSocket } from "ws";

export type Events = {
  /** One chunk of a stream, or one WebSocket message. */
  onBytes(bytes: Buffer): void;
  /** The peer has closed, or the connection is lost; `code` is the WebSocket close code. */
  onClosed(code: number | undefined): void;
};

export type Transport = {
  readonly isWebSocket: boolean;
  /** The peer has said that it closes; the connection below may be there still. */
  readonly isClosing: boolean;
  send(bytes: Uint8Array): void;
  /** One message in several frames (FIN only on the last). WebSocket only. */
  sendFragments(fragments: readonly Uint8Array[]): void;
  sendText(text: string): void;
  /** Closes as a well-behaved program does. */
  close(): void;
  /** Breaks off without a word, as a network does. */
  drop(): void;
};

export type WebSocketOptions = { readonly subprotocol?: string; readonly headers?: Record<string, string> };

/** How long TCP may stay after either side's Close frame: then it is closed, with 1006 if the peer has not sent its own. */
const closeWithinMs = 15_000;

/** @param url `tcp://host:port` or `ws://host:port/path` */
export function openTransport(url: string, events: Events, options: WebSocketOptions = {}): Promise<Transport> {
  return url.startsWith("tcp:") ? openTcp(new URL(url), events) : openWebSocket(url, events, options);
}

async function openTcp(url: URL, events: Events): Promise<Transport> {
  const socket = createConnection({ host: url.hostname, port: Number(url.port), noDelay: true });
  await once(socket, "connect");
  socket.on("data", (bytes) => events.onBytes(bytes));
  socket.on("error", () => {}); // "close" follows
  socket.on("end", () => events.onClosed(undefined));
  socket.on("close", () => events.onClosed(undefined));
  const onlyWebSocket = () => {
    throw new Error("TCP has no frames");
  };
  return {
    isWebSocket: false,
    isClosing: false,
    send: (bytes) => void socket.write(bytes),
    sendFragments: onlyWebSocket,
    sendText: onlyWebSocket,
    close: () => void socket.end(),
    drop: () => void socket.resetAndDestroy(),
  };
}

async function openWebSocket(
  url: string,
  events: Events,
  { subprotocol = "mqtt", headers = {} }: WebSocketOptions,
): Promise<Transport> {
  const options: ClientOptions & { closeTimeout: number } = {
    perMessageDeflate: false,
    closeTimeout: closeWithinMs,
    headers,
  };
  const socket = new WebSocket(url, subprotocol, options);
  socket.binaryType = "nodebuffer";
  socket.on("message", (bytes: Buffer) => events.onBytes(bytes));
  socket.on("close", (code) => events.onClosed(code));
  await once(socket, "open");
  socket.on("error", () => {}); // "close" follows
  return {
    isWebSocket: true,
    get isClosing() {
      return socket.readyState >= WebSocket.CLOSING;
    },
    send: (bytes) => socket.send(bytes, { binary: true }),
    sendFragments(fragments) {
      for (const [index, fragment] of fragments.entries()) {
        socket.send(fragment, { binary: true, fin: index === fragments.length - 1 });
      }
    },
    sendText: (text) => socket.send(text),
    close: () => socket.close(),
    drop: () => socket.terminate(),
  };
}
