// A timer that is set and put off with every message. While the object is awake, workerd keeps some 180
// bytes of each `setTimeout` that is cleared. So nothing is cleared here: a pending timer looks whether it is still wanted.
// It also keeps the object awake, and billed, so it looks early: after a few milliseconds, then twice as late each time.
// The platform's timers count real time, so a look that comes before its time shows that the clock was set back.

const firstLookMs = 10;
const maximumLookMs = 1_000;

export class Timer {
  private readonly act: () => void;
  /** Infinity while it is off. */
  private dueMs = Number.POSITIVE_INFINITY;
  /** When the platform's next timer fires; Infinity for none. */
  private lookAtMs = Number.POSITIVE_INFINITY;
  private lookMs = firstLookMs;

  constructor(act: () => void) {
    this.act = act;
  }

  get isOn(): boolean {
    return this.dueMs !== Number.POSITIVE_INFINITY;
  }

  isDueBy(atMs: number): boolean {
    return this.dueMs <= atMs;
  }

  /** Replaces the time at which it was due before. */
  set(nowMs: number, delayMs: number): void {
    this.dueMs = nowMs + delayMs;
    if (this.lookAtMs === Number.POSITIVE_INFINITY) this.lookMs = firstLookMs;
    this.look(nowMs);
  }

  off(): void {
    this.dueMs = Number.POSITIVE_INFINITY;
  }

  private look(nowMs: number): void {
    const atMs = Math.min(this.dueMs, nowMs + this.lookMs);
    if (this.lookAtMs <= atMs) return;
    this.lookAtMs = atMs;
    setTimeout(() => {
      const lookedAtMs = Date.now();
      // Otherwise a timer that was set later comes first.
      if (this.lookAtMs === atMs) {
        this.lookAtMs = Number.POSITIVE_INFINITY;
        this.dueMs -= Math.max(0, atMs - lookedAtMs);
      }
      this.onLook(lookedAtMs);
    }, atMs - nowMs);
  }

  private onLook(nowMs: number): void {
    if (nowMs >= this.dueMs) {
      this.off();
      this.act();
    } else if (this.isOn) {
      this.lookMs = Math.min(this.lookMs * 2, maximumLookMs);
      this.look(nowMs);
    }
  }
}
