// Time: what is due when an alarm rings, and when the next one has to. MQTT 5.0 sections 3.1.2.10 and 3.1.2.11.2.

import { ReasonCode } from "../../packet/reason-code.ts";
import type { Parts } from "../parts.ts";
import { disconnect } from "./ending.ts";
import { goneDeadlineMs, livenessDeadlineMs, punctualMs } from "./lifetime.ts";

/** @param lateMs see the event "alarm" */
export function onAlarm(parts: Parts, lateMs: number): void {
  const { state } = parts;
  checkClient(parts, lateMs);
  state.endIfExpired();
  state.wills.publishDue();
  state.registerIfDue();
}

/** Whether the client is still there, and may be. */
function checkClient(parts: Parts, lateMs: number): void {
  const { context, connections, state } = parts;
  const { nowMs } = context;
  const { limits } = context.settings;
  const { current } = connections;
  if (current === undefined) return;
  if (lateMs > punctualMs) current.lastReceivedMs = Math.min(nowMs, current.lastReceivedMs + lateMs);
  if (state.grantEndMs <= nowMs) {
    disconnect(parts, current, ReasonCode.NotAuthorized, "what the client has shown has expired");
  } else if (goneDeadlineMs(current, limits) <= nowMs) {
    context.warn("a client fell silent", "nothing came for 1.5 times its keep alive");
    disconnect(parts, current, ReasonCode.KeepAliveTimeout, "nothing came for 1.5 times the keep alive");
  } else if (livenessDeadlineMs(current, limits, state.watch) <= nowMs) {
    // The keep alive is not watched here, but by the Worker or by nobody. An open socket counts as a client.
    current.lastReceivedMs = nowMs;
  }
}

/**
 * Finds a set clock or a late alarm: the client was last heard in the future, or the time to check on it has passed
 * without an alarm. The wait for the client then begins again.
 */
export function heedClock({ context, connections, state }: Parts): void {
  const { nowMs, settings } = context;
  const { current } = connections;
  if (current === undefined) return;
  const isMissed = livenessDeadlineMs(current, settings.limits, state.watch) < nowMs - punctualMs;
  if (isMissed || current.lastReceivedMs > nowMs) current.lastReceivedMs = nowMs;
  const { fullSinceMs } = current.unheard;
  if (fullSinceMs > nowMs) current.unheard = { ...current.unheard, fullSinceMs: nowMs };
}

/** When the next alarm has to ring, in milliseconds since 1970; Infinity for never. */
export function nextDeadlineMs({ context, connections, state }: Parts): number {
  const { current } = connections;
  const { endMs, grantEndMs, wills, watch, registrationDueMs } = state;
  const ownMs = Math.min(wills.nextDeadlineMs(), registrationDueMs);
  if (current === undefined) return Math.min(endMs, ownMs);
  return Math.min(livenessDeadlineMs(current, context.settings.limits, watch), grantEndMs, ownMs);
}
