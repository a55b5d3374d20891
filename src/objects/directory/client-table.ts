// The directory's rows: a client that is connected, or has a session that waits for it.

import type { Account, Counts } from "../../core/session/counters.ts";
import type { Report } from "../../core/session/effect.ts";
import type { ConnectedClient } from "../../core/session/life/whereabouts.ts";
import type { Migrations, Schema } from "../../platform/schema.ts";

/** The directory's first versions. Closed: a later version is one of its own, at the end of directory-migrations.ts. */
export const firstClientMigrations: Migrations = [
  {
    client: `CREATE TABLE client (client_id TEXT PRIMARY KEY, is_connected INTEGER, protocol_version INTEGER,
       since_ms INTEGER) WITHOUT ROWID`,
  },
  { client: "ALTER TABLE client ADD COLUMN identity TEXT NOT NULL DEFAULT 'anonymous'" },
  { client: "ALTER TABLE client ADD COLUMN queued_messages INTEGER NOT NULL DEFAULT 0" },
  { client: "ALTER TABLE client ADD COLUMN connection TEXT NOT NULL DEFAULT ''" },
  { client: "ALTER TABLE client ADD COLUMN told TEXT NOT NULL DEFAULT ''" },
  { client: "ALTER TABLE client ADD COLUMN queued_bytes INTEGER NOT NULL DEFAULT 0" },
];

/** A later version: see directory-migrations.ts. */
export const clientAddressMigration = "ALTER TABLE client ADD COLUMN address TEXT NOT NULL DEFAULT ''";

/** A session that has a client, or waits for it. */
export type Client = {
  readonly clientId: string;
  readonly isConnected: boolean;
  /** 3, 4 or 5. */
  readonly protocolVersion: number;
  /** As `Grant.identity`. */
  readonly identity: string;
  /** Where it connected from, as `ClientFacts.address`; empty if that is not known. */
  readonly address: string;
  /** When it connected, or left; milliseconds since 1970. */
  readonly sinceMs: number;
  /** What waits for a client that is away, as its session last reported: when it left, and with each power of ten since. */
  readonly queuedMessages: number;
};

/** Where the next page of clients that are away begins. */
export type AwayCursor = Pick<Client, "queuedMessages" | "clientId">;

export type ClientCounts = {
  readonly connected: number;
  /** Away, with a session that waits for them. */
  readonly sleeping: number;
};

type Row = {
  client_id: string;
  is_connected: number;
  protocol_version: number;
  since_ms: number;
  identity: string;
  address: string;
  queued_messages: number;
  connection: string;
  told: string;
};

/** The version listed for a client whose connection was never reported. */
const likelyVersion = 5;

type ReportOf<Type extends Report["type"]> = Extract<Report, { type: Type }>;

export class ClientTable {
  private readonly schema: Schema;

  constructor(schema: Schema) {
    this.schema = schema;
  }

  find(clientId: string): Client | undefined {
    const row = this.row(clientId);
    return row && clientOf(row);
  }

  /**
   * What has been counted over a connection; `undefined` if another one is the latest, or the session has ended. Then the
   * connection's account is closed, and must not be added again.
   */
  reportedCounts(clientId: string, connection: string): Readonly<Counts> | undefined {
    const row = this.row(clientId);
    return row === undefined || row.connection !== connection ? undefined : (JSON.parse(row.told) as Counts);
  }

  putReportedCounts(clientId: string, { counts }: Account): void {
    this.schema.change("client", "UPDATE client SET told = ? WHERE client_id = ?", JSON.stringify(counts), clientId);
  }

  connect(clientId: string, report: ConnectedClient, counts: Readonly<Counts>): void {
    const { protocolVersion, identity, connection, atMs, address = "" } = report;
    const query = `INSERT OR REPLACE INTO client
      (client_id, is_connected, protocol_version, since_ms, identity, connection, told, address)
      VALUES (?, 1, ?, ?, ?, ?, ?, ?)`;
    const told = JSON.stringify(counts);
    this.schema.insert("client", query, clientId, protocolVersion, atMs, identity, connection, told, address);
  }

