// When a client of each credential was last connected. For a session that waits for its client, the client's row has it. For
// all others it is kept here, exact in memory. The row is written at most once an hour, so that a fleet that wakes often
// does not pay for it each time.

import { isCredential } from "../../core/access/credential.ts";
import type { Schema } from "../../platform/schema.ts";
import type { ClientTable } from "./client-table.ts";

export const lastSeenMigration = "CREATE TABLE last_seen (identity TEXT PRIMARY KEY, at_ms INTEGER) WITHOUT ROWID";

const everyMs = 3_600_000;

const table = "last_seen";
type Row = { identity: string; at_ms: number };

export class LastSeen {
  private readonly schema: Schema;
  private readonly clients: ClientTable;
  /** In milliseconds since 1970, by identity; `undefined` until it is needed. */
  private known: Map<string, number> | undefined;
  private readonly stored = new Map<string, number>();

  constructor(schema: Schema, clients: ClientTable) {
    this.schema = schema;
    this.clients = clients;
  }

  /** Credentials without a connected client. */
  get all(): ReadonlyMap<string, number> {
    return this.read();
  }

  /** A client has left. Its row keeps that. */
  onAway(identity: string, atMs: number): void {
    if (isCredential(identity)) this.note(identity, atMs);
  }

  /** A client has left, and its row is deleted. */
  onGone(identity: string, atMs: number): void {
    if (!isCredential(identity)) return;
    const latestMs = this.note(identity, atMs);
    const before = this.stored.get(identity);
    if (before !== undefined && latestMs - before < everyMs) return;
    this.schema.insert(table, "INSERT OR REPLACE INTO last_seen VALUES (?, ?)", identity, latestMs);
    this.stored.set(identity, latestMs);
  }

  /** The credentials are deleted. */
  forget(identities: readonly string[]): void {
    for (const identity of identities) {
      this.read().delete(identity);
      if (this.stored.delete(identity)) this.schema.change(table, "DELETE FROM last_seen WHERE identity = ?", identity);
    }
  }

  /** @returns the latest time that is known */
  private note(identity: string, atMs: number): number {
    const latestMs = Math.max(atMs, this.read().get(identity) ?? 0);
    this.read().set(identity, latestMs);
    return latestMs;
  }

  private read(): Map<string, number> {
    if (this.known !== undefined) return this.known;
    for (const { identity, at_ms } of this.schema.rows<Row>(table, "SELECT * FROM last_seen")) {
      this.stored.set(identity, at_ms);
    }
    this.known = new Map(this.stored);
    for (const { identity, leftMs } of this.clients.lastLeft()) {
      if (isCredential(identity) && leftMs > (this.known.get(identity) ?? 0)) this.known.set(identity, leftMs);
    }
    return this.known;
  }
}
