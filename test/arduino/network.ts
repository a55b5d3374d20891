// What may stand between a board and its broker: a cable that the test cuts, and servers that answer wrongly or not at all.

import { createHash } from "node:crypto";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { undoAfterTest } from "../support/undo.ts";

/** @returns the port, on 127.0.0.1, until the test ends */
async function listen(onSocket: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on("error", () => {}));
    onSocket(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  undoAfterTest(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** A port on which nobody listens. */
export async function deadPort(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return String(port);
}

export type Server = {
  readonly port: string;
  /** Resolves once a board waits for an answer that does not come. */
  readonly isAwaited: Promise<void>;
};

export type Cable = {
  readonly port: string;
  /** Whether new connections reach the broker; the others are closed at once. */
  isPlugged: boolean;
  /** From now on nothing of the broker's reaches the board. */
  mute(): void;
  /** Breaks the connections that there are. */
  cut(): void;
};

export async function cableTo(brokerPort: string): Promise<Cable> {
  const ends = new Set<Socket>();
  let isMute = false;
  const port = await listen((board) => {
    if (!cable.isPlugged) {
      board.destroy();
      return;
    }
    const broker = connect(Number(brokerPort), "127.0.0.1").on("error", () => {});
    for (const end of [board, broker]) ends.add(end);
    board.on("data", (bytes) => broker.write(bytes)).on("close", () => broker.destroy());
    broker.on("data", (bytes) => isMute || board.write(bytes)).on("close", () => board.destroy());
  });
  const cable: Cable = {
    port: String(port),
    isPlugged: true,
    mute: () => {
      isMute = true;
    },
    cut: () => {
      for (const end of ends) end.destroy();
      ends.clear();
    },
  };
  return cable;
}

/** A server that accepts connections and says nothing. */
export async function silentServer(): Promise<Server> {
  const { promise: isAwaited, resolve } = Promise.withResolvers<void>();
  const port = await listen((socket) => socket.on("data", () => resolve()));
  return { port: String(port), isAwaited };
}

/** An HTTP server that answers each request with the next of these statuses, and with the last again and again. */
export async function refusingServer(statuses: readonly string[]): Promise<string> {
  let next = 0;
  const port = await listen((socket) =>
    onRequest(socket, () => {
      const status = statuses[Math.min(next++, statuses.length - 1)];
      socket.end(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
    }),
  );
  return String(port);
}

/**
 * A server that grants the WebSocket, and is silent or closes once CONNECT has come.
 * @param accept what it answers to the key; the right answer if left out
 */
export async function webSocketServer(then: "is silent" | "closes", accept = acceptOf): Promise<Server> {
  const { promise: isAwaited, resolve } = Promise.withResolvers<void>();
  const port = await listen((socket) =>
    onRequest(socket, (head) => {
      const key = /^Sec-WebSocket-Key: (.*)\r$/m.exec(head)?.[1] ?? "";
      const upgrade = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n";
      socket.write(`${upgrade}Sec-WebSocket-Accept: ${accept(key)}\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n`);
      socket.once("data", () => {
        resolve();
        if (then === "closes") socket.destroy();
      });
    }),
  );
  return { port: String(port), isAwaited };
}

function acceptOf(key: string): string {
  return createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
}

function onRequest(socket: Socket, answer: (head: string) => void): void {
  let head = "";
  const onData = (bytes: Buffer) => {
    head += bytes;
    if (!head.includes("\r\n\r\n")) return;
    socket.off("data", onData);
    answer(head);
  };
  socket.on("data", onData);
}
