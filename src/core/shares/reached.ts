// Which shared limit was reached: said to the client in words, and between objects in a few bits.

import { isError } from "../packet/reason-code.ts";
import type { Shortage } from "./shared-room.ts";

/** The limits that are counted by holder. They travel as numbers: append, and leave the order. */
const sharedLimits = [
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

/** One line for people. */
export function textOfReached({ limit, shortage }: Reached): string {
  const { variable, what } = texts[limit];
  return shortage === "limit"
    ? `no room: all ${what} that there may be are in use (${variable})`
    : `no room: the share that one may have of the ${what} is in use (${variable}, SHARE_PERCENT)`;
}

/**
 * An answer of a topic object: a reason code in its low byte, and above it which limit was reached. Only a request that
 * says who asks is answered so: an older session takes the whole number for the reason code.
 */
export function answerOf(reasonCode: number, { limit, shortage }: Reached): number {
  const detail = 1 + 2 * sharedLimits.indexOf(limit) + (shortage === "share" ? 1 : 0);
  return (detail << 8) | reasonCode;
}

export function reasonCodeOf(answer: number): number {
  return answer & 0xff;
}

/** `undefined` where the answer names no limit, or one that this version does not know. */
export function reachedOf(answer: number): Reached | undefined {
  const detail = (answer >> 8) - 1;
  const limit = sharedLimits[detail >> 1];
  if (detail < 0 || limit === undefined || !isError(reasonCodeOf(answer))) return undefined;
  return { limit, shortage: detail % 2 === 1 ? "share" : "limit" };
}
