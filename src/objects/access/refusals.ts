// Why each credential was last refused. Exact in memory; the row is written at most once an hour, or once a minute if the
// reason changes, so that somebody who guesses cannot make it write much.

import type { Refusal, RefusalReason } from "../../core/access/login-refusal.ts";
import type { Schema } from "../../platform/schema.ts";

export const refusalMigration =
  "CREATE TABLE refusal (credential_id TEXT PRIMARY KEY, reason TEXT, at_ms INTEGER) WITHOUT ROWID";

const sameReasonEveryMs = 3_600_000;
const otherReasonEveryMs = 60_000;

const table = "refusal";
type Row = { credential_id: string; reason: string; at_ms: number };

export class Refusals {
  private readonly schema: Schema;
  /** By the credential's id; `undefined` until it is needed. */
  private known: Map<string, Refusal> | undefined;
  private readonly stored = new Map<string, Refusal>();
  /** Later refusals that may prove to be none, each with the client identifier of that login. */
  private readonly unsure = new Map<string, { readonly clientId: string; readonly refusal: Refusal }>();

  constructor(schema: Schema) {
    this.schema = schema;
  }

  of(id: string): Refusal | undefined {
    return this.unsure.get(id)?.refusal ?? this.sure.get(id);
  }

  note(id: string, reason: RefusalReason, atMs: number): void {
    this.unsure.delete(id);
    const refusal = { reason, atMs };
    this.sure.set(id, refusal);
    this.store(id, refusal);
  }

  /**
   * A password is compared elsewhere, and only a right one is reported. So the login counts as refused until `withdraw` is
   * called. It is certain, and is written, once the client tries again before that.
   */
  suspect(id: string, clientId: string, reason: RefusalReason, atMs: number): void {
    const before = this.unsure.get(id);
    if (before?.clientId === clientId) this.note(id, before.refusal.reason, before.refusal.atMs);
    this.unsure.set(id, { clientId, refusal: { reason, atMs } });
  }

  /** The login that was suspected is right. */
  withdraw(id: string): void {
    this.unsure.delete(id);
  }

  /** The credential is deleted. */
  forget(id: string): void {
    this.unsure.delete(id);
    this.sure.delete(id);
    if (this.stored.delete(id)) this.schema.change(table, "DELETE FROM refusal WHERE credential_id = ?", id);
  }

  private store(id: string, refusal: Refusal): void {
    const before = this.stored.get(id);
    if (before !== undefined && !isWorthARow(refusal, before)) return;
    this.schema.insert(table, "INSERT OR REPLACE INTO refusal VALUES (?, ?, ?)", id, refusal.reason, refusal.atMs);
    this.stored.set(id, refusal);
  }

  private get sure(): Map<string, Refusal> {
    if (this.known !== undefined) return this.known;
    for (const { credential_id, reason, at_ms } of this.schema.rows<Row>(table, "SELECT * FROM refusal")) {
      this.stored.set(credential_id, { reason: reason as RefusalReason, atMs: at_ms });
    }
    this.known = new Map(this.stored);
    return this.known;
  }
}

function isWorthARow(refusal: Refusal, before: Refusal): boolean {
  const everyMs = refusal.reason === before.reason ? sameReasonEveryMs : otherReasonEveryMs;
  return Math.abs(refusal.atMs - before.atMs) >= everyMs;
}
