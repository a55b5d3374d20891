// A client's connection on a bare socket: does the WebSocket handshake, reads MQTT packets, and writes prepared frames.
// All connections of the process read into one buffer, and each is done with it before the next one reads.

import { once } from "node:events";
import { createConnection, type Socket } from "node:net";
import { FrameReader } from "./frame-reader.ts";
import {
  acknowledgementFrameBytes,
  closeFrame,
  connectPacket,
  disconnectFrame,
  frameOf,
  pongFrame,
  subscribePacket,
  writeAcknowledgementFrame,
} from "./frames.ts";
import { type OnPacket, PacketReader } from "./packet-reader.ts";

export type Address = { readonly host: string; readonly port: number };

const readBuffer = Buffer.allocUnsafeSlow(262_144);
const farewell = Buffer.concat([disconnectFrame, closeFrame]);
const patienceMs = 10_000;
const closesWithinMs = 200;

const connackByte = 0x20;
const subackByte = 0x90;

export class Connection {
  /** Before CONNACK and SUBACK nobody listens. */
  onPacket: OnPacket = () => {};
  /** Called after the packets of one read. */
  onReadEnd: () => void = () => {};
  isClosed = false;
  readonly #socket: Socket;
  readonly #frames: FrameReader;
  #handshake: string | undefined = "";
  #onAnswer: (firstByte: number, body: Buffer) => void = () => {};
  #acknowledgements = Buffer.allocUnsafe(acknowledgementFrameBytes * 64);
  #acknowledgementBytes = 0;

  private constructor({ host, port }: Address) {
    const packets = new PacketReader((firstByte, buffer, start, end) => {
      if (firstByte === connackByte || firstByte === subackByte) this.#onAnswer(firstByte, buffer.subarray(start, end));
      else this.onPacket(firstByte, buffer, start, end);
    });
    this.#frames = new FrameReader({
      onBytes: (buffer, start, end) => packets.read(buffer, start, end),
      onPing: (payload) => void this.#socket.write(pongFrame(payload)),
      onClose: () => this.#socket.destroy(),
    });
    this.#socket = createConnection({
      host,
      port,
      noDelay: true,
      onread: {
        buffer: readBuffer,
        callback: (bytes) => {
          this.#onRead(bytes);
          return true;
        },
      },
    });
    this.#socket.on("error", () => {}); // "close" follows
    this.#socket.on("close", () => {
      this.isClosed = true;
    });
  }

  /** @throws {Error} if the server does not answer the handshake with 101 */
  static async open(address: Address, path: string): Promise<Connection> {
    const connection = new Connection(address);
    await once(connection.#socket, "connect");
    const key = Buffer.alloc(16).toString("base64");
    const headers = [
      `GET ${path} HTTP/1.1`,
      `Host: ${address.host}:${address.port}`,
      "Upgrade: websocket",
      "Connection: Upgrade",
      `Sec-WebSocket-Key: ${key}`,
      "Sec-WebSocket-Version: 13",
      "Sec-WebSocket-Protocol: mqtt",
    ];
    const answer = connection.#answer(0, "the WebSocket handshake");
    connection.#socket.write(`${headers.join("\r\n")}\r\n\r\n`);
    await answer;
    return connection;
  }

  /** @throws {Error} if CONNACK refuses, or does not come */
  async connect(clientId: string, isClean: boolean, keepAliveSec: number): Promise<void> {
    const answer = this.#answer(connackByte, `CONNACK for ${clientId}`);
    this.write(frameOf(connectPacket(clientId, isClean, keepAliveSec)));
    const code = (await answer)[1];
    if (code !== 0) throw new Error(`CONNACK for ${clientId} has code ${code}`);
  }

  /** @throws {Error} if SUBACK refuses, or does not come */
  async subscribe(filters: readonly string[], qos: number): Promise<void> {
    const answer = this.#answer(subackByte, "SUBACK");
    this.write(frameOf(subscribePacket(1, filters, qos)));
    if ((await answer).subarray(2).some((code) => code !== qos)) throw new Error("SUBACK refuses a subscription");
  }

  write(frames: Uint8Array): void {
    if (!this.isClosed) this.#socket.write(frames);
  }

  /** Sent together with the other packets of this read, in one write to the socket. */
  acknowledge(firstByte: number, packetId: number): void {
    const at = this.#acknowledgementBytes;
    if (at === this.#acknowledgements.length) {
      this.#acknowledgements = Buffer.concat([this.#acknowledgements, Buffer.allocUnsafe(at)]);
    }
    writeAcknowledgementFrame(this.#acknowledgements, at, firstByte, packetId);
    this.#acknowledgementBytes = at + acknowledgementFrameBytes;
  }

  /** Resolves when the connection is closed. */
  async end(): Promise<void> {
    if (this.isClosed) return;
    const closed = new Promise((resolve) => this.#socket.once("close", resolve));
    this.#socket.end(farewell);
    const timer = setTimeout(() => this.#socket.destroy(), closesWithinMs);
    await closed;
    clearTimeout(timer);
  }

  drop(): void {
    this.#socket.destroy();
  }

  #onRead(bytes: number): void {
    const start = this.#handshake === undefined ? 0 : this.#readHandshake(bytes);
    this.#frames.read(readBuffer, start, bytes);
    if (this.#acknowledgementBytes > 0) {
      // A copy, since the socket may keep it until the system takes it.
      this.write(Buffer.from(this.#acknowledgements.subarray(0, this.#acknowledgementBytes)));
      this.#acknowledgementBytes = 0;
    }
    this.onReadEnd();
  }

  /** @returns the offset at which frames begin */
  #readHandshake(bytes: number): number {
    const before = this.#handshake?.length ?? 0;
    this.#handshake += readBuffer.toString("latin1", 0, bytes);
    const end = this.#handshake?.indexOf("\r\n\r\n") ?? -1;
    if (end < 0) return bytes;
    const status = Buffer.from(this.#handshake?.split("\r\n")[0] ?? "");
    this.#handshake = undefined;
    this.#onAnswer(status.includes(" 101 ") ? 0 : -1, status);
    return end + 4 - before;
  }

  async #answer(expected: number, what: string): Promise<Buffer> {
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
    const onClose = () => reject(new Error(`${what}: the connection was closed`));
    const timer = setTimeout(() => reject(new Error(`${what} has not come`)), patienceMs);
    this.#socket.once("close", onClose);
    this.#onAnswer = (firstByte, body) => {
      if (firstByte === expected) resolve(Buffer.from(body));
      else reject(new Error(`${what}: ${body}`));
    };
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#socket.off("close", onClose);
    }
  }
}
