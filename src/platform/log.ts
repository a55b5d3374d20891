// Writes the broker's log: one JSON object per line, which Cloudflare's observability can search by field. Payloads, topics,
// passwords and tokens are never logged.

import { Seldom } from "./seldom.ts";
import { storageFailureOf } from "./storage-failure.ts";

/** Where the event happened, as far as is known, and why. */
export type LogFields = {
  readonly namespace?: string | undefined;
  readonly clientId?: string | undefined;
  readonly shard?: number;
  /** The kind of object. */
  readonly object?: string;
  /** The id of a credential or an API token. */
  readonly id?: string;
  /** How often it happened, or how many are affected. */
  readonly count?: number;
  /** The operation of the API. */
  readonly operation?: string;
  /** The holder that reached a shared limit: see `holderOf`. */
  readonly holder?: string;
  /** The largest holders, each with the amount that it holds. */
  readonly largest?: readonly string[];
  readonly reason: string;
};

export function logError(event: string, fields: LogFields): void {
  console.error(JSON.stringify({ level: "error", event, ...fields }));
}

/** For an event that breaks nothing, but that the operator should know of. */
export function logWarning(event: string, fields: LogFields): void {
  console.warn(JSON.stringify({ level: "warning", event, ...fields }));
}

const seldom = new Seldom(20);

/** For events that clients cause: each at most 20 times a minute and isolate, so that nobody can fill the log. */
export function logOfClients(event: string, { reason, ...fields }: LogFields): void {
  const leftOut = seldom.note(event, Date.now());
  if (leftOut === undefined) return;
  logWarning(event, { ...fields, reason: leftOut === 0 ? reason : `${reason} (${leftOut} more were left out before)` });
}

/** Why an object restarts: what is wrong with its storage and how to fix it, or for a bug the stack. */
export function reasonOf(error: unknown): string {
  const failure = storageFailureOf(error);
  if (failure !== undefined) return failure.line;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
