// What the broker writes to its log: one JSON object a line, which Cloudflare's observability takes apart. Never payloads,
// topics, passwords or tokens.

import { Seldom } from "./seldom.ts";
import { storageFailureOf } from "./storage-failure.ts";

/** Where it happened, as far as that is known, and why. */
export type LogFields = {
  readonly namespace?: string | undefined;
  readonly clientId?: string | undefined;
  readonly shard?: number;
  /** Which kind of object. */
  readonly object?: string;
  /** Of a credential; how many; which operation of the API. */
  readonly id?: string;
  readonly count?: number;
  readonly operation?: string;
  /** Who holds what fills a shared limit: see `holderOf`. */
  readonly holder?: string;
  /** Who holds most, each with how much. */
  readonly largest?: readonly string[];
  readonly reason: string;
};

export function logError(event: string, fields: LogFields): void {
  console.error(JSON.stringify({ level: "error", event, ...fields }));
}

/** Nothing is broken, and whoever runs the broker should know of it. */
export function logWarning(event: string, fields: LogFields): void {
  console.warn(JSON.stringify({ level: "warning", event, ...fields }));
}

const seldom = new Seldom(20);

/** What clients bring about: each event at most 20 times a minute and isolate, so that nobody fills the log. */
export function logOfClients(event: string, { reason, ...fields }: LogFields): void {
  const leftOut = seldom.note(event, Date.now());
  if (leftOut === undefined) return;
  logWarning(event, { ...fields, reason: leftOut === 0 ? reason : `${reason} (${leftOut} more were left out before)` });
}

/** Why an object restarts: what its storage needs, or for a mistake of ours where it happened. */
export function reasonOf(error: unknown): string {
  const failure = storageFailureOf(error);
  if (failure !== undefined) return failure.line;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
