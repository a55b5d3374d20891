// A topic object's state in its SQLite.

import type { QoS } from "../../core/message/message.ts";
import { decodeSessionDelivery, encodeSessionDelivery, type SessionDelivery } from "../../core/topic/topic-request.ts";
import type {
  RetainedHolding,
  RetainedName,
  RetainedTotals,
  Subscriber,
  TopicStore,
} from "../../core/topic/topic-store.ts";
import { logError, reasonOf } from "../../platform/log.ts";
import { blob, type Migrations, Schema } from "../../platform/schema.ts";

/** A new version goes to the end. */
export const topicMigrations: Migrations = [
  {
    subscription: `CREATE TABLE subscription (client_id TEXT, topic_filter TEXT, generation TEXT, qos INTEGER,
       no_local INTEGER, retain_as_published INTEGER, subscription_identifier INTEGER,
       PRIMARY KEY (client_id, topic_filter)) WITHOUT ROWID`,
    retained: "CREATE TABLE retained (topic_name TEXT PRIMARY KEY, expires_at_ms INTEGER, message BLOB) WITHOUT ROWID",
    owed: "CREATE TABLE owed (sequence INTEGER PRIMARY KEY, client_id TEXT, delivery BLOB)",
  },
  { owed: "ALTER TABLE owed ADD COLUMN at_ms INTEGER NOT NULL DEFAULT 0" },
  // Up to here all tables were made at once.
  {},
  { retained: "ALTER TABLE retained ADD COLUMN publisher TEXT NOT NULL DEFAULT ''" },
  { subscription: "ALTER TABLE subscription ADD COLUMN holder TEXT NOT NULL DEFAULT ''" },
  { retained: "ALTER TABLE retained ADD COLUMN retained_at_ms INTEGER NOT NULL DEFAULT 0" },
];

type SubscriberRow = {
  client_id: string;
  topic_filter: string;
  generation: string;
  qos: number;
  no_local: number;
  retain_as_published: number;
  subscription_identifier: number;
  holder: string;
};

export class SqliteTopicStore implements TopicStore {
  private readonly schema: Schema;

  constructor(storage: DurableObjectStorage) {
    this.schema = new Schema(storage, topicMigrations);
  }

  subscribers(): Subscriber[] {
    return this.schema.rows<SubscriberRow>("subscription", "SELECT * FROM subscription").map((row) => ({
      clientId: row.client_id,
      topicFilter: row.topic_filter,
      generation: row.generation,
      qos: row.qos as QoS,
      noLocal: row.no_local === 1,
      retainAsPublished: row.retain_as_published === 1,
      subscriptionIdentifier: row.subscription_identifier,
      holder: row.holder,
    }));
  }

  putSubscriber(subscriber: Subscriber): void {
    this.schema.insert(
      "subscription",
      "INSERT OR REPLACE INTO subscription VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
      subscriber.clientId,
      subscriber.topicFilter,
      subscriber.generation,
      subscriber.qos,
      subscriber.noLocal ? 1 : 0,
      subscriber.retainAsPublished ? 1 : 0,
      subscriber.subscriptionIdentifier,
      subscriber.holder,
    );
  }

  deleteSubscriber(clientId: string, topicFilter: string): void {
    this.schema.change(
      "subscription",
      "DELETE FROM subscription WHERE client_id = ? AND topic_filter = ?",
      clientId,
      topicFilter,
    );
  }

  deleteSubscribers(clientId: string, generation: string): void {
    this.schema.change(
      "subscription",
      "DELETE FROM subscription WHERE client_id = ? AND generation = ?",
      clientId,
      generation,
    );
  }

  putRetained(
    topicName: string,
    message: Uint8Array,
    expiresAtMs: number,
    publisher: string,
    retainedAtMs: number,
  ): void {
    this.schema.insert(
      "retained",
      "INSERT OR REPLACE INTO retained VALUES (?, ?, ?, ?, ?)",
      topicName,
      expiresAtMs,
      blob(message),
      publisher,
      retainedAtMs,
    );
  }

  deleteRetained(topicName: string): void {
    this.schema.change("retained", "DELETE FROM retained WHERE topic_name = ?", topicName);
  }

