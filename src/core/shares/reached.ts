// Which shared limit was reached: in words for the client, and in a few bits between objects.

import { isError } from "../packet/reason-code.ts";
import type { Shortage } from "./shared-room.ts";

/** The limits that are counted by holder. Objects send their indexes: append only, and never reorder. */
export const sharedLimits = [
  "retainedMessages",
  "retainedBytes",
  "subscriptionBytes",
  "owedMessages",
  "sessions",
  "queuedBytes",
] as const;

export type SharedLimit = (typeof sharedLimits)[number];

export type Reached = { readonly limit: SharedLimit; readonly shortage: Shortage };

const texts: Readonly<Record<SharedLimit, { readonly variable: string; readonly what: string }>> = {
  retainedMessages: { variable: "MAXIMUM_RETAINED_MESSAGES", what: "retained messages" },
  retainedBytes: { variable: "MAXIMUM_RETAINED_BYTES", what: "bytes of retained messages" },
  subscriptionBytes: { variable: "MAXIMUM_SUBSCRIPTION_BYTES", what: "memory for subscriptions" },
  owedMessages: { variable: "MAXIMUM_OWED_MESSAGES", what: "messages kept for sessions out of reach" },
  sessions: { variable: "MAXIMUM_SESSIONS", what: "sessions" },
  queuedBytes: { variable: "MAXIMUM_NAMESPACE_QUEUED_BYTES", what: "bytes that wait for clients that are away" },
};

/** The variable that sets the limit. */
export function settingOf(limit: SharedLimit): string {
  return texts[limit].variable;
}

/** One line for people. */
export function textOfReached({ limit, shortage }: Reached): string {
  const { variable, what } = texts[limit];
  return shortage === "limit"
    ? `no room: all ${what} that there may be are in use (${variable})`
    : `no room: the share that one may have of the ${what} is in use (${variable}, SHARE_PERCENT)`;
}

/**
 * An answer of a topic object: the reason code in the low byte, and above it the limit that was reached. Only a request that
 * says who asks gets such an answer: an older session would take the whole number for a reason code.
 */
export function answerOf(reasonCode: number, { limit, shortage }: Reached): number {
  const detail = 1 + 2 * sharedLimits.indexOf(limit) + (shortage === "share" ? 1 : 0);
  return (detail << 8) | reasonCode;
}

export function reasonCodeOf(answer: number): number {
  return answer & 0xff;
}

/** @returns `undefined` if the answer names no limit, or one that this version does not know */
export function reachedOf(answer: number): Reached | undefined {
  const detail = (answer >> 8) - 1;
  const limit = sharedLimits[detail >> 1];
  if (detail < 0 || limit === undefined || !isError(reasonCodeOf(answer))) return undefined;
  return { limit, shortage: detail % 2 === 1 ? "share" : "limit" };
}
