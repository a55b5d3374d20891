// Chooses the sessions that the directory asks when somebody looks at the broker. For their counters it asks a few at a time,
// in the order in which they were last asked: busy ones each time, and idle ones less often the longer they have been idle.
// To confirm that their clients are connected, it asks those that have not confirmed it for longest.

export const maximumAskedAtOnce = 50;
/** Busy sessions are not asked again within this time: their last answers will do. */
const busyWaitMs = 1_000;
const firstWaitMs = 10_000;
const longestWaitMs = 300_000;
/** A session that did not answer is asked again after this time. */
const retryMs = 10_000;

type Turn = {
  /** When it was last asked, in milliseconds since 1970; 0 for never. */
  readonly askedAtMs: number;
  /** How long not to ask it again after that. */
  readonly waitMs: number;
  /** When it last confirmed that its client is connected, in milliseconds since 1970; 0 for never. */
  readonly confirmedAtMs: number;
  /** When it was last asked to confirm that, answered or not: a session out of reach must not be asked before all others. */
  readonly triedAtMs: number;
};

/** If it was last asked in the future, the clock has been set back. */
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

  /** @param confirmedAtMs when the session itself said that its client is connected; 0 if that comes from an old row */
  add(clientId: string, confirmedAtMs: number): void {
    this.turns.set(clientId, { askedAtMs: 0, waitMs: 0, confirmedAtMs, triedAtMs: 0 });
  }

  delete(clientId: string): void {
    this.turns.delete(clientId);
  }

  /** @returns the sessions to ask for their counters now */
  take(nowMs: number): string[] {
    const due = [...this.turns].filter(([, turn]) => isDue(turn, nowMs));
    const asked = due.sort(([, one], [, other]) => one.askedAtMs - other.askedAtMs).slice(0, maximumAskedAtOnce);
    for (const [clientId, turn] of asked) {
      const waitMs = Math.min(Math.max(turn.waitMs * 2, firstWaitMs), longestWaitMs);
      this.turns.set(clientId, { ...turn, askedAtMs: nowMs, waitMs });
    }
    return asked.map(([clientId]) => clientId);
  }

  /** The session had something new, so it is asked again soon; a busy one with the next question. */
  onChanged(clientId: string, isBusy: boolean): void {
    const turn = this.turns.get(clientId);
    if (turn !== undefined) this.turns.set(clientId, { ...turn, waitMs: isBusy ? busyWaitMs : firstWaitMs });
  }

  onTried(clientId: string, nowMs: number): void {
    const turn = this.turns.get(clientId);
    if (turn !== undefined) this.turns.set(clientId, { ...turn, triedAtMs: nowMs });
  }

  /** 0 if it never did, or is not connected. */
  confirmedAtMs(clientId: string): number {
    return this.turns.get(clientId)?.confirmedAtMs ?? 0;
  }

  onConfirmed(clientId: string, nowMs: number): void {
    const turn = this.turns.get(clientId);
    if (turn !== undefined) this.turns.set(clientId, { ...turn, confirmedAtMs: nowMs });
  }

  /** Whether the session should be asked to confirm. If it did so in the future, the clock has been set back since. */
  isUnconfirmed(clientId: string, sinceMs: number, nowMs: number): boolean {
    const turn = this.turns.get(clientId);
    if (turn === undefined) return false;
    const { confirmedAtMs, triedAtMs } = turn;
    if (triedAtMs > nowMs - retryMs && triedAtMs <= nowMs) return false;
    return confirmedAtMs < sinceMs || confirmedAtMs > nowMs;
  }

  /** @returns the sessions that have not confirmed since then, the longest first */
  unconfirmedSince(sinceMs: number, nowMs: number, most: number): string[] {
    return [...this.turns]
      .filter(([clientId]) => this.isUnconfirmed(clientId, sinceMs, nowMs))
      .sort(([, one], [, other]) => one.confirmedAtMs - other.confirmedAtMs)
      .slice(0, most)
      .map(([clientId]) => clientId);
  }
}
