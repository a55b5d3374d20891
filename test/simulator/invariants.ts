// What must be true at every moment on the disk of the object that has just done something.

import type { Host } from "./host.ts";

export type Bounds = { readonly maximumQueuedMessages: number; readonly maximumOwedMessages: number };

/** @returns the broken invariant; `undefined` if all hold */
export function brokenInvariant({ kind, label, storage }: Host, bounds: Bounds): string | undefined {
  const count = (table: string) => storage.rows<{ count: number }>(`SELECT count(*) AS count FROM ${table}`)[0]?.count;
  if (kind === "session") {
    const queued = count("outgoing") ?? 0;
    if (queued > bounds.maximumQueuedMessages) return `${label} has ${queued} messages in its queue`;
    const records = count("session") ?? 0;
    if (records > 1) return `${label} has ${records} lives at once`;
  }
  if (kind === "topic") {
    const owed = count("owed") ?? 0;
    if (owed > bounds.maximumOwedMessages) return `${label} owes ${owed} messages`;
  }
  return undefined;
}
