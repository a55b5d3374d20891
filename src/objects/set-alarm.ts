// What an object may believe of an alarm that it has set.

/**
 * How long the platform goes on trying an alarm whose handler fails: six more times, each twice as late as the one before,
 * from two seconds on. Then it gives the alarm up, and tells nobody.
 */
const triedForMs = 300_000;

/** Whether an alarm that was set for then can still ring, as far as the object knows. */
export function isToCome(alarmAtMs: number, nowMs: number): boolean {
  return alarmAtMs > nowMs - triedForMs;
}
