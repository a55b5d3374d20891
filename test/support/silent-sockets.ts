// Connections that say nothing, and answer nothing: on bare sockets, for a WebSocket library would answer a Close frame.

import { once } from "node:events";
import net from "node:net";

export type SilentSocket = {
  /** The HTTP status; `undefined` if none has come. */
  readonly status: () => number | undefined;
  readonly isOpen: () => boolean;
  /** Resolves when its TCP connection is at its end. */
  readonly ended: Promise<void>;
};

/** @param request what it sends, and then nothing; it may be empty */
export async function silentSocket(address: string, request = ""): Promise<SilentSocket> {
  const { hostname, port } = new URL(address);
  const socket = net.connect({ host: hostname, port: Number(port) });
  let received = "";
  socket.on("data", (bytes) => {
    if (received.length < 100) received += bytes.toString("latin1");
  });
  socket.on("error", () => {}); // "close" follows
  const ended = new Promise<void>((resolve) => {
    socket.once("close", () => resolve());
  });
  await Promise.race([once(socket, "connect"), ended]);
  socket.write(request, "latin1");
  const status = () => {
    const text = /^HTTP\/1\.1 (\d{3}) /.exec(received)?.[1];
    return text === undefined ? undefined : Number(text);
  };
  return { status, isOpen: () => !socket.destroyed, ended };
}

/** The request of a WebSocket, without the line that ends it. */
export function upgradeRequest(path: string): string {
  const key = Buffer.alloc(16).toString("base64");
  return [
    `GET ${path} HTTP/1.1`,
    "Host: 127.0.0.1",
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Key: ${key}`,
    "Sec-WebSocket-Version: 13\r\n",
  ].join("\r\n");
}
