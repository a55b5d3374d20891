// A topic object's disk in memory, for tests of the topic alone. In the order of SQLite's keys: UTF-8 bytes.

import {
  decodeSessionDelivery,
  encodeSessionDelivery,
  type SessionDelivery,
} from "../../src/core/topic/topic-request.ts";
import type {
  RetainedHolding,
  RetainedName,
  RetainedTotals,
  Subscriber,
  TopicStore,
} from "../../src/core/topic/topic-store.ts";

type RetainedRow = { message: Uint8Array; expiresAtMs: number; publisher: string; retainedAtMs: number };
type OwedRow = { sequence: number; clientId: string; delivery: Uint8Array };

export class MemoryTopicStore implements TopicStore {
  readonly #subscribers = new Map<string, Subscriber>();
  readonly #retained = new Map<string, RetainedRow>();
  #owed: OwedRow[] = [];
  #lastOwedAtMs = 0;

  subscribers(): Subscriber[] {
    const keys = [...this.#subscribers.keys()].sort(inUtf8);
    return keys.map((key) => structuredClone(this.#subscribers.get(key) as Subscriber));
  }

  putSubscriber(subscriber: Subscriber): void {
    this.#subscribers.set(keyOf(subscriber.clientId, subscriber.topicFilter), structuredClone(subscriber));
  }

  deleteSubscriber(clientId: string, topicFilter: string): void {
    this.#subscribers.delete(keyOf(clientId, topicFilter));
  }

  deleteSubscribers(clientId: string, generation: string): void {
    for (const [key, subscriber] of this.#subscribers) {
      if (subscriber.clientId === clientId && subscriber.generation === generation) this.#subscribers.delete(key);
    }
  }

  putRetained(
    topicName: string,
    message: Uint8Array,
    expiresAtMs: number,
    publisher: string,
    retainedAtMs: number,
  ): void {
    this.#retained.set(topicName, { message: message.slice(), expiresAtMs, publisher, retainedAtMs });
  }

  deleteRetained(topicName: string): void {
    this.#retained.delete(topicName);
  }

  deleteExpiredRetained(nowMs: number): void {
    for (const [topicName, { expiresAtMs }] of this.#retained) {
      if (expiresAtMs > 0 && expiresAtMs <= nowMs) this.#retained.delete(topicName);
    }
  }

  readRetained(topicName: string): Uint8Array | undefined {
    return this.#retained.get(topicName)?.message.slice();
  }

  retainedNames(from: string, isAfter: boolean, most: number): RetainedName[] {
    const names = [...this.#retained.keys()].sort(inUtf8);
    const wanted = names.filter((name) => inUtf8(name, from) > 0 || (!isAfter && name === from));
    return wanted.slice(0, most).map((topicName) => {
      const { expiresAtMs, publisher, retainedAtMs } = this.#retained.get(topicName) as RetainedRow;
      return { topicName, expiresAtMs, publisher, retainedAtMs };
    });
  }

  retainedHolding(topicName: string): RetainedHolding | undefined {
    const row = this.#retained.get(topicName);
    return row && { publisher: row.publisher, bytes: row.message.length };
  }

  retainedTotals(): RetainedTotals[] {
    const totals = new Map<string, RetainedTotals>();
    for (const { publisher, message } of this.#retained.values()) {
      const { messages, bytes } = totals.get(publisher) ?? { messages: 0, bytes: 0 };
      totals.set(publisher, { publisher, messages: messages + 1, bytes: bytes + message.length });
    }
    return [...totals.values()];
  }

  nextRetainedExpiryMs(): number {
    const times = [...this.#retained.values()].map(({ expiresAtMs }) => expiresAtMs).filter((atMs) => atMs > 0);
    return Math.min(...times);
  }

  putOwed(clientId: string, delivery: SessionDelivery, isFirst: boolean, atMs: number): void {
    this.#lastOwedAtMs = Math.max(this.#lastOwedAtMs, atMs);
    const sequence = isFirst ? (this.#owed[0]?.sequence ?? 1) - 1 : (this.#owed.at(-1)?.sequence ?? 0) + 1;
    const row = { sequence, clientId, delivery: encodeSessionDelivery(delivery) };
    if (isFirst) this.#owed.unshift(row);
    else this.#owed.push(row);
  }

  lastOwedAtMs(): number {
    return this.#owed.length === 0 ? 0 : this.#lastOwedAtMs;
  }

  owedCounts(): { clientId: string; count: number }[] {
    const counts = new Map<string, number>();
    for (const { clientId } of this.#owed) counts.set(clientId, (counts.get(clientId) ?? 0) + 1);
    return [...counts].map(([clientId, count]) => ({ clientId, count }));
  }

  /** For tests. */
  owedCount(): number {
    return this.#owed.length;
  }

  /** For tests. */
  owedClientIds(): string[] {
    return this.owedCounts().map(({ clientId }) => clientId);
  }

  owed(clientId: string, most: number): { sequence: number; delivery: SessionDelivery }[] {
    const rows = this.#owed.filter((row) => row.clientId === clientId).slice(0, most);
    return rows.map(({ sequence, delivery }) => ({ sequence, delivery: decodeSessionDelivery(delivery) }));
  }

  deleteOwed(sequence: number): void {
    this.#owed = this.#owed.filter((row) => row.sequence !== sequence);
  }
}

/** No MQTT string holds U+0000. */
function keyOf(clientId: string, topicFilter: string): string {
  return `${clientId}\u0000${topicFilter}`;
}

function inUtf8(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}
