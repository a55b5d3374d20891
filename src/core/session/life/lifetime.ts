// When a silent client is given up on, and when a session ends. MQTT 5.0 sections 3.1.2.10 and 3.1.2.11.2.

import type { Limits } from "../../limits.ts";
import type { SessionRecord } from "../session-store.ts";
import { type Connected, keepAliveDeadlineMs } from "../wire/connection.ts";
import { unheardDeadlineMs } from "../wire/unheard.ts";

/** Session Expiry Interval of a session that never expires. */
const neverExpiresSec = 0xffff_ffff;

const willLookMs = 90_000;
const soonestExpiryLookMs = 900_000;
const latestLookMs = 86_400_000;

/**
 * How soon a crash that cuts the client off must be noticed, although nobody connects and nothing is delivered. It
 * counts if the object does not watch a keep alive itself: each look costs a row.
 *
 * @param hasWill a Will has to be published
 * @param expirySec if above 0, the session's expiry has to begin. It may begin late by its own length, but always by 15
 *   minutes, and never by more than a day
 * @param isStored what a hibernation has spilled has to go
 * @returns Infinity for never
 */
export function lookAfterMsOf(hasWill: boolean, expirySec: number, isStored: boolean): number {
  if (hasWill) return willLookMs;
  if (expirySec > 0) return Math.min(Math.max(expirySec * 1000, soonestExpiryLookMs), latestLookMs);
  return isStored ? latestLookMs : Number.POSITIVE_INFINITY;
}

/** When the session ends by time; Infinity while its client is connected, or for never. */
export function sessionEndMs(record: SessionRecord | undefined): number {
  if (record === undefined || record.client.state === "connected" || record.expirySec === neverExpiresSec) {
    return Number.POSITIVE_INFINITY;
  }
  return record.client.sinceMs + record.expirySec * 1000;
}

/** The keep alive of a relayed client is watched by the Worker. */
function ownKeepAliveDeadlineMs(connected: Connected): number {
  return connected.isRelayed ? Number.POSITIVE_INFINITY : keepAliveDeadlineMs(connected);
}

/** When the client is taken for gone; Infinity for never. */
export function goneDeadlineMs(connected: Connected, limits: Limits): number {
  return Math.min(ownKeepAliveDeadlineMs(connected), unheardDeadlineMs(connected.unheard, limits));
}

/**
 * How much later than at the deadline to look: each look costs a row, more than all else that an idle client costs. The
 * longer a client has been connected, the later it is looked at: by a quarter of that time, up to the limit.
 */
function trustedMs({ connectedAtMs, lastReceivedMs }: Connected, { maximumLookDelaySec }: Limits): number {
  const trustMs = Math.max(0, lastReceivedMs - connectedAtMs) / 4;
  return Math.min(trustMs, maximumLookDelaySec * 1000);
}

/** An alarm that is late by no more than this counts as punctual. */
export const punctualMs = 1_000;

/** How closely a connection must be watched. */
export type Watch = {
  /** Others would notice a loss that is found late: a Will is due, or a shared subscription has a member too many. */
  readonly isPunctual: boolean;
  /** How long a loss may go unnoticed if nobody watches a keep alive; Infinity for ever. See `lookAfterMsOf`. */
  readonly lookAfterMs: number;
};

/** When to look whether the client is still there. */
export function livenessDeadlineMs(connected: Connected, limits: Limits, watch: Watch): number {
  const goneMs = goneDeadlineMs(connected, limits);
  const isWatched = Number.isFinite(ownKeepAliveDeadlineMs(connected));
  if (isWatched && watch.isPunctual) return goneMs;
  const lookMs = isWatched ? goneMs : Math.min(goneMs, connected.lastReceivedMs + watch.lookAfterMs);
  return lookMs + trustedMs(connected, limits);
}
