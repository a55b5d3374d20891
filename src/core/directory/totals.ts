// What has happened in a namespace since its directory first heard of a session. It is as much as the sessions have reported.

import { type Counts, noCounts } from "../session/counters.ts";

export type Totals = {
  readonly counts: Readonly<Counts>;
  /** Sessions that ended by their expiry. */
  readonly expiredClients: number;
  /** The most clients that were listed as connected at the same time. */
  readonly maximumClients: number;
  /** When counting began, in milliseconds since 1970. */
  readonly sinceMs: number;
};

export function noTotals(nowMs: number): Totals {
  return { counts: noCounts, expiredClients: 0, maximumClients: 0, sinceMs: nowMs };
}
