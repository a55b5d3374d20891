// Handles clocks of two objects that differ. Data between them has times of the sender's clock, such as a message's
// expiry, which the receiver translates into its own.

/** A call that takes no longer than this shows no difference: the way takes some time, too. */
const onTheWayMs = 100;

/**
 * How far the receiver's clock is ahead, in milliseconds; below zero if it is behind. What a call takes longer than
 * usual counts as well: a message then lives as much longer, instead of expiring on its way.
 *
 * @param sentAtMs by the sender's clock; `undefined` from an object of a version that did not say
 */
export function clockSkewMs(sentAtMs: number | undefined, nowMs: number): number {
  if (sentAtMs === undefined) return 0;
  const aheadMs = nowMs - sentAtMs;
  return aheadMs >= 0 && aheadMs <= onTheWayMs ? 0 : aheadMs;
}
