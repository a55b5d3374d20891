// A session's state in its object's SQLite. Rows written are what a message costs, so there are no indexes, and
// nothing is written twice.

import { type Grant, nobodysGrant } from "../../core/access/grant.ts";
import { ByteWriter } from "../../core/bytes.ts";
import type { Delivery, QoS } from "../../core/message/message.ts";
import type { ConnectWill } from "../../core/packet/packet.ts";
import {
  type Admission,
  type IncomingRow,
  nobodysAdmission,
  type OutgoingIndex,
  type OutgoingMessage,
  recordOf,
  type SessionRecord,
  type SessionStore,
  type StoredWill,
  storedRecordOf,
  type WillStage,
} from "../../core/session/session-store.ts";
import type { TopicSubscription } from "../../core/topic/topic-request.ts";
import { utf8Decoder } from "../../core/utf8.ts";
import { blob, type Migrations, Schema } from "../../platform/schema.ts";
import { OutgoingRows } from "./outgoing-rows.ts";

/** A new version goes to the end. */
export const sessionMigrations: Migrations = [
  {
    session: `CREATE TABLE session (id INTEGER PRIMARY KEY CHECK (id = 1), generation TEXT, expiry_sec INTEGER, layout TEXT,
       is_connected INTEGER, disconnected_at_ms INTEGER, sent_through INTEGER)`,
    will: `CREATE TABLE will (id TEXT PRIMARY KEY, due_at_ms INTEGER, message_id TEXT, topic_name TEXT, payload BLOB,
       qos INTEGER, retain INTEGER, delay_sec INTEGER, message_expiry_sec INTEGER, properties BLOB) WITHOUT ROWID`,
    subscription: `CREATE TABLE subscription (topic_filter TEXT PRIMARY KEY, qos INTEGER, no_local INTEGER,
       retain_as_published INTEGER, subscription_identifier INTEGER) WITHOUT ROWID`,
    outgoing: `CREATE TABLE outgoing (sequence INTEGER PRIMARY KEY, qos INTEGER, is_released INTEGER, bytes INTEGER,
       delivery BLOB)`,
    incoming: "CREATE TABLE incoming (packet_id INTEGER PRIMARY KEY, message_id TEXT, is_received INTEGER)",
    remembered: "CREATE TABLE remembered (message_id TEXT PRIMARY KEY) WITHOUT ROWID",
    snapshot: "CREATE TABLE snapshot (part INTEGER PRIMARY KEY, bytes BLOB)",
  },
  { outgoing: "ALTER TABLE outgoing ADD COLUMN expires_at_ms INTEGER NOT NULL DEFAULT 0" },
  { outgoing: "ALTER TABLE outgoing ADD COLUMN is_shared INTEGER NOT NULL DEFAULT 0" },
  { outgoing_batch: "CREATE TABLE outgoing_batch (first_sequence INTEGER PRIMARY KEY, entries BLOB, deliveries BLOB)" },
  // Up to here all tables were made at once.
  {},
  {
    session: "ALTER TABLE session ADD COLUMN admission TEXT NOT NULL DEFAULT ''",
    will: "ALTER TABLE will ADD COLUMN access_grant TEXT NOT NULL DEFAULT ''",
  },
  { will: "ALTER TABLE will ADD COLUMN stage TEXT NOT NULL DEFAULT ''" },
  { untold: "CREATE TABLE untold (id INTEGER PRIMARY KEY CHECK (id = 1))" },
];

/** All tables except for the Wills', which outlive the session. */
const sessionTables = ["session", "subscription", "outgoing", "outgoing_batch", "incoming", "remembered", "snapshot"];

/** A row holds 2 MB at most. */
const partBytes = 1_000_000;

type RecordRow = {
  generation: string;
  expiry_sec: number;
  layout: string;
  is_connected: number;
  disconnected_at_ms: number;
  sent_through: number;
  admission: string;
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
  access_grant: string;
  /** Empty in what was stored before Wills had one. */
  stage: string;
};

type SubscriptionRow = {
  topic_filter: string;
  qos: number;
  no_local: number;
  retain_as_published: number;
  subscription_identifier: number;
};

export class SqliteSessionStore implements SessionStore {
  private readonly schema: Schema;
  private readonly outgoingRows: OutgoingRows;

  constructor(storage: DurableObjectStorage) {
    this.schema = new Schema(storage, sessionMigrations);
    this.outgoingRows = new OutgoingRows(this.schema, storage.sql);
  }

  get isUsed(): boolean {
    return this.schema.exists;
  }

  atomically<T>(write: () => T): T {
    return this.schema.atomically(write);
  }

  /** Whether the session's state must still be reported to the directory, even if it has ended. */
  get isUnreported(): boolean {
    return this.schema.rows("untold", "SELECT id FROM untold").length > 0;
  }

  putUnreported(isUnreported: boolean): void {
    if (isUnreported) this.schema.insert("untold", "INSERT OR IGNORE INTO untold VALUES (1)");
    else this.schema.change("untold", "DELETE FROM untold");
  }

  readRecord(): SessionRecord | undefined {
    const [row] = this.schema.rows<RecordRow>("session", "SELECT * FROM session");
    if (row === undefined) return undefined;
    return recordOf({
      generation: row.generation,
      expirySec: row.expiry_sec,
      layout: row.layout,
      isConnected: row.is_connected === 1,
      disconnectedAtMs: row.disconnected_at_ms,
      sentThrough: row.sent_through,
      admission: row.admission === "" ? nobodysAdmission : (JSON.parse(row.admission) as Admission),
    });
  }

