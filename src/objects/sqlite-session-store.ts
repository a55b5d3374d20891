// A session's state in its object's SQLite. Rows written are what a message costs, so there are no indexes, and
// nothing is written twice.

import { ByteWriter } from "../core/bytes.ts";
import type { Delivery, QoS } from "../core/message/message.ts";
import type { ConnectWill } from "../core/packet/packet.ts";
import type {
  IncomingRow,
  OutgoingIndex,
  OutgoingMessage,
  SessionRecord,
  SessionStore,
  StoredWill,
} from "../core/session/session-store.ts";
import type { TopicSubscription } from "../core/topic/topic-request.ts";
import { OutgoingRows } from "./outgoing-rows.ts";
import { blob, type Migrations, rows, Schema } from "./schema.ts";

const migrations: Migrations = [
  [
    `CREATE TABLE session (id INTEGER PRIMARY KEY CHECK (id = 1), generation TEXT, expiry_sec INTEGER, layout TEXT,
       is_connected INTEGER, disconnected_at_ms INTEGER, sent_through INTEGER)`,
    `CREATE TABLE will (id TEXT PRIMARY KEY, due_at_ms INTEGER, message_id TEXT, topic_name TEXT, payload BLOB,
       qos INTEGER, retain INTEGER, delay_sec INTEGER, message_expiry_sec INTEGER, properties BLOB) WITHOUT ROWID`,
    `CREATE TABLE subscription (topic_filter TEXT PRIMARY KEY, qos INTEGER, no_local INTEGER,
       retain_as_published INTEGER, subscription_identifier INTEGER) WITHOUT ROWID`,
    `CREATE TABLE outgoing (sequence INTEGER PRIMARY KEY, qos INTEGER, is_released INTEGER, bytes INTEGER,
       delivery BLOB)`,
    "CREATE TABLE incoming (packet_id INTEGER PRIMARY KEY, message_id TEXT, is_received INTEGER)",
    "CREATE TABLE remembered (message_id TEXT PRIMARY KEY) WITHOUT ROWID",
    "CREATE TABLE snapshot (part INTEGER PRIMARY KEY, bytes BLOB)",
  ],
  ["ALTER TABLE outgoing ADD COLUMN expires_at_ms INTEGER NOT NULL DEFAULT 0"],
  ["ALTER TABLE outgoing ADD COLUMN is_shared INTEGER NOT NULL DEFAULT 0"],
  ["CREATE TABLE outgoing_batch (first_sequence INTEGER PRIMARY KEY, entries BLOB, deliveries BLOB)"],
];

/** A row holds 2 MB at most. */
const partBytes = 1_000_000;

type RecordRow = {
  generation: string;
  expiry_sec: number;
  layout: string;
  is_connected: number;
  disconnected_at_ms: number;
  sent_through: number;
};

type WillRow = {
  id: string;
  due_at_ms: number | null;
  message_id: string;
  topic_name: string;
  payload: ArrayBuffer;
  qos: number;
  retain: number;
  delay_sec: number;
  message_expiry_sec: number | null;
  properties: ArrayBuffer;
};

type SubscriptionRow = {
  topic_filter: string;
  qos: number;
  no_local: number;
  retain_as_published: number;
  subscription_identifier: number;
};

export class SqliteSessionStore implements SessionStore {
  private readonly storage: DurableObjectStorage;
  private readonly sql: SqlStorage;
  private readonly schema: Schema;
  private readonly outgoingRows: OutgoingRows;

  constructor(storage: DurableObjectStorage) {
    this.storage = storage;
    this.sql = storage.sql;
    this.schema = new Schema(storage, migrations);
    this.outgoingRows = new OutgoingRows(this.schema, this.sql);
  }

  get isUsed(): boolean {
    return this.schema.exists;
  }

  atomically<T>(write: () => T): T {
    this.schema.ensure();
    return this.storage.transactionSync(write);
  }

  readRecord(): SessionRecord | undefined {
    const [row] = rows<RecordRow>(this.schema, this.sql, "SELECT * FROM session");
    if (row === undefined) return undefined;
    return {
      generation: row.generation,
      expirySec: row.expiry_sec,
      layout: row.layout,
      isConnected: row.is_connected === 1,
      disconnectedAtMs: row.disconnected_at_ms,
      sentThrough: row.sent_through,
    };
  }

  putRecord(record: SessionRecord): void {
    const { generation, expirySec, layout, isConnected, disconnectedAtMs, sentThrough } = record;
    this.write(
      "INSERT OR REPLACE INTO session VALUES (1, ?, ?, ?, ?, ?, ?)",
      generation,
      expirySec,
      layout,
      isConnected ? 1 : 0,
      disconnectedAtMs,
      sentThrough,
    );
  }

  wills(): StoredWill[] {
    return rows<WillRow>(this.schema, this.sql, "SELECT * FROM will").map((row) => ({
      id: row.id,
      will: willOf(row),
      dueAtMs: row.due_at_ms ?? undefined,
      messageId: row.message_id,
    }));
  }

  putWill({ id, will, dueAtMs, messageId }: StoredWill): void {
    this.write(
      "INSERT OR REPLACE INTO will VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      id,
      dueAtMs ?? null,
      messageId,
      will.topicName,
      blob(will.payload),
      will.qos,
      will.retain ? 1 : 0,
      will.delaySec,
      will.messageExpirySec ?? null,
      blob(will.properties),
    );
  }