  /**
   * The client has left, and its session waits for it.
   * @param report its `account`, if there is one, is closed and has been counted
   */
  leave(clientId: string, report: ReportOf<"disconnected">, queuedMessages: number): void {
    const { atMs, account, identity, queuedBytes = 0 } = report;
    const told = account === undefined ? null : JSON.stringify(account.counts);
    const query = `UPDATE client SET is_connected = 0, since_ms = ?, queued_messages = ?, queued_bytes = ?,
      told = coalesce(?, told), identity = coalesce(?, identity) WHERE client_id = ?`;
    this.schema.change("client", query, atMs, queuedMessages, queuedBytes, told, identity ?? null, clientId);
    if (identity === undefined || this.find(clientId) !== undefined) return;
    // The connection was never reported.
    const insert = `INSERT INTO client
      (client_id, is_connected, protocol_version, since_ms, identity, queued_messages, queued_bytes, connection, told)
      VALUES (?, 0, ?, ?, ?, ?, ?, '', '')`;
    this.schema.insert("client", insert, clientId, likelyVersion, atMs, identity, queuedMessages, queuedBytes);
  }

  putQueued(clientId: string, { messages, bytes = 0 }: ReportOf<"queued">): void {
    const query = "UPDATE client SET queued_messages = ?, queued_bytes = ? WHERE client_id = ? AND is_connected = 0";
    this.schema.change("client", query, messages, bytes, clientId);
  }

  delete(clientId: string): void {
    this.schema.change("client", "DELETE FROM client WHERE client_id = ?", clientId);
  }

  /**
   * In the order of their identifiers.
   * @param isConnected only those whose client is connected, or only those that wait for it
   */
  page(after: string, most: number, isConnected?: boolean): Client[] {
    const which = isConnected === undefined ? "" : `AND is_connected = ${isConnected ? 1 : 0}`;
    const query = `SELECT * FROM client WHERE client_id > ? ${which} ORDER BY client_id LIMIT ?`;
    return this.schema.rows<Row>("client", query, after, most).map(clientOf);
  }

  /** Clients that are away: the longest queue first, then in the order of their identifiers. */
  away(after: AwayCursor | undefined, most: number): Client[] {
    const order = "ORDER BY queued_messages DESC, client_id LIMIT ?";
    if (after === undefined) {
      const query = `SELECT * FROM client WHERE is_connected = 0 ${order}`;
      return this.schema.rows<Row>("client", query, most).map(clientOf);
    }
    const { queuedMessages, clientId } = after;
    const query = `SELECT * FROM client WHERE is_connected = 0
      AND (queued_messages < ? OR (queued_messages = ? AND client_id > ?)) ${order}`;
    return this.schema.rows<Row>("client", query, queuedMessages, queuedMessages, clientId, most).map(clientOf);
  }

  /** For every client: its identity, whether it is connected, and if not, the bytes that wait for it. */
  presence(): (Pick<Client, "clientId" | "identity" | "isConnected"> & { readonly queuedBytes: number })[] {
    type Row = { client_id: string; identity: string; is_connected: number; queued_bytes: number };
    const rows = this.schema.rows<Row>("client", "SELECT client_id, identity, is_connected, queued_bytes FROM client");
    return rows.map((row) => ({
      queuedBytes: row.queued_bytes,
      clientId: row.client_id,
      identity: row.identity,
      isConnected: row.is_connected === 1,
    }));
  }

  /** When the last client of each identity left whose session waits for it. */
  lastLeft(): { readonly identity: string; readonly leftMs: number }[] {
    const query = "SELECT identity, max(since_ms) AS left_ms FROM client WHERE is_connected = 0 GROUP BY identity";
    const rows = this.schema.rows<{ identity: string; left_ms: number }>("client", query);
    return rows.map(({ identity, left_ms }) => ({ identity, leftMs: left_ms }));
  }

  /** The connection that was listed last, even if it has ended; empty if it is not known. */
  connectionOf(clientId: string): string {
    return this.row(clientId)?.connection ?? "";
  }

  /** Messages that wait for clients that are away, as last reported by their sessions. */
  queuedMessages(): number {
    const query = "SELECT coalesce(sum(queued_messages), 0) AS messages FROM client WHERE is_connected = 0";
    return this.schema.rows<{ messages: number }>("client", query)[0]?.messages ?? 0;
  }

  private row(clientId: string): Row | undefined {
    return this.schema.rows<Row>("client", "SELECT * FROM client WHERE client_id = ?", clientId)[0];
  }
}

function clientOf(row: Row): Client {
  return {
    clientId: row.client_id,
    isConnected: row.is_connected === 1,
    protocolVersion: row.protocol_version,
    identity: row.identity,
    address: row.address,
    sinceMs: row.since_ms,
    queuedMessages: row.queued_messages,
  };
}
