// A device's state in words: what the broker knows, and what the device itself says if that differs.

import type { Device, RefusalReason } from "../api/resources.ts";
import { agoText, dateText } from "../parts/formats.ts";
import type { Presence } from "./presence.ts";

/** How often pages ask, so that what they show is at most two seconds old. */
export const presenceEveryMs = 1_500;
/** How often a page asks while nobody uses it. */
export const unattendedEveryMs = 30_000;

/** The CSS class of its dot. */
export function dotOf({ connected, lastSeen }: Device): Presence {
  return connected > 0 ? "online" : lastSeen === null ? "unknown" : "offline";
}

export function seenText({ connected, lastSeen }: Device, nowMs: number): string {
  if (connected > 0) return "connected";
  return lastSeen === null ? "never" : agoText(lastSeen, nowMs);
}

const reasonTexts: Record<RefusalReason, string> = {
  "wrong-secret": "wrong token or password",
  disabled: "it is switched off",
  expired: "its credential has expired",
  "client-identifier": "its rules do not allow that client identifier",
  "session-of-another": "another device has a session with that client identifier",
  "maximum-clients": "it has all the connections that it may have",
  "too-many-logins": "too many logins have failed",
};

/** `undefined` if it has been connected since. */
export function refusalText({ lastRefused, lastSeen }: Device, nowMs: number): string | undefined {
  if (lastRefused === null || (lastSeen !== null && Date.parse(lastSeen) >= Date.parse(lastRefused.at)))
    return undefined;
  return `refused ${agoText(lastRefused.at, nowMs)}: ${reasonTextOf(lastRefused.reason)}`;
}

/** A later version of the broker may have other reasons. */
function reasonTextOf(reason: RefusalReason): string {
  return reasonTexts[reason] ?? reason;
}

/** What its status topic says, if that differs from what the broker knows. */
export function claimText({ connected }: Device, said: Presence): string | undefined {
  if (said === "unknown" || (said === "online") === connected > 0) return undefined;
  return `says ${said}`;
}

/** Why its credential lets nobody in at the moment. */
export function closedText({ enabled, expiresAt }: Device, nowMs: number): string | undefined {
  if (!enabled) return "switched off";
  return expiresAt !== null && Date.parse(expiresAt) <= nowMs ? `expired ${dateText(expiresAt)}` : undefined;
}
