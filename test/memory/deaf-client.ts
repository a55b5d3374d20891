// A client on a bare socket that pays no heed to Close frames, as no WebSocket library lets it: it only sends.

import { once } from "node:events";
import { createConnection, type Socket } from "node:net";

const closingByte = 0x88;

export class DeafClient {
  /** A Close frame has come. */
  wasToldToGo = false;
  /** The connection is lost. */
  isGone = false;
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (bytes) => {
      if (bytes.includes(closingByte)) this.wasToldToGo = true;
    });
    socket.on("error", () => {}); // "close" follows
    socket.on("close", () => {
      this.isGone = true;
    });
  }

  static async connect(url: string): Promise<DeafClient> {
    const { hostname, port, pathname } = new URL(url);
    const socket = createConnection({ host: hostname, port: Number(port) });
    await once(socket, "connect");
    const key = Buffer.alloc(16).toString("base64");
    const headers = `Host: ${hostname}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: ${key}`;
    socket.write(`GET ${pathname} HTTP/1.1\r\n${headers}\r\nSec-WebSocket-Version: 13\r\n\r\n`);
    await once(socket, "data");
    return new DeafClient(socket);
  }

  /** One binary frame, masked with zeros. Resolves when the system has taken it, or the connection is gone. */
  send(bytes: Uint8Array): Promise<void> {
    const isShort = bytes.length < 126;
    const length = isShort ? [bytes.length] : [126, bytes.length >> 8, bytes.length & 0xff];
    const header = [0x82, 0x80 | (length[0] as number), ...length.slice(1), 0, 0, 0, 0];
    const frame = Buffer.concat([Buffer.from(header), bytes]);
    return new Promise((resolve) => this.#socket.write(frame, () => resolve()));
  }

  drop(): void {
    this.#socket.destroy();
  }
}
