// Tells every session of an identity that what it may do has changed, until all have heard it: what is still to be told
// is on disk, written with the change itself.

import type { Revision } from "../core/access/revision.ts";
import { logError } from "../log.ts";
import type { Schema } from "./schema.ts";

export const revisionMigration = `CREATE TABLE revision (identity TEXT PRIMARY KEY, must_log_in_again INTEGER)
  WITHOUT ROWID`;

export type RevisionHandlers = {
  /** What the identity may do now. */
  readonly revisionOf: (identity: string, mustLogInAgain: boolean) => Revision;
  /** Client identifiers behind `after`, in order, so many at most. */
  readonly clientsOf: (identity: string, after: string, most: number) => Promise<readonly string[]>;
  /** Those that have logged in just now, and may be nowhere else yet. */
  readonly recentClientsOf: (identity: string) => readonly string[];
  readonly tell: (clientId: string, identity: string, revision: Revision) => Promise<void>;
};

type Row = { identity: string; must_log_in_again: number };

const table = "revision";
const toldAtOnce = 20;
const pageClients = 100;

export class Revisions {
  private readonly schema: Schema;
  private readonly handlers: RevisionHandlers;

  constructor(schema: Schema, handlers: RevisionHandlers) {
    this.schema = schema;
    this.handlers = handlers;
  }

  /** To be written together with the change; `tellAll` follows. */
  put(identity: string, mustLogInAgain: boolean): void {
    const query = `INSERT INTO revision VALUES (?, ?) ON CONFLICT (identity)
      DO UPDATE SET must_log_in_again = max(must_log_in_again, excluded.must_log_in_again)`;
    this.schema.insert(table, query, identity, mustLogInAgain ? 1 : 0);
  }

  /** @returns whether all have heard all */
  async tellAll(): Promise<boolean> {
    let isDone = true;
    for (const { identity, must_log_in_again } of this.schema.rows<Row>(table, "SELECT * FROM revision")) {
      const revision = this.handlers.revisionOf(identity, must_log_in_again === 1);
      const isTold = await this.tellSessions(identity, revision).catch((error: unknown) => {
        logError("a change could not be told to all sessions yet", { reason: String(error) });
        return false;
      });
      // One that came meanwhile has still to be told.
      const isLatest =
        JSON.stringify(this.handlers.revisionOf(identity, must_log_in_again === 1)) === JSON.stringify(revision);
      if (isTold && isLatest) this.schema.change(table, "DELETE FROM revision WHERE identity = ?", identity);
      else isDone = false;
    }
    return isDone;
  }

  private async tellSessions(identity: string, revision: Revision): Promise<boolean> {
    await this.tellEach(this.handlers.recentClientsOf(identity), identity, revision);
    let after = "";
    for (;;) {
      const clientIds = await this.handlers.clientsOf(identity, after, pageClients);
      await this.tellEach(clientIds, identity, revision);
      const last = clientIds.at(-1);
      if (last === undefined || clientIds.length < pageClients) return true;
      after = last;
    }
  }

  private async tellEach(clientIds: readonly string[], identity: string, revision: Revision): Promise<void> {
    for (let start = 0; start < clientIds.length; start += toldAtOnce) {
      const some = clientIds.slice(start, start + toldAtOnce);
      await Promise.all(some.map((clientId) => this.handlers.tell(clientId, identity, revision)));
    }
  }
}