  deleteWill(id: string): void {
    this.write("DELETE FROM will WHERE id = ?", id);
  }

  subscriptions(): TopicSubscription[] {
    return rows<SubscriptionRow>(this.schema, this.sql, "SELECT * FROM subscription").map((row) => ({
      topicFilter: row.topic_filter,
      qos: row.qos as QoS,
      noLocal: row.no_local === 1,
      retainAsPublished: row.retain_as_published === 1,
      subscriptionIdentifier: row.subscription_identifier,
    }));
  }

  putSubscription(subscription: TopicSubscription): void {
    const { topicFilter, qos, noLocal, retainAsPublished, subscriptionIdentifier } = subscription;
    this.write(
      "INSERT OR REPLACE INTO subscription VALUES (?, ?, ?, ?, ?)",
      topicFilter,
      qos,
      noLocal ? 1 : 0,
      retainAsPublished ? 1 : 0,
      subscriptionIdentifier,
    );
  }

  deleteSubscription(topicFilter: string): void {
    this.write("DELETE FROM subscription WHERE topic_filter = ?", topicFilter);
  }

  outgoing(): OutgoingIndex[] {
    return this.outgoingRows.all();
  }

  readOutgoing(sequence: number): Delivery | undefined {
    return this.outgoingRows.read(sequence);
  }

  putOutgoing(messages: readonly OutgoingMessage[]): void {
    this.schema.ensure();
    this.outgoingRows.put(messages);
  }

  releaseOutgoing(sequence: number): void {
    if (this.schema.exists) this.outgoingRows.release(sequence);
  }

  deleteOutgoing(sequence: number): void {
    if (this.schema.exists) this.outgoingRows.delete(sequence);
  }

  get hasSharedRows(): boolean {
    return this.outgoingRows.hasShared;
  }

  get isUnsettled(): boolean {
    return this.outgoingRows.isUnsettled;
  }

  settleOutgoing(): void {
    this.outgoingRows.settle();
  }

  incoming(): IncomingRow[] {
    type Row = { packet_id: number; message_id: string; is_received: number };
    return rows<Row>(this.schema, this.sql, "SELECT * FROM incoming").map((row) => ({
      packetId: row.packet_id,
      messageId: row.message_id,
      isReceived: row.is_received === 1,
    }));
  }

  putIncoming({ packetId, messageId, isReceived }: IncomingRow): void {
    this.write("INSERT OR REPLACE INTO incoming VALUES (?, ?, ?)", packetId, messageId, isReceived ? 1 : 0);
  }

  deleteIncoming(packetId: number): void {
    this.write("DELETE FROM incoming WHERE packet_id = ?", packetId);
  }

  remembersMessage(id: string): boolean {
    return rows(this.schema, this.sql, "SELECT 1 FROM remembered WHERE message_id = ?", id).length > 0;
  }

  rememberMessage(id: string): boolean {
    return this.write("INSERT OR IGNORE INTO remembered VALUES (?)", id).rowsWritten > 0;
  }

  forgetMessagesBefore(id: string): void {
    this.write("DELETE FROM remembered WHERE message_id < ?", id);
  }

  readSnapshot(): string | undefined {
    const parts = rows<{ bytes: ArrayBuffer }>(this.schema, this.sql, "SELECT bytes FROM snapshot ORDER BY part");
    if (parts.length === 0) return undefined;
    const writer = new ByteWriter();
    for (const { bytes } of parts) writer.raw(new Uint8Array(bytes));
    return new TextDecoder("utf-8").decode(writer.finish());
  }

  putSnapshot(snapshot: string): void {
    this.write("DELETE FROM snapshot");
    const bytes = new TextEncoder().encode(snapshot);
    for (let start = 0; start < bytes.length; start += partBytes) {
      this.write("INSERT INTO snapshot VALUES (?, ?)", start, blob(bytes.subarray(start, start + partBytes)));
    }
  }

  clear(): void {
    if (!this.schema.exists) return;
    for (const table of [
      "session",
      "subscription",
      "outgoing",
      "outgoing_batch",
      "incoming",
      "remembered",
      "snapshot",
    ]) {
      this.sql.exec(`DELETE FROM ${table}`);
    }
    this.outgoingRows.forget();
  }

  /** The session is gone: its storage goes as a whole, alarm included. Nothing where there is none. */
  async deleteAll(): Promise<void> {
    if (!this.schema.exists) return;
    this.schema.forget();
    this.outgoingRows.forget();
    await this.storage.deleteAll();
  }

  private write(query: string, ...bindings: SqlStorageValue[]): SqlStorageCursor<Record<string, SqlStorageValue>> {
    this.schema.ensure();
    return this.sql.exec(query, ...bindings);
  }
}

function willOf(row: WillRow): ConnectWill {
  return {
    topicName: row.topic_name,
    payload: new Uint8Array(row.payload),
    qos: row.qos as QoS,
    retain: row.retain === 1,
    delaySec: row.delay_sec,
    messageExpirySec: row.message_expiry_sec ?? undefined,
    properties: new Uint8Array(row.properties),
  };
}
