// Chooses the sessions that the directory asks when somebody looks at the broker. For their counters it asks a few at a time,
// in the order in which they were last asked. Busy sessions are asked each time, idle ones less often the longer they have
// been idle.
// To confirm that their clients are connected, it asks those that have not confirmed it for longest.

export const maximumAskedAtOnce = 50;
/** Busy sessions are not asked again within this time: their last answers will do. */
const busyWaitMs = 1_000;
const firstWaitMs = 10_000;
const longestWaitMs = 300_000;
/** A session that did not answer is asked again after this time. */
const retryMs = 10_000;

type AskRecord = {
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
function isDue({ askedAtMs, waitMs }: AskRecord, nowMs: number): boolean {
  return nowMs >= askedAtMs + waitMs || nowMs < askedAtMs;
}

export class AskSchedule {
  private readonly records = new Map<string, AskRecord>();

  /** Sessions with a client. */
  get size(): number {
    return this.records.size;
  }

  has(clientId: string): boolean {
    return this.records.has(clientId);
  }

  /** @param confirmedAtMs when the session itself said that its client is connected; 0 if that comes from an old row */
  add(clientId: string, confirmedAtMs: number): void {
    this.records.set(clientId, { askedAtMs: 0, waitMs: 0, confirmedAtMs, triedAtMs: 0 });
  }

  delete(clientId: string): void {
    this.records.delete(clientId);
  }

  /** @returns the sessions to ask for their counters now */
  take(nowMs: number): string[] {
    const due = [...this.records].filter(([, record]) => isDue(record, nowMs));
    const asked = due.sort(([, one], [, other]) => one.askedAtMs - other.askedAtMs).slice(0, maximumAskedAtOnce);
    for (const [clientId, record] of asked) {
      const waitMs = Math.min(Math.max(record.waitMs * 2, firstWaitMs), longestWaitMs);
      this.records.set(clientId, { ...record, askedAtMs: nowMs, waitMs });
    }
    return asked.map(([clientId]) => clientId);
  }

  /** The session had something new, so it is asked again soon; a busy one with the next question. */
  onChanged(clientId: string, isBusy: boolean): void {
    const record = this.records.get(clientId);
    if (record !== undefined) this.records.set(clientId, { ...record, waitMs: isBusy ? busyWaitMs : firstWaitMs });
  }

  onTried(clientId: string, nowMs: number): void {
    const record = this.records.get(clientId);
    if (record !== undefined) this.records.set(clientId, { ...record, triedAtMs: nowMs });
  }

  /** 0 if it never did, or is not connected. */
  confirmedAtMs(clientId: string): number {
    return this.records.get(clientId)?.confirmedAtMs ?? 0;
  }

  onConfirmed(clientId: string, nowMs: number): void {
    const record = this.records.get(clientId);
    if (record !== undefined) this.records.set(clientId, { ...record, confirmedAtMs: nowMs });
  }

  /** Whether the session should be asked to confirm. If it did so in the future, the clock has been set back since. */
  isUnconfirmed(clientId: string, sinceMs: number, nowMs: number): boolean {
    const record = this.records.get(clientId);
    if (record === undefined) return false;
    const { confirmedAtMs, triedAtMs } = record;
    if (triedAtMs > nowMs - retryMs && triedAtMs <= nowMs) return false;
    return confirmedAtMs < sinceMs || confirmedAtMs > nowMs;
  }

  /** @returns the sessions that have not confirmed since then, the longest first */
  unconfirmedSince(sinceMs: number, nowMs: number, most: number): string[] {
    return [...this.records]
      .filter(([clientId]) => this.isUnconfirmed(clientId, sinceMs, nowMs))
      .sort(([, one], [, other]) => one.confirmedAtMs - other.confirmedAtMs)
      .slice(0, most)
      .map(([clientId]) => clientId);
  }
}
