// Logs that a shared limit was reached: who reached it, and who uses most of it.

import { textOfReached } from "../core/shares/reached.ts";
import type { ReachedNote } from "../core/shares/reached-notes.ts";
import { logWarning } from "./log.ts";

/** @param where the object that counts the limit */
export function logReached(notes: readonly ReachedNote[], where: { namespace: string; shard?: number }): void {
  for (const { holder, count, largest, ...reached } of notes) {
    logWarning("a shared limit is reached", {
      ...where,
      holder,
      count,
      largest: largest.map((one) => `${one.holder} ${one.amount}`),
      reason: textOfReached(reached),
    });
  }
}
