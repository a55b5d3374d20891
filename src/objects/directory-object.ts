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
];

/** A session that has a client, or waits for it. */
export type Client = {
  readonly clientId: string;
  readonly isConnected: boolean;
  /** 3, 4 or 5. */
  readonly protocolVersion: number;
  /** When it connected, or left; milliseconds since 1970. */
  readonly sinceMs: number;
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

  /** In the order of their identifiers. */
  clients(after: string, most: number): Client[] {
    type Row = { client_id: string; is_connected: number; protocol_version: number; since_ms: number };
    const query = "SELECT * FROM client WHERE client_id > ? ORDER BY client_id LIMIT ?";
    return this.schema.rows<Row>("client", query, after, most).map((row) => ({
      clientId: row.client_id,
      isConnected: row.is_connected === 1,
      protocolVersion: row.protocol_version,
      sinceMs: row.since_ms,
    }));
  }

  private note(clientId: string, report: Report): number {
    if (report.type === "connected") {
      const { protocolVersion, atMs } = report;
      this.schema.insert(
        "client",
        "INSERT OR REPLACE INTO client VALUES (?, 1, ?, ?)",
        clientId,
        protocolVersion,
        atMs,
      );
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
