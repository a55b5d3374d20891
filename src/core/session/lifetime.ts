// When a silent client is given up on, and when a session ends. MQTT 5.0 sections 3.1.2.10 and 3.1.2.11.2.

import { type Connected, keepAliveDeadlineMs } from "./connection.ts";
import type { SessionRecord } from "./session-store.ts";

/** Session Expiry Interval of a session that never expires. */
export const neverExpiresSec = 0xffff_ffff;

/** How often an object looks after a client that has no keep alive. */
const unwatchedMs = 900_000;

/** When the session ends by time; Infinity while its client is connected, or for never. */
export function sessionEndMs(record: SessionRecord | undefined): number {
  if (record === undefined || record.isConnected || record.expirySec === neverExpiresSec) {
    return Number.POSITIVE_INFINITY;
  }
  return record.disconnectedAtMs + record.expirySec * 1000;
}

/**
 * When to look whether the client is still there.
 * @param mustBeMissed a crash that cuts it off must not go unnoticed, though somebody else watches the keep alive
 */
export function livenessDeadlineMs(connected: Connected, mustBeMissed: boolean): number {
  const keepAlive = keepAliveDeadlineMs(connected);
  if (!connected.isRelayed && Number.isFinite(keepAlive)) return keepAlive;
  return mustBeMissed ? Math.min(keepAlive, connected.lastReceivedMs + unwatchedMs) : Number.POSITIVE_INFINITY;
}
