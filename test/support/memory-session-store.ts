// A session's disk in memory, for tests of the session alone. What is put is copied, as a disk would; every write is
// noted, so that a test can say that there was none.

import type { Delivery } from "../../src/core/message/message.ts";
import type {
  IncomingRow,
  OutgoingIndex,
  OutgoingMessage,
  SessionRecord,
  SessionStore,
  StoredWill,
} from "../../src/core/session/session-store.ts";
import type { TopicSubscription } from "../../src/core/topic/topic-request.ts";

type OutgoingRow = { readonly index: OutgoingIndex; readonly delivery: Delivery | undefined };

type Rows = {
  record: SessionRecord | undefined;
  snapshot: string | undefined;
  readonly wills: Map<string, StoredWill>;
  readonly subscriptions: Map<string, TopicSubscription>;
  readonly outgoing: Map<number, OutgoingRow>;
  readonly incoming: Map<number, IncomingRow>;
  readonly remembered: Set<string>;
};

/** All rows, as plain data. */
export type StoredRows = {
  readonly record: SessionRecord | undefined;
  readonly snapshot: string | undefined;
  readonly wills: readonly StoredWill[];
  readonly subscriptions: readonly TopicSubscription[];
  readonly outgoing: readonly OutgoingRow[];
  readonly incoming: readonly IncomingRow[];
  readonly remembered: readonly string[];
  /** As `SessionStore.isUsed`. */
  readonly isUsed: boolean;
};

const noRows: StoredRows = {
  record: undefined,
  snapshot: undefined,
  wills: [],
  subscriptions: [],
  outgoing: [],
  incoming: [],
  remembered: [],
  isUsed: false,
};

export class MemorySessionStore implements SessionStore {
  /** The writes in order, by the name of their method. */
  readonly writes: string[] = [];
  readonly #wasUsed: boolean;
  #rows: Rows;

