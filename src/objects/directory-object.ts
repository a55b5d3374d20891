// Who is connected in a namespace. Told by the sessions, and never in the path of a message.

import { DurableObject } from "cloudflare:workers";
import { LaneReceiver } from "../core/lane/lane-receiver.ts";
import type { Report } from "../core/session/effect.ts";
import { type Migrations, Schema } from "./schema.ts";

const migrations: Migrations = [
  {
    client: `CREATE TABLE client (client_id TEXT PRIMARY KEY, is_connected INTEGER, protocol_version INTEGER,
       since_ms INTEGER) WITHOUT ROWID`,
  },
  { client: "ALTER TABLE client ADD COLUMN identity TEXT NOT NULL DEFAULT 'anonymous'" },
];

/** A session that has a client, or waits for it. */
export type Client = {
  readonly clientId: string;
  readonly isConnected: boolean;
  /** 3, 4 or 5. */
  readonly protocolVersion: number;
  /** As `Grant.identity`. */
  readonly identity: string;
  /** When it connected, or left; milliseconds since 1970. */
  readonly sinceMs: number;
};

export type ClientCounts = {
  readonly connected: number;
  /** Their session waits for them. */
  readonly sleeping: number;
};

type ClientRow = {
  client_id: string;
  is_connected: number;
  protocol_version: number;
  since_ms: number;
  identity: string;
};

export class DirectoryObject extends DurableObject<Env> {
  private readonly schema: Schema;
  private readonly receiver = new LaneReceiver<number[]>();

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.schema = new Schema(ctx.storage, migrations);
  }

  /** A batch of a session's lane, in order. */
  report(clientId: string, laneId: string, sequence: number, reports: readonly Report[]): Promise<number[]> {
    return this.receiver.receive(laneId, sequence, async () => reports.map((report) => this.note(clientId, report)));
  }

  /**
   * In the order of their identifiers.
   * @param isConnected only those whose client is connected, or only those that wait for it
   */
  clients(after: string, most: number, isConnected?: boolean): Client[] {
    const which = isConnected === undefined ? "" : `AND is_connected = ${isConnected ? 1 : 0}`;
    const query = `SELECT * FROM client WHERE client_id > ? ${which} ORDER BY client_id LIMIT ?`;
    return this.schema.rows<ClientRow>("client", query, after, most).map(clientOf);
  }

  /** Those of one identity, in the order of their identifiers. */
  clientsOf(identity: string, after: string, most: number): Client[] {
    const query = "SELECT * FROM client WHERE identity = ? AND client_id > ? ORDER BY client_id LIMIT ?";
    return this.schema.rows<ClientRow>("client", query, identity, after, most).map(clientOf);
  }

  /** How many clients of one identity are connected, but for one. */
  countOf(identity: string, exceptClientId: string): number {
    const query = `SELECT count(*) AS connected FROM client
      WHERE identity = ? AND is_connected = 1 AND client_id <> ?`;
    const [row] = this.schema.rows<{ connected: number }>("client", query, identity, exceptClientId);
    return row?.connected ?? 0;
  }

  counts(): ClientCounts {
    const query = "SELECT count(*) AS sessions, coalesce(sum(is_connected), 0) AS connected FROM client";
    const [row] = this.schema.rows<{ sessions: number; connected: number }>("client", query);
    const { sessions = 0, connected = 0 } = row ?? {};
    return { connected, sleeping: sessions - connected };
  }

  private note(clientId: string, report: Report): number {
    if (report.type === "connected") {
      const { protocolVersion, identity, atMs } = report;
      const query = "INSERT OR REPLACE INTO client VALUES (?, 1, ?, ?, ?)";
      this.schema.insert("client", query, clientId, protocolVersion, atMs, identity);
    } else if (report.isSessionKept) {
      this.schema.change(
        "client",
        "UPDATE client SET is_connected = 0, since_ms = ? WHERE client_id = ?",
        report.atMs,
        clientId,
      );
    } else {
      this.schema.change("client", "DELETE FROM client WHERE client_id = ?", clientId);
    }
    return 0;
  }
}

function clientOf(row: ClientRow): Client {
  return {
    clientId: row.client_id,
    isConnected: row.is_connected === 1,
    protocolVersion: row.protocol_version,
    identity: row.identity,
    sinceMs: row.since_ms,
  };
}
