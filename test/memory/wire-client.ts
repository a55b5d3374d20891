// A client that does as it is told, also what no good client does: stops reading, never finishes, floods.

import { once } from "node:events";
import { createConnection, type Socket } from "node:net";
import { generate, type Packet, parser } from "mqtt-packet";
import { WebSocket } from "ws";
import type { Path } from "../support/broker.ts";
import type { ServerProcess } from "./server-process.ts";

export type WireOptions = {
  readonly clientId: string;
  readonly path: Path;
  readonly version?: 4 | 5;
  readonly isDurable?: boolean;
  readonly onPacket?: (packet: Packet) => void;
  readonly onClosed?: () => void;
};

const sessionExpirySec = 3_600;

export class WireClient {
  readonly #version: 4 | 5;
  readonly #socket: WebSocket | Socket;
  readonly #onPacket: (packet: Packet) => void;
  #onConnack: () => void = () => {};

  private constructor(
    socket: WebSocket | Socket,
    { version = 4, onPacket = () => {}, onClosed = () => {} }: WireOptions,
  ) {
    this.#socket = socket;
    this.#version = version;
    this.#onPacket = onPacket;
    const reader = parser({ protocolVersion: version });
    reader.on("packet", (packet: Packet) => this.#on(packet));
    socket.on(socket instanceof WebSocket ? "message" : "data", (bytes: Buffer) => reader.parse(bytes));
    socket.on("close", onClosed);
    socket.on("error", () => {}); // The end of the server, or of the patience with this client.
  }

  static async connect(server: ServerProcess, options: WireOptions): Promise<WireClient> {
    const { clientId, path, version = 4, isDurable = false } = options;
    const url = server.url(path, clientId);
    const isTcp = path === "TCP";
    const socket = isTcp ? tcpTo(url) : new WebSocket(url, "mqtt", { perMessageDeflate: false });
    await once(socket, isTcp ? "connect" : "open");
    const client = new WireClient(socket, options);
    const properties = isDurable ? { sessionExpiryInterval: sessionExpirySec } : {};
    const connack = new Promise<void>((resolve) => {
      client.#onConnack = resolve;
    });
    const fields = { protocolId: "MQTT", protocolVersion: version, keepalive: 0, clean: !isDurable } as const;
    await client.send({ cmd: "connect", clientId, ...fields, ...(version === 5 ? { properties } : {}) });
    await connack;
    return client;
  }

  get isClosed(): boolean {
    if (this.#socket instanceof WebSocket) return this.#socket.readyState !== WebSocket.OPEN;
    return this.#socket.destroyed;
  }

  /** Resolves when the system has taken it. */
  send(...packets: readonly Packet[]): Promise<void> {
    const bytes = Buffer.concat(packets.map((packet) => generate(packet, { protocolVersion: this.#version })));
    return this.write(bytes);
  }

  write(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      if (this.#socket instanceof WebSocket) this.#socket.send(bytes, { binary: true }, () => resolve());
      else this.#socket.write(bytes, () => resolve());
    });
  }

  /** Reads nothing more. */
  freeze(): void {
    this.#socket.pause();
  }

  drop(): void {
    if (this.#socket instanceof WebSocket) this.#socket.terminate();
    else this.#socket.resetAndDestroy();
  }

  #on(packet: Packet): void {
    if (packet.cmd === "connack") {
      this.#onConnack();
    } else {
      this.#onPacket(packet);
    }
  }
}

function tcpTo(url: string): Socket {
  const { hostname, port } = new URL(url);
  return createConnection({ host: hostname, port: Number(port), noDelay: true });
}