  deleteExpiredRetained(nowMs: number): void {
    this.schema.change("retained", "DELETE FROM retained WHERE expires_at_ms > 0 AND expires_at_ms <= ?", nowMs);
  }

  readRetained(topicName: string): Uint8Array | undefined {
    type Row = { message: ArrayBuffer };
    const query = "SELECT message FROM retained WHERE topic_name = ?";
    const [row] = this.schema.rows<Row>("retained", query, topicName);
    return row === undefined ? undefined : new Uint8Array(row.message);
  }

  retainedHolding(topicName: string): RetainedHolding | undefined {
    const query = "SELECT publisher, length(message) AS bytes FROM retained WHERE topic_name = ?";
    return this.schema.rows<RetainedHolding>("retained", query, topicName)[0];
  }

  retainedNames(from: string, isAfter: boolean, most: number): RetainedName[] {
    type Row = { topic_name: string; expires_at_ms: number; publisher: string; retained_at_ms: number };
    const query = `SELECT topic_name, expires_at_ms, publisher, retained_at_ms FROM retained
      WHERE topic_name ${isAfter ? ">" : ">="} ? ORDER BY topic_name LIMIT ?`;
    return this.schema.rows<Row>("retained", query, from, most).map((row) => ({
      topicName: row.topic_name,
      expiresAtMs: row.expires_at_ms,
      publisher: row.publisher,
      retainedAtMs: row.retained_at_ms,
    }));
  }

  retainedTotals(): RetainedTotals[] {
    const query = `SELECT publisher, count(*) AS messages, sum(length(message)) AS bytes FROM retained
      GROUP BY publisher`;
    return this.schema.rows<RetainedTotals>("retained", query);
  }

  nextRetainedExpiryMs(): number {
    const query = "SELECT min(expires_at_ms) AS at_ms FROM retained WHERE expires_at_ms > 0";
    return this.schema.rows<{ at_ms: number | null }>("retained", query)[0]?.at_ms ?? Number.POSITIVE_INFINITY;
  }

  putOwed(clientId: string, delivery: SessionDelivery, isFirst: boolean, atMs: number): void {
    const sequence = isFirst ? "(SELECT coalesce(min(sequence), 1) - 1 FROM owed)" : "NULL";
    this.schema.insert(
      "owed",
      `INSERT INTO owed VALUES (${sequence}, ?, ?, ?)`,
      clientId,
      blob(encodeSessionDelivery(delivery)),
      atMs,
    );
  }

  lastOwedAtMs(): number {
    type Row = { at_ms: number };
    return this.schema.rows<Row>("owed", "SELECT coalesce(max(at_ms), 0) AS at_ms FROM owed")[0]?.at_ms ?? 0;
  }

  owedCounts(): { clientId: string; count: number }[] {
    type Row = { client_id: string; count: number };
    const query = "SELECT client_id, count(*) AS count FROM owed GROUP BY client_id";
    return this.schema.rows<Row>("owed", query).map(({ client_id, count }) => ({ clientId: client_id, count }));
  }

  owed(clientId: string, most: number): { sequence: number; delivery: SessionDelivery | undefined }[] {
    type Row = { sequence: number; delivery: ArrayBuffer };
    const query = "SELECT sequence, delivery FROM owed WHERE client_id = ? ORDER BY sequence LIMIT ?";
    const rows = this.schema.rows<Row>("owed", query, clientId, most);
    return rows.map(({ sequence, delivery }) => ({ sequence, delivery: readable(new Uint8Array(delivery)) }));
  }

  deleteOwed(sequence: number): void {
    this.schema.change("owed", "DELETE FROM owed WHERE sequence = ?", sequence);
  }
}

/** A row that cannot be read counts as none. Otherwise it would stop the object at each try to send what is owed. */
function readable(bytes: Uint8Array): SessionDelivery | undefined {
  try {
    return decodeSessionDelivery(bytes);
  } catch (error) {
    logError("an owed message cannot be read, and is dropped", { reason: reasonOf(error) });
    return undefined;
  }
}
