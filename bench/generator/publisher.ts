// One publisher: a window of messages that are on their way. A message is done when all subscribers of its topic have
// it and, from QoS 1 on, it is acknowledged. Then its place in the window is free for another. The frames of the window
// lie ready in one buffer, in which a message changes only its packet identifier, its number and its time. Nothing is
// copied, because a place is free only after the system has taken its bytes.

import type { Connection } from "./connection.ts";
import { frameOf, publishPacket } from "./frames.ts";
import { stampBytes, writePublisher, writeSending } from "./stamp.ts";

export type PublisherOptions = {
  readonly index: number;
  readonly topics: readonly string[];
  readonly qos: number;
  readonly payloadBytes: number;
  readonly window: number;
  /** The number of subscribers that each message reaches. */
  readonly receivers: number;
};

const pubackType = 4;
const pubrecType = 5;
const pubcompType = 7;
const pubrelByte = 0x62;
const packetIds = 65_535;

export class Publisher {
  sent = 0;
  readonly #connection: Connection;
  readonly #window: number;
  readonly #qos: number;
  readonly #frames: Buffer;
  readonly #frameBytes: number;
  readonly #stampAt: number;
  /** For each message in the window, how many receipts and acknowledgements are still to come. */
  readonly #awaited: Uint16Array;
  readonly #awaitedOfNew: number;
  /** The first message of the window that is not done. */
  #first = 0;

  constructor(connection: Connection, { index, topics, qos, payloadBytes, window, receivers }: PublisherOptions) {
    this.#connection = connection;
    this.#window = window;
    this.#qos = qos;
    const payload = Buffer.alloc(payloadBytes, "x");
    writePublisher(payload, 0, index);
    const frames = Array.from({ length: window }, (_, place) => {
      const topic = topics[place % topics.length] as string;
      return frameOf(publishPacket({ topic, qos, payload }));
    });
    this.#frames = Buffer.concat(frames);
    this.#frameBytes = this.#frames.length / window;
    if (frames.some((frame) => frame.length !== this.#frameBytes)) throw new Error("topics differ in length");
    this.#stampAt = this.#frameBytes - payloadBytes;
    if (payloadBytes < stampBytes) throw new Error(`a payload has at least ${stampBytes} bytes`);
    this.#awaited = new Uint16Array(window);
    this.#awaitedOfNew = receivers + (qos === 0 ? 0 : 1);
    connection.onPacket = (firstByte, buffer, start) => this.#onPacket(firstByte >> 4, buffer, start);
  }

  /** The number of messages that are not done. */
  get open(): number {
    return this.sent - this.#first;
  }

  get hasPlace(): boolean {
    return this.open < this.#window;
  }

  /** Sends as many messages as the window has room for. */
  fill(nowMs: number): void {
    const count = this.#window - this.open;
    if (count > 0) this.send(count, nowMs);
  }

  /** At most as many as the window has room for. */
  send(count: number, nowMs: number): void {
    const from = this.sent % this.#window;
    const beforeEnd = Math.min(count, this.#window - from);
    this.#sendPlaces(from, beforeEnd, nowMs);
    if (count > beforeEnd) this.#sendPlaces(0, count - beforeEnd, nowMs);
  }

  /** A subscriber has the message or will never have it, or the broker has acknowledged it. */
  onReceived(sequence: number): void {
    const place = sequence % this.#window;
    const awaited = this.#awaited[place] as number;
    if (awaited > 0) this.#awaited[place] = awaited - 1;
    while (this.#first < this.sent && this.#awaited[this.#first % this.#window] === 0) this.#first += 1;
  }

  /** Stops waiting for the messages that are not done. */
  giveUp(): void {
    this.#awaited.fill(0);
    this.#first = this.sent;
  }

  /** Whether the window still has the message. */
  isOpen(sequence: number): boolean {
    return sequence >= this.#first && sequence < this.sent;
  }

  #sendPlaces(from: number, count: number, nowMs: number): void {
    for (let place = from; place < from + count; place += 1) {
      const stampAt = place * this.#frameBytes + this.#stampAt;
      if (this.#qos > 0) this.#frames.writeUInt16BE((this.sent % packetIds) + 1, stampAt - 2);
      writeSending(this.#frames, stampAt, this.sent, nowMs);
      this.#awaited[place] = this.#awaitedOfNew;
      this.sent += 1;
    }
    this.#connection.write(this.#frames.subarray(from * this.#frameBytes, (from + count) * this.#frameBytes));
  }

  #onPacket(type: number, buffer: Buffer, start: number): void {
    if (type !== pubackType && type !== pubrecType && type !== pubcompType) return;
    const packetId = buffer.readUInt16BE(start);
    if (type === pubrecType) {
      this.#connection.acknowledge(pubrelByte, packetId);
      return;
    }
    const ahead = packetId - 1 - (this.#first % packetIds);
    const sequence = this.#first + (ahead < 0 ? ahead + packetIds : ahead);
    if (this.isOpen(sequence)) this.onReceived(sequence);
  }
}
