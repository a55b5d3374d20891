// Notifies the sessions of an identity that its rights have changed, until all have been notified. A row on disk, written
// with the change itself, says that this remains to be done. Sessions get the present grant, so notifying them twice is harmless.

import type { Grant } from "../../core/access/grant.ts";
import { type LogFields, logError } from "../../platform/log.ts";
import type { Schema } from "../../platform/schema.ts";
import { unlistedAtMostMs } from "./recent-logins.ts";

export const revisionMigration = "CREATE TABLE revision (identity TEXT PRIMARY KEY) WITHOUT ROWID";

export type RevisionHandlers = {
  /** The present grant of the identity; `null` if it is gone or disabled. */
  readonly grantOf: (identity: string) => Grant | null;
  /** Client identifiers behind `after`, in order, at most `most`. */
  readonly clientsOf: (identity: string, after: string, most: number) => Promise<readonly string[]>;
  /** Clients that have just logged in, and may not be listed yet. */
  readonly recentClientsOf: (identity: string) => readonly string[];
  readonly notify: (clientId: string, identity: string, grant: Grant | null) => Promise<void>;
};

/** The work that is left for one identity. */
type Task = {
  /** The clients that the last round did not reach; `undefined` for all clients. */
  unreached: readonly string[] | undefined;
  /** When the change was made, or this object started; in milliseconds since 1970. */
  putAtMs: number;
  /** The clients that have been notified of the change. */
  readonly notified: Set<string>;
  /** Whether another change has come during the present round. */
  isOutdated: boolean;
  /** Whether the row is still on disk, as far as is known. */
  isOwed: boolean;
  /** Resolves when the latest round ends. Rounds follow each other: otherwise an older one could have the last word. */
  round: Promise<boolean>;
};

const table = "revision";
const notifiedAtOnce = 20;
const pageClients = 100;
/** If more clients were not reached, all sessions are notified again. */
const maximumUnreached = 1_000;

export class Revisions {
  private readonly schema: Schema;
  private readonly handlers: RevisionHandlers;
  private readonly tasks = new Map<string, Task>();

  constructor(schema: Schema, handlers: RevisionHandlers) {
    this.schema = schema;
    this.handlers = handlers;
  }

  /** To be called in the transaction of the change. Call `notify` after it. */
  put(identity: string): void {
    this.schema.insert(table, "INSERT OR IGNORE INTO revision (identity) VALUES (?)", identity);
    const task = this.taskOf(identity);
    task.isOutdated = true;
    task.isOwed = true;
    task.unreached = undefined;
    task.putAtMs = Date.now();
    task.notified.clear();
  }

  /** @returns whether all known sessions of the identity have been notified; never throws */
  notify(identity: string): Promise<boolean> {
    const task = this.taskOf(identity);
    const round = task.round
      .then(() => this.notifyRound(identity, task))
      .catch((error: unknown) => {
        logNotYet({ reason: String(error) });
        return false;
      });
    task.round = round;
    void round.then((isDone) => {
      if (isDone && task.round === round && !task.isOwed) this.tasks.delete(identity);
    });
    return round;
  }

  /** The same for all identities. */
  async notifyAll(): Promise<boolean> {
    let isDone = true;
    for (const identity of this.owed()) isDone = (await this.notify(identity)) && isDone;
    return isDone;
  }

  /** Whether any identity needs another round: see `notifyRound`. */
  get isOpen(): boolean {
    return this.owed().length > 0;
  }

  private owed(): string[] {
    const rows = this.schema.rows<{ identity: string }>(table, "SELECT identity FROM revision");
    return rows.map(({ identity }) => identity);
  }

  private taskOf(identity: string): Task {
    const task = this.tasks.get(identity) ?? {
      unreached: undefined,
      putAtMs: Date.now(),
      notified: new Set(),
      isOutdated: false,
      isOwed: true,
      round: Promise.resolve(true),
    };
    this.tasks.set(identity, task);
    return task;
  }

  /**
   * A client that logged in before this object last started may not have been listed when the change was made. Within
   * `unlistedAtMostMs` it is listed, or has asked for its grant. So the row stays on disk for that time, and then one more
   * round notifies the clients that are new.
   */
  private async notifyRound(identity: string, task: Task): Promise<boolean> {
    // A round that began after the change, and before this one, may have done all of it.
    task.isOwed = this.isOwed(identity);
    if (!task.isOwed) return true;
    task.isOutdated = false;
    const isLast = Math.abs(Date.now() - task.putAtMs) >= unlistedAtMostMs;
    const unreached = await this.notifySessions(identity, task);
    if (task.isOutdated) return false;
    if (unreached.length > 0) task.unreached = unreached.length > maximumUnreached ? undefined : unreached;
    else if (!isLast) task.unreached = undefined;
    else {
      this.schema.change(table, "DELETE FROM revision WHERE identity = ?", identity);
      task.isOwed = false;
    }
    return unreached.length === 0;
  }

  private isOwed(identity: string): boolean {
    return this.schema.rows(table, "SELECT identity FROM revision WHERE identity = ?", identity).length > 0;
  }

  /**
   * Notifies the clients that the last round did not reach, or all clients, except for those that know already.
   * @returns the clients that could not be reached
   */
  private async notifySessions(identity: string, task: Task): Promise<string[]> {
    const which = task.unreached;
    const unreached: string[] = [];
    let reason = "";
    const notify = async (clientId: string) => {
      try {
        if (task.notified.has(clientId)) return;
        await this.handlers.notify(clientId, identity, this.handlers.grantOf(identity));
        // If another change has come meanwhile, the client may not know of that.
        if (!task.isOutdated) task.notified.add(clientId);
      } catch (error) {
        unreached.push(clientId);
        reason = String(error);
      }
    };
    for await (const clientIds of which === undefined ? this.pagesOf(identity) : [which]) {
      for (let start = 0; start < clientIds.length; start += notifiedAtOnce) {
        await Promise.all(clientIds.slice(start, start + notifiedAtOnce).map(notify));
      }
    }
    if (unreached.length > 0) logNotYet({ count: unreached.length, reason });
    return unreached;
  }

  private async *pagesOf(identity: string): AsyncGenerator<readonly string[]> {
    yield this.handlers.recentClientsOf(identity);
    let after = "";
    for (;;) {
      const page = await this.handlers.clientsOf(identity, after, pageClients);
      yield page;
      const last = page.at(-1);
      if (last === undefined || page.length < pageClients) return;
      after = last;
    }
  }
}

function logNotYet(fields: LogFields): void {
  logError("a change has not reached all sessions yet", fields);
}