  putRecord(record: SessionRecord): void {
    const { generation, expirySec, layout, isConnected, disconnectedAtMs, sentThrough, admission } =
      storedRecordOf(record);
    this.schema.insert(
      "session",
      "INSERT OR REPLACE INTO session VALUES (1, ?, ?, ?, ?, ?, ?, ?)",
      generation,
      expirySec,
      layout,
      isConnected ? 1 : 0,
      disconnectedAtMs,
      sentThrough,
      JSON.stringify(admission),
    );
  }

  wills(): StoredWill[] {
    return this.schema.rows<WillRow>("will", "SELECT * FROM will").map((row) => ({
      id: row.id,
      will: willOf(row),
      grant: row.access_grant === "" ? nobodysGrant : (JSON.parse(row.access_grant) as Grant),
      ...stageOf(row),
    }));
  }

  putWill(stored: StoredWill): void {
    const { id, will, grant, stage } = stored;
    this.schema.insert(
      "will",
      "INSERT OR REPLACE INTO will VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      id,
      stage === "held" ? null : stored.dueAtMs,
      stage === "held" ? "" : stored.messageId,
      will.topicName,
      blob(will.payload),
      will.qos,
      will.retain ? 1 : 0,
      will.delaySec,
      will.messageExpirySec ?? null,
      blob(will.properties),
      JSON.stringify(grant),
      stage,
    );
  }

  deleteWill(id: string): void {
    this.schema.change("will", "DELETE FROM will WHERE id = ?", id);
  }

  subscriptions(): TopicSubscription[] {
    return this.schema.rows<SubscriptionRow>("subscription", "SELECT * FROM subscription").map((row) => ({
      topicFilter: row.topic_filter,
      qos: row.qos as QoS,
      noLocal: row.no_local === 1,
      retainAsPublished: row.retain_as_published === 1,
      subscriptionIdentifier: row.subscription_identifier,
    }));
  }

  putSubscription(subscription: TopicSubscription): void {
    const { topicFilter, qos, noLocal, retainAsPublished, subscriptionIdentifier } = subscription;
    this.schema.insert(
      "subscription",
      "INSERT OR REPLACE INTO subscription VALUES (?, ?, ?, ?, ?)",
      topicFilter,
      qos,
      noLocal ? 1 : 0,
      retainAsPublished ? 1 : 0,
      subscriptionIdentifier,
    );
  }

  deleteSubscription(topicFilter: string): void {
    this.schema.change("subscription", "DELETE FROM subscription WHERE topic_filter = ?", topicFilter);
  }

  outgoing(): OutgoingIndex[] {
    return this.outgoingRows.all();
  }

  readOutgoing(sequence: number): Delivery | undefined {
    return this.outgoingRows.read(sequence);
  }

  putOutgoing(messages: readonly OutgoingMessage[]): void {
    this.outgoingRows.put(messages);
  }

  releaseOutgoing(sequence: number): void {
    this.outgoingRows.release(sequence);
  }

  deleteOutgoing(sequence: number): void {
    this.outgoingRows.delete(sequence);
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
    return this.schema.rows<Row>("incoming", "SELECT * FROM incoming").map((row) => ({
      packetId: row.packet_id,
      messageId: row.message_id,
      isReceived: row.is_received === 1,
    }));
  }

  putIncoming({ packetId, messageId, isReceived }: IncomingRow): void {
    this.schema.insert(
      "incoming",
      "INSERT OR REPLACE INTO incoming VALUES (?, ?, ?)",
      packetId,
      messageId,
      isReceived ? 1 : 0,
    );
  }

  deleteIncoming(packetId: number): void {
    this.schema.change("incoming", "DELETE FROM incoming WHERE packet_id = ?", packetId);
  }

  remembersMessage(id: string): boolean {
    return this.schema.rows("remembered", "SELECT 1 FROM remembered WHERE message_id = ?", id).length > 0;
  }

  rememberMessage(id: string): boolean {
    return this.schema.insert("remembered", "INSERT OR IGNORE INTO remembered VALUES (?)", id) > 0;
  }

  forgetMessagesBefore(id: string): void {
    this.schema.change("remembered", "DELETE FROM remembered WHERE message_id < ?", id);
  }

  readSnapshot(): string | undefined {
    const parts = this.schema.rows<{ bytes: ArrayBuffer }>("snapshot", "SELECT bytes FROM snapshot ORDER BY part");
    if (parts.length === 0) return undefined;
    const writer = new ByteWriter();
    for (const { bytes } of parts) writer.raw(new Uint8Array(bytes));
    return utf8Decoder.decode(writer.finish());
  }

  putSnapshot(snapshot: string): void {
    this.schema.change("snapshot", "DELETE FROM snapshot");
    const bytes = new TextEncoder().encode(snapshot);
    for (let start = 0; start < bytes.length; start += partBytes) {
      this.schema.insert(
        "snapshot",
        "INSERT INTO snapshot VALUES (?, ?)",
        start,
        blob(bytes.subarray(start, start + partBytes)),
      );
    }
  }

  clear(): void {
    for (const table of sessionTables) this.schema.change(table, `DELETE FROM ${table}`);
    this.outgoingRows.forget();
  }

  /** The session is gone: deletes the whole storage, including the alarm, if there is any. */
  async deleteAll(): Promise<void> {
    this.outgoingRows.forget();
    await this.schema.deleteAll();
  }
}

function stageOf({ stage, due_at_ms: dueAtMs, message_id: messageId, delay_sec: delaySec }: WillRow): WillStage {
  if (dueAtMs === null) return { stage: "held" };
  const isDelayed = stage === "" ? delaySec > 0 : stage === "delayed";
  return { stage: isDelayed ? "delayed" : "due", dueAtMs, messageId };
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
