// An object's alarm, set so that it costs no more rows than it must, and rings though the platform has given it up, or has
// another time than the object.

/**
 * How long the platform goes on trying an alarm whose handler fails: six more times, each twice as late as the one before,
 * from two seconds on. Then it gives the alarm up, and tells nobody.
 */
const triedForMs = 300_000;

export class Alarm {
  private readonly storage: DurableObjectStorage;
  /** When it is to ring, by the object's clock, in milliseconds since 1970; Infinity for never. */
  private atMs = Number.POSITIVE_INFINITY;
  /** By how much the platform's clock is taken to be ahead of the object's. */
  private leadMs = 0;

  constructor(storage: DurableObjectStorage) {
    this.storage = storage;
  }

  /** To be called while the object starts: an alarm that it had set before is still there. */
  async find(): Promise<void> {
    this.atMs = (await this.storage.getAlarm()) ?? Number.POSITIVE_INFINITY;
  }

  /**
   * To be called when it rings, before anything else. By the object's clock it may ring early: set again for the same time
   * it would ring again at once, and again, a row each time, until the object's clock is there too.
   *
   * @param scheduledMs when it was to ring, by the platform's clock; `undefined` if the platform does not say
   * @returns by how much it is late, in milliseconds; 0 if it is not
   */
  onRing(scheduledMs: number | undefined, nowMs: number): number {
    this.atMs = Number.POSITIVE_INFINITY;
    if (scheduledMs === undefined) return 0;
    const shownMs = scheduledMs - nowMs;
    const lateMs = this.leadMs - shownMs;
    // An early ring shows the least that the platform's clock can be ahead: the alarm may have been late by that clock. So
    // the lead doubles until the alarm is no longer early, and then is what the ring shows.
    this.leadMs = Math.max(0, lateMs < 0 ? Math.max(shownMs, 2 * this.leadMs) : shownMs);
    return Math.max(0, lateMs);
  }

  /** Has it ring then, or before. It is a row written: one that is early enough, and still can ring, stays as it is. */
  set(atMs: number, nowMs: number): void {
    const canRing = this.atMs > nowMs - triedForMs;
    if (!Number.isFinite(atMs) || (atMs >= this.atMs && canRing)) return;
    this.atMs = atMs;
    void this.storage.setAlarm(atMs + this.leadMs);
  }

  /** The storage is deleted, and the alarm with it. */
  onDeleted(): void {
    this.atMs = Number.POSITIVE_INFINITY;
  }
}
