// The broker's rates per second. Sessions are asked at different times, some of them rarely. A session's rate is what it has
// counted since it was last asked, divided by the time since then. The broker's rate is the sum of its sessions' rates.

import { type Counts, increaseOf, noCounts, rounded, scaled, sumOf } from "../session/counters.ts";

type Known = { readonly atMs: number; readonly perSec: Readonly<Counts> };

/** Rates are read in thousandths: sums of fractions leave remainders such as 1e-16. */
const perUnit = 1_000;
/** Answers that are closer together say too little. */
const leastMs = 500;

export class RateTable {
  private readonly ofClients = new Map<string, Known>();
  private total: Readonly<Counts> = noCounts;
  /** Counts of connections that have ended since the rates were last read. */
  private ended: Readonly<Counts> = noCounts;
  private readAtMs = 0;

  /** A connection begins: what it counts happens from now on. */
  onConnected(clientId: string, nowMs: number): void {
    this.put(clientId, { atMs: nowMs, perSec: noCounts });
  }

  /** @param increase since the session was last asked, or connected; over unknown time if this object started later */
  onCounted(clientId: string, increase: Readonly<Counts>, nowMs: number): void {
    const last = this.ofClients.get(clientId);
    const elapsedMs = nowMs - (last?.atMs ?? nowMs);
    const isLongEnough = elapsedMs >= leastMs;
    this.put(clientId, {
      atMs: nowMs,
      perSec: isLongEnough ? scaled(increase, 1000 / elapsedMs) : (last?.perSec ?? noCounts),
    });
  }

  onLeft(clientId: string, increase: Readonly<Counts>): void {
    this.ended = sumOf(this.ended, increase);
    const last = this.ofClients.get(clientId);
    if (last === undefined) return;
    this.total = increaseOf(this.total, last.perSec);
    this.ofClients.delete(clientId);
  }

  /** @returns each rate per second */
  read(nowMs: number): Readonly<Counts> {
    const elapsedMs = Math.max(1_000, nowMs - this.readAtMs);
    const rates = this.readAtMs === 0 ? this.total : sumOf(this.total, scaled(this.ended, 1000 / elapsedMs));
    this.ended = noCounts;
    this.readAtMs = nowMs;
    return rounded(rates, perUnit);
  }

  private put(clientId: string, known: Known): void {
    const last = this.ofClients.get(clientId)?.perSec ?? noCounts;
    this.total = sumOf(increaseOf(this.total, last), known.perSec);
    this.ofClients.set(clientId, known);
  }
}
