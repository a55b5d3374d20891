// An object's alarm. It writes no more rows than it must, and rings even if the platform has given it up, or if the
// platform's clock differs from the object's.

/**
 * How long the platform retries an alarm whose handler fails: six times, after two seconds first and then twice as long each
 * time. Then it gives the alarm up silently.
 */
const triedForMs = 300_000;

export class Alarm {
  private readonly storage: DurableObjectStorage;
  /** When the alarm should ring, by the object's clock, in milliseconds since 1970; Infinity for never. */
  private atMs = Number.POSITIVE_INFINITY;
  /** How far the platform's clock seems to be ahead of the object's, in milliseconds. */
  private leadMs = 0;

  constructor(storage: DurableObjectStorage) {
    this.storage = storage;
  }

  /** To be called while the object starts. An alarm from before is still set. */
  async find(): Promise<void> {
    this.atMs = (await this.storage.getAlarm()) ?? Number.POSITIVE_INFINITY;
  }

  /** Whether the alarm will ring, as far as is known. */
  get isSet(): boolean {
    return this.atMs !== Number.POSITIVE_INFINITY;
  }

  /**
   * To be called first when the alarm rings. By the object's clock it may ring early. If it were set for the same time again,
   * it would ring at once, and again, each time for a row, until the object's clock gets there too.
   *
   * @param scheduledMs the time it was set for, by the platform's clock; `undefined` if the platform does not say
   * @returns how late it is, in milliseconds; 0 if it is not late
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

  /** Makes the alarm ring at this time, or earlier. Setting it writes a row, so an alarm that rings early enough is kept. */
  set(atMs: number, nowMs: number): void {
    const canRing = this.atMs > nowMs - triedForMs;
    if (!Number.isFinite(atMs) || (atMs >= this.atMs && canRing)) return;
    this.atMs = atMs;
    void this.storage.setAlarm(atMs + this.leadMs);
  }

  /** Makes the alarm ring at this time, whether it was to ring earlier, later or never. Always writes a row. */
  async move(atMs: number): Promise<void> {
    this.atMs = atMs;
    await this.storage.setAlarm(atMs);
  }

  /** To be called when the storage, and the alarm with it, has been deleted. */
  onDeleted(): void {
    this.atMs = Number.POSITIVE_INFINITY;
  }
}
