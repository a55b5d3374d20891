// The rows of a session's outgoing messages. A row costs the same however much is in it, so QoS 1 messages that come
// together share one, and it goes when the last of them is acknowledged. In between, who is acknowledged is known in memory
// alone, until `settle`: after a crash such a message goes once more, as it may at QoS 1. A QoS 2 message has its own.

import { ByteReader, ByteWriter } from "../../core/bytes.ts";
import type { Delivery } from "../../core/message/message.ts";
import { decodeDelivery, encodeDelivery } from "../../core/message/message-codec.ts";
import { maximumMessagesPerRow, type OutgoingIndex, type OutgoingMessage } from "../../core/session/session-store.ts";
import { logError, reasonOf } from "../../platform/log.ts";
import { blob, type Schema } from "../../platform/schema.ts";

/** A row holds 2 MB at most. */
const maximumRowBytes = 1_000_000;

/** A message of a shared row: its index, and where in the row's `deliveries` it is. */
type Entry = { readonly index: OutgoingIndex; readonly start: number; readonly end: number };

/** A shared row; the first sequence is its name. */
type Batch = { readonly first: number; readonly open: Set<number> };

type SingleRow = {
  sequence: number;
  qos: number;
  is_released: number;
  bytes: number;
  expires_at_ms: number;
  is_shared: number;
};

export class OutgoingRows {
  private readonly schema: Schema;
  private readonly sql: SqlStorage;
  private readonly batches = new Map<number, Batch>();
  private readonly unsettled = new Set<Batch>();
  /** Whether `batches` has those of the disk. */
  private isLoaded = false;
  /** The content read last: what waits is read in order. */
  private lastRead:
    | { readonly first: number; readonly entries: Map<number, Entry>; deliveries: Uint8Array }
    | undefined;

  constructor(schema: Schema, sql: SqlStorage) {
    this.schema = schema;
    this.sql = sql;
  }

  /** In order of sequence. */
  all(): OutgoingIndex[] {
    this.isLoaded = true;
    const query = "SELECT sequence, qos, is_released, bytes, expires_at_ms, is_shared FROM outgoing ORDER BY sequence";
    const singles = this.schema.rows<SingleRow>("outgoing", query).map(indexOf);
    type BatchRow = { first_sequence: number; entries: ArrayBuffer };
    const batchQuery = "SELECT first_sequence, entries FROM outgoing_batch ORDER BY first_sequence";
    const shared = this.schema.rows<BatchRow>("outgoing_batch", batchQuery).flatMap(({ first_sequence, entries }) => {
      const indexes = decodeEntries(entries, first_sequence).map(({ index }) => index);
      this.open(first_sequence, indexes);
      return indexes;
    });
    return shared.length === 0 ? singles : [...singles, ...shared].sort((one, other) => one.sequence - other.sequence);
  }

  read(sequence: number): Delivery | undefined {
    const batch = this.batchOf(sequence);
    if (batch !== undefined) return this.readShared(batch, sequence);
    type Row = { delivery: ArrayBuffer | null };
    const [row] = this.schema.rows<Row>("outgoing", "SELECT delivery FROM outgoing WHERE sequence = ?", sequence);
    return row?.delivery == null ? undefined : readable(new Uint8Array(row.delivery));
  }

  /** @param messages in order of sequence */
  put(messages: readonly OutgoingMessage[]): void {
    let together: OutgoingMessage[] = [];
    let bytes = 0;
    const write = () => {
      const [first] = together;
      if (first !== undefined && together.length === 1) this.putSingle(first);
      else if (first !== undefined) this.putShared(first.index.sequence, together);
      together = [];
      bytes = 0;
    };
    for (const message of messages) {
      const { index, delivery } = message;
      const isFull = together.length === maximumMessagesPerRow || bytes + index.bytes > maximumRowBytes;
      if (isFull || index.qos === 2) write();
      if (index.qos === 2 || delivery === undefined) {
        this.putSingle(message);
      } else {
        together.push(message);
        bytes += index.bytes;
      }
    }
    write();
  }

  release(sequence: number): void {
    this.schema.change("outgoing", "UPDATE outgoing SET is_released = 1, delivery = NULL WHERE sequence = ?", sequence);
  }

  delete(sequence: number): void {
    const batch = this.batchOf(sequence);
    if (batch === undefined) {
      this.schema.change("outgoing", "DELETE FROM outgoing WHERE sequence = ?", sequence);
      return;
    }
    this.batches.delete(sequence);
    batch.open.delete(sequence);
    this.unsettled.add(batch);
    if (batch.open.size > 0) return;
    this.unsettled.delete(batch);
    this.schema.change("outgoing_batch", "DELETE FROM outgoing_batch WHERE first_sequence = ?", batch.first);
    if (this.lastRead?.first === batch.first) this.lastRead = undefined;
  }

  get hasShared(): boolean {
    return this.batches.size > 0;
  }

  /** Whether memory knows of deletions that the disk does not. */
  get isUnsettled(): boolean {
    return this.unsettled.size > 0;
  }

  /** Writes what was deleted of rows that are still needed. */
  settle(): void {
    for (const { first, open } of this.unsettled) {
      const query = "SELECT entries, length(deliveries) AS bytes FROM outgoing_batch WHERE first_sequence = ?";
      const { entries, bytes } = this.sql.exec<{ entries: ArrayBuffer; bytes: number }>(query, first).one();
      const left = decodeEntries(entries, first).filter(({ index }) => open.has(index.sequence));
      const leftBytes = left.reduce((sum, { start, end }) => sum + end - start, 0);
      // Rows take less than twice of what is counted, and none is written again for each of its messages.
      if (leftBytes * 2 < bytes) this.compact(first, left, leftBytes);
      else this.putEntries(first, left);
    }
    this.unsettled.clear();
  }