  constructor(stored: StoredRows = noRows) {
    this.#wasUsed = stored.isUsed;
    this.#rows = {
      record: stored.record,
      snapshot: stored.snapshot,
      wills: new Map(stored.wills.map((will) => [will.id, will])),
      subscriptions: new Map(stored.subscriptions.map((each) => [each.topicFilter, each])),
      outgoing: new Map(stored.outgoing.map((row) => [row.index.sequence, row])),
      incoming: new Map(stored.incoming.map((row) => [row.packetId, row])),
      remembered: new Set(stored.remembered),
    };
  }

  get stored(): StoredRows {
    const { record, snapshot, wills, subscriptions, outgoing, incoming, remembered } = this.#rows;
    return structuredClone({
      record,
      snapshot,
      wills: [...wills.values()],
      subscriptions: [...subscriptions.values()],
      outgoing: [...outgoing.values()],
      incoming: [...incoming.values()],
      remembered: [...remembered],
      isUsed: this.isUsed,
    });
  }

  get isUsed(): boolean {
    return this.#wasUsed || this.writes.length > 0;
  }

  atomically<T>(write: () => T): T {
    const [before, noted] = [copyOf(this.#rows), this.writes.length];
    try {
      return write();
    } catch (error) {
      this.#rows = before;
      this.writes.length = noted;
      throw error;
    }
  }

  readRecord(): SessionRecord | undefined {
    return structuredClone(this.#rows.record);
  }

  putRecord(record: SessionRecord): void {
    this.writes.push("putRecord");
    this.#rows.record = structuredClone(record);
  }

  wills(): StoredWill[] {
    return structuredClone([...this.#rows.wills.values()]);
  }

  putWill(will: StoredWill): void {
    this.writes.push("putWill");
    this.#rows.wills.set(will.id, structuredClone(will));
  }

  deleteWill(id: string): void {
    this.writes.push("deleteWill");
    this.#rows.wills.delete(id);
  }

  subscriptions(): TopicSubscription[] {
    return structuredClone([...this.#rows.subscriptions.values()]);
  }

  putSubscription(subscription: TopicSubscription): void {
    this.writes.push("putSubscription");
    this.#rows.subscriptions.set(subscription.topicFilter, structuredClone(subscription));
  }

  deleteSubscription(topicFilter: string): void {
    this.writes.push("deleteSubscription");
    this.#rows.subscriptions.delete(topicFilter);
  }

  outgoing(): OutgoingIndex[] {
    const rows = [...this.#rows.outgoing.values()].map(({ index }) => ({ ...index }));
    return rows.sort((one, other) => one.sequence - other.sequence);
  }

  readOutgoing(sequence: number): Delivery | undefined {
    return structuredClone(this.#rows.outgoing.get(sequence)?.delivery);
  }

  putOutgoing(messages: readonly OutgoingMessage[]): void {
    this.writes.push("putOutgoing");
    for (const { index, delivery } of messages) {
      const { sequence, qos, isReleased, bytes, expiresAtMs, isShared } = index;
      const ownIndex = { sequence, qos, isReleased, bytes, expiresAtMs, isShared };
      this.#rows.outgoing.set(sequence, { index: ownIndex, delivery: structuredClone(delivery) });
    }
  }

  releaseOutgoing(sequence: number): void {
    this.writes.push("releaseOutgoing");
    const row = this.#rows.outgoing.get(sequence);
    if (row === undefined) return;
    this.#rows.outgoing.set(sequence, { index: { ...row.index, isReleased: true }, delivery: undefined });
  }

  deleteOutgoing(sequence: number): void {
    this.writes.push("deleteOutgoing");
    this.#rows.outgoing.delete(sequence);
  }

  /** Every message has a row of its own. */
  readonly hasSharedRows = false;

  /** Every deletion is settled at once. */
  readonly isUnsettled = false;

  settleOutgoing(): void {}

  incoming(): IncomingRow[] {
    return structuredClone([...this.#rows.incoming.values()]);
  }

  putIncoming(row: IncomingRow): void {
    this.writes.push("putIncoming");
    this.#rows.incoming.set(row.packetId, structuredClone(row));
  }

  deleteIncoming(packetId: number): void {
    this.writes.push("deleteIncoming");
    this.#rows.incoming.delete(packetId);
  }

  remembersMessage(id: string): boolean {
    return this.#rows.remembered.has(id);
  }

  rememberMessage(id: string): boolean {
    this.writes.push("rememberMessage");
    if (this.#rows.remembered.has(id)) return false;
    this.#rows.remembered.add(id);
    return true;
  }

  forgetMessagesBefore(id: string): void {
    this.writes.push("forgetMessagesBefore");
    for (const remembered of this.#rows.remembered) if (remembered < id) this.#rows.remembered.delete(remembered);
  }

  readSnapshot(): string | undefined {
    return this.#rows.snapshot;
  }

  putSnapshot(snapshot: string): void {
    this.writes.push("putSnapshot");
    this.#rows.snapshot = snapshot;
  }

  /** An empty store writes nothing, and notes nothing. */
  clear(): void {
    const { record, snapshot, subscriptions, outgoing, incoming, remembered } = this.#rows;
    const tables = [subscriptions, outgoing, incoming, remembered];
    if (record === undefined && snapshot === undefined && tables.every(({ size }) => size === 0)) return;
    this.writes.push("clear");
    this.#rows.record = undefined;
    this.#rows.snapshot = undefined;
    for (const table of tables) table.clear();
  }

  deleteAll(): Promise<void> {
    this.clear();
    this.#rows.wills.clear();
    return Promise.resolve();
  }
}

/** Rows are replaced, and never changed. */
function copyOf({ record, snapshot, wills, subscriptions, outgoing, incoming, remembered }: Rows): Rows {
  return {
    record,
    snapshot,
    wills: new Map(wills),
    subscriptions: new Map(subscriptions),
    outgoing: new Map(outgoing),
    incoming: new Map(incoming),
    remembered: new Set(remembered),
  };
}
