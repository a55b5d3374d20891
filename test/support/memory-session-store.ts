// A session's disk in memory, for tests of the session alone. What is put is copied, as a disk would; every write is
// noted, so that a test can say that there was none.

import type { Delivery } from "../../src/core/message/message.ts";
import type { OutgoingIndex, SessionRecord, SessionStore, StoredWill } from "../../src/core/session/session-store.ts";
import type { TopicSubscription } from "../../src/core/topic/topic-request.ts";

type OutgoingRow = { index: OutgoingIndex; delivery: Delivery | undefined };

export class MemorySessionStore implements SessionStore {
  /** The writes in order, by the name of their method. */
  readonly writes: string[] = [];
  #record: SessionRecord | undefined;
  #snapshot: string | undefined;
  readonly #wills = new Map<string, StoredWill>();
  readonly #subscriptions = new Map<string, TopicSubscription>();
  readonly #outgoing = new Map<number, OutgoingRow>();
  readonly #incoming = new Map<number, string>();
  readonly #remembered = new Set<string>();

  readRecord(): SessionRecord | undefined {
    return structuredClone(this.#record);
  }

  putRecord(record: SessionRecord): void {
    this.writes.push("putRecord");
    this.#record = structuredClone(record);
  }

  wills(): StoredWill[] {
    return structuredClone([...this.#wills.values()]);
  }

  putWill(will: StoredWill): void {
    this.writes.push("putWill");
    this.#wills.set(will.id, structuredClone(will));
  }

  deleteWill(id: string): void {
    this.writes.push("deleteWill");
    this.#wills.delete(id);
  }

  subscriptions(): TopicSubscription[] {
    return structuredClone([...this.#subscriptions.values()]);
  }

  putSubscription(subscription: TopicSubscription): void {
    this.writes.push("putSubscription");
    this.#subscriptions.set(subscription.topicFilter, structuredClone(subscription));
  }

  deleteSubscription(topicFilter: string): void {
    this.writes.push("deleteSubscription");
    this.#subscriptions.delete(topicFilter);
  }

  outgoing(): OutgoingIndex[] {
    const rows = [...this.#outgoing.values()].map(({ index }) => ({ ...index }));
    return rows.sort((one, other) => one.sequence - other.sequence);
  }

  readOutgoing(sequence: number): Delivery | undefined {
    return structuredClone(this.#outgoing.get(sequence)?.delivery);
  }

  putOutgoing({ sequence, qos, isReleased, bytes }: OutgoingIndex, delivery: Delivery | undefined): void {
    this.writes.push("putOutgoing");
    const index = { sequence, qos, isReleased, bytes };
    this.#outgoing.set(sequence, { index, delivery: structuredClone(delivery) });
  }

  releaseOutgoing(sequence: number): void {
    this.writes.push("releaseOutgoing");
    const row = this.#outgoing.get(sequence);
    if (row === undefined) return;
    this.#outgoing.set(sequence, { index: { ...row.index, isReleased: true }, delivery: undefined });
  }

  deleteOutgoing(sequence: number): void {
    this.writes.push("deleteOutgoing");
    this.#outgoing.delete(sequence);
  }

  incoming(): { packetId: number; messageId: string }[] {
    return [...this.#incoming].map(([packetId, messageId]) => ({ packetId, messageId }));
  }

  putIncoming(packetId: number, messageId: string): void {
    this.writes.push("putIncoming");
    this.#incoming.set(packetId, messageId);
  }

  deleteIncoming(packetId: number): void {
    this.writes.push("deleteIncoming");
    this.#incoming.delete(packetId);
  }

  rememberMessage(id: string): boolean {
    this.writes.push("rememberMessage");
    if (this.#remembered.has(id)) return false;
    this.#remembered.add(id);
    return true;
  }

  forgetMessagesBefore(id: string): void {
    this.writes.push("forgetMessagesBefore");
    for (const remembered of this.#remembered) if (remembered < id) this.#remembered.delete(remembered);
  }

  readSnapshot(): string | undefined {
    return this.#snapshot;
  }

  putSnapshot(snapshot: string): void {
    this.writes.push("putSnapshot");
    this.#snapshot = snapshot;
  }

  /** Of an empty store it writes nothing, and is not noted. */
  clear(): void {
    const sizes = [this.#subscriptions, this.#outgoing, this.#incoming, this.#remembered].map(({ size }) => size);
    const isEmpty = this.#record === undefined && this.#snapshot === undefined && sizes.every((size) => size === 0);
    if (isEmpty) return;
    this.writes.push("clear");
    this.#record = undefined;
    this.#snapshot = undefined;
    for (const rows of [this.#subscriptions, this.#outgoing, this.#incoming, this.#remembered]) rows.clear();
  }

  deleteAll(): Promise<void> {
    this.clear();
    this.#wills.clear();
    return Promise.resolve();
  }
}