  private putEntries(first: number, entries: readonly Entry[]): void {
    const bytes = blob(encodeEntries(entries, first));
    this.schema.change(
      "outgoing_batch",
      "UPDATE outgoing_batch SET entries = ? WHERE first_sequence = ?",
      bytes,
      first,
    );
  }

  private compact(first: number, entries: readonly Entry[], bytes: number): void {
    const query = "SELECT deliveries FROM outgoing_batch WHERE first_sequence = ?";
    const { deliveries } = this.sql.exec<{ deliveries: ArrayBuffer }>(query, first).one();
    const writer = new ByteWriter(bytes);
    const moved = entries.map(({ index, start, end }): Entry => {
      const newStart = writer.length;
      writer.raw(new Uint8Array(deliveries, start, end - start));
      return { index, start: newStart, end: writer.length };
    });
    this.schema.change(
      "outgoing_batch",
      "UPDATE outgoing_batch SET entries = ?, deliveries = ? WHERE first_sequence = ?",
      blob(encodeEntries(moved, first)),
      blob(writer.finish()),
      first,
    );
    if (this.lastRead?.first === first) this.lastRead = undefined;
  }

  /** The tables were cleared. */
  forget(): void {
    this.batches.clear();
    this.unsettled.clear();
    this.lastRead = undefined;
  }

  private batchOf(sequence: number): Batch | undefined {
    if (!this.isLoaded) this.all();
    return this.batches.get(sequence);
  }

  private putSingle({ index, delivery }: OutgoingMessage): void {
    const { sequence, qos, isReleased, bytes, expiresAtMs, isShared } = index;
    this.schema.insert(
      "outgoing",
      "INSERT OR REPLACE INTO outgoing VALUES (?, ?, ?, ?, ?, ?, ?)",
      sequence,
      qos,
      isReleased ? 1 : 0,
      bytes,
      delivery === undefined ? null : blob(encodeDelivery(delivery)),
      expiresAtMs,
      isShared ? 1 : 0,
    );
  }

  private putShared(first: number, messages: readonly OutgoingMessage[]): void {
    const deliveries = new ByteWriter(messages.reduce((sum, { index }) => sum + index.bytes, 0));
    const entries = messages.map(({ index, delivery }): Entry => {
      const start = deliveries.length;
      if (delivery !== undefined) deliveries.raw(encodeDelivery(delivery));
      return { index, start, end: deliveries.length };
    });
    this.schema.insert(
      "outgoing_batch",
      "INSERT INTO outgoing_batch VALUES (?, ?, ?)",
      first,
      blob(encodeEntries(entries, first)),
      blob(deliveries.finish()),
    );
    this.open(
      first,
      messages.map(({ index }) => index),
    );
  }

  private open(first: number, indexes: readonly OutgoingIndex[]): void {
    const batch = { first, open: new Set(indexes.map(({ sequence }) => sequence)) };
    for (const sequence of batch.open) this.batches.set(sequence, batch);
  }

  private readShared({ first }: Batch, sequence: number): Delivery | undefined {
    if (this.lastRead?.first !== first) {
      type Row = { entries: ArrayBuffer; deliveries: ArrayBuffer };
      const query = "SELECT entries, deliveries FROM outgoing_batch WHERE first_sequence = ?";
      const { entries, deliveries } = this.sql.exec<Row>(query, first).one();
      const bySequence = new Map(decodeEntries(entries, first).map((entry) => [entry.index.sequence, entry]));
      this.lastRead = { first, entries: bySequence, deliveries: new Uint8Array(deliveries) };
    }
    const { entries, deliveries } = this.lastRead;
    const entry = entries.get(sequence);
    return entry && readable(deliveries.slice(entry.start, entry.end));
  }
}

/** A row that cannot be read counts as none. Otherwise it would end every connection that it would be sent over. */
function readable(bytes: Uint8Array): Delivery | undefined {
  try {
    return decodeDelivery(bytes);
  } catch (error) {
    logError("a stored message cannot be read, and is dropped", { reason: reasonOf(error) });
    return undefined;
  }
}

function indexOf({ sequence, qos, is_released, bytes, expires_at_ms, is_shared }: SingleRow): OutgoingIndex {
  return {
    sequence,
    qos: qos === 2 ? 2 : 1,
    isReleased: is_released === 1,
    bytes,
    expiresAtMs: expires_at_ms,
    isShared: is_shared === 1,
  };
}

function encodeEntries(entries: readonly Entry[], first: number): Uint8Array {
  const writer = new ByteWriter(entries.length * 24);
  for (const { index, start, end } of entries) {
    writer.varint(index.sequence - first);
    writer.varint(index.bytes);
    writer.u53(index.expiresAtMs);
    writer.u8(index.isShared ? 1 : 0);
    writer.varint(start);
    writer.varint(end);
  }
  return writer.finish();
}

function decodeEntries(bytes: ArrayBuffer, first: number): Entry[] {
  const reader = new ByteReader(new Uint8Array(bytes));
  const entries: Entry[] = [];
  while (reader.remaining > 0) {
    const sequence = first + reader.varint();
    const messageBytes = reader.varint();
    const expiresAtMs = reader.u53();
    const isShared = reader.u8() === 1;
    const index = { sequence, qos: 1, isReleased: false, bytes: messageBytes, expiresAtMs, isShared } as const;
    entries.push({ index, start: reader.varint(), end: reader.varint() });
  }
  return entries;
}
