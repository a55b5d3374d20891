// One subscriber: acknowledges what it gets, and finds lost and repeated messages by each publisher's numbers.

import type { Connection } from "./connection.ts";
import { pingreqFrame } from "./frames.ts";
import type { Latencies } from "./latencies.ts";
import type { Publisher } from "./publisher.ts";
import { publisherAt, sentMsAt, sequenceAt } from "./stamp.ts";

/** The counts of all subscribers together. */
export type Tally = {
  received: number;
  lost: number;
  /** Repeated, or out of order: a publisher's messages must arrive in the order in which they were sent. */
  duplicated: number;
  readonly latencies: Latencies;
};

const publishType = 3;
const pubrelType = 6;
const pubackByte = 0x40;
const pubrecByte = 0x50;
const pubcompByte = 0x70;

export class Subscriber {
  readonly #connection: Connection;
  /** The publishers whose messages it gets. */
  readonly #publishers: readonly (Publisher | undefined)[];
  readonly #tally: Tally;
  /** The next expected number of each publisher. */
  readonly #next: Float64Array;

  constructor(connection: Connection, publishers: readonly (Publisher | undefined)[], tally: Tally) {
    this.#connection = connection;
    this.#publishers = publishers;
    this.#tally = tally;
    this.#next = new Float64Array(publishers.length);
    connection.onPacket = (firstByte, buffer, start, end) => this.#onPacket(firstByte, buffer, start, end);
  }

  /** A broker may hold back QoS 0 from a client that sends nothing. */
  ping(): void {
    this.#connection.write(pingreqFrame);
  }

  /** Counts what was sent and has not arrived as lost. */
  giveUp(): void {
    this.#publishers.forEach((publisher, index) => {
      if (publisher === undefined) return;
      this.#tally.lost += publisher.sent - (this.#next[index] as number);
      this.#next[index] = publisher.sent;
    });
  }

  #onPacket(firstByte: number, buffer: Buffer, start: number, end: number): void {
    const type = firstByte >> 4;
    if (type === pubrelType) this.#connection.acknowledge(pubcompByte, buffer.readUInt16BE(start));
    if (type !== publishType) return;
    const qos = (firstByte >> 1) & 3;
    let at = start + 2 + buffer.readUInt16BE(start);
    if (qos > 0) {
      this.#connection.acknowledge(qos === 1 ? pubackByte : pubrecByte, buffer.readUInt16BE(at));
      at += 2;
    }
    if (at < end) this.#onMessage(publisherAt(buffer, at), sequenceAt(buffer, at), sentMsAt(buffer, at));
  }

  #onMessage(index: number, sequence: number, sentMs: number): void {
    const publisher = this.#publishers[index];
    const tally = this.#tally;
    const next = this.#next[index] as number;
    if (publisher === undefined || sequence < next) {
      tally.duplicated += 1;
      return;
    }
    for (let missing = next; missing < sequence; missing += 1) {
      tally.lost += 1;
      publisher.onReceived(missing);
    }
    this.#next[index] = sequence + 1;
    tally.received += 1;
    tally.latencies.add(performance.now() - sentMs);
    publisher.onReceived(sequence);
  }
}
