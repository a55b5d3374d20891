// Which sessions the directory asks when somebody wants to know how the broker is. For their counters: few at a time, the
// longest not asked first, busy ones each time, and those that had nothing new the more rarely the longer they had not. To
// confirm that they are there: those that were not heard of for longest.

export const maximumAskedAtOnce = 50;
/** Questions that come closer together than this are served by the same answers of busy sessions. */
const busyWaitMs = 1_000;
const firstWaitMs = 10_000;
const longestWaitMs = 300_000;
/** One that does not answer is asked again after so long. */
const retryMs = 10_000;

type Turn = {
  /** When it was last asked, in milliseconds since 1970; 0 for never. */
  readonly askedAtMs: number;
  /** How long to leave it alone then. */
  readonly waitMs: number;
  /** When it last said that its client is there, in milliseconds since 1970; 0 for never. */
  readonly confirmedAtMs: number;
  /** When it was last asked to, answered or not: one that is out of reach is not asked before all others. */
  readonly triedAtMs: number;
};

/** Where it was last asked in the future, the clock has been set back. */
function isDue({ askedAtMs, waitMs }: Turn, nowMs: number): boolean {
  return nowMs >= askedAtMs + waitMs || nowMs < askedAtMs;
}

export class AskSchedule {
  private readonly turns = new Map<string, Turn>();

  /** Sessions with a client. */
  get size(): number {
    return this.turns.size;
  }

  has(clientId: string): boolean {
    return this.turns.has(clientId);
  }

  /** @param confirmedAtMs when the session itself said that its client is there; 0 for one that was listed before */
  add(clientId: string, confirmedAtMs: number): void {
    this.turns.set(clientId, { askedAtMs: 0, waitMs: 0, confirmedAtMs, triedAtMs: 0 });
  }

  delete(clientId: string): void {
    this.turns.delete(clientId);
  }

  /** Those to ask now for their counters. */
  take(nowMs: number): string[] {
    const due = [...this.turns].filter(([, turn]) => isDue(turn, nowMs));
    const asked = due.sort(([, one], [, other]) => one.askedAtMs - other.askedAtMs).slice(0, maximumAskedAtOnce);
    for (const [clientId, turn] of asked) {
      const waitMs = Math.min(Math.max(turn.waitMs * 2, firstWaitMs), longestWaitMs);
      this.turns.set(clientId, { ...turn, askedAtMs: nowMs, waitMs });
    }
    return asked.map(([clientId]) => clientId);
  }

  /** It had something new, and is asked again soon: a busy one with the next question. */
  onChanged(clientId: string, isBusy: boolean): void {
    const turn = this.turns.get(clientId);
    if (turn !== undefined) this.turns.set(clientId, { ...turn, waitMs: isBusy ? busyWaitMs : firstWaitMs });
  }

  onTried(clientId: string, nowMs: number): void {
    const turn = this.turns.get(clientId);
    if (turn !== undefined) this.turns.set(clientId, { ...turn, triedAtMs: nowMs });
  }

  onConfirmed(clientId: string, nowMs: number): void {
    const turn = this.turns.get(clientId);
    if (turn !== undefined) this.turns.set(clientId, { ...turn, confirmedAtMs: nowMs });
  }

  /** Where it was confirmed in the future, the clock has been set back since. */
  isUnconfirmed(clientId: string, sinceMs: number, nowMs: number): boolean {
    const turn = this.turns.get(clientId);
    if (turn === undefined) return false;
    const { confirmedAtMs, triedAtMs } = turn;
    if (triedAtMs > nowMs - retryMs && triedAtMs <= nowMs) return false;
    return confirmedAtMs < sinceMs || confirmedAtMs > nowMs;
  }

  /** Those that have not confirmed since then, the longest first. */
  unconfirmedSince(sinceMs: number, nowMs: number, most: number): string[] {
    return [...this.turns]
      .filter(([clientId]) => this.isUnconfirmed(clientId, sinceMs, nowMs))
      .sort(([, one], [, other]) => one.confirmedAtMs - other.confirmedAtMs)
      .slice(0, most)
      .map(([clientId]) => clientId);
  }
}
