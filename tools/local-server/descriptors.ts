// Counts the file descriptors that the processes of the local server have left. If workerd has none for a connection
// that it accepts, it crashes and disconnects all clients. So whoever accepts connections asks here first.

import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";

/** Descriptors that a connection may use in one process: the socket, and the three files of a session object. */
const perConnection = 4;
/** Descriptors kept for everything else: topic objects, files of the dashboard, sessions that wake. */
const reservedShare = 1 / 8;
const minimumReserved = 64;
/** Counting is slow when there are many descriptors. */
const countEveryMs = 100;
const countShareOfTime = 1 / 20;

export class Descriptors {
  /** The most descriptors that one process may have open. */
  readonly limit: number;
  readonly #processIds: () => readonly number[];
  #used = 0;
  #nextCountAtMs = 0;

  /** @param processIds the processes that open a descriptor for each connection */
  constructor(processIds: () => readonly number[], limit = limitOfThisProcess()) {
    this.limit = limit;
    this.#processIds = processIds;
  }

  /** Descriptors of one process that connections may use. */
  get room(): number {
    return this.limit - Math.max(minimumReserved, Math.floor(this.limit * reservedShare));
  }

  /** The last count, plus what connections may have opened since. */
  get used(): number {
    return this.#used;
  }

  /** @returns whether there is room for another connection, which is then counted */
  take(): boolean {
    const nowMs = performance.now();
    if (nowMs >= this.#nextCountAtMs) this.#count(nowMs);
    if (this.#used + perConnection > this.room) return false;
    this.#used += perConnection;
    return true;
  }

  #count(nowMs: number): void {
    this.#used = Math.max(0, ...this.#processIds().map(openDescriptors));
    const tookMs = performance.now() - nowMs;
    this.#nextCountAtMs = nowMs + Math.max(countEveryMs, tookMs / countShareOfTime);
  }
}

function openDescriptors(processId: number): number {
  try {
    return readdirSync(`/proc/${processId}/fd`).length;
  } catch {
    // The process has just ended, or this is not Linux. The count is unknown, so no connection is refused.
    return 0;
  }
}

/** Node.js has raised its own limit as far as it may, and the processes that it starts inherit it. */
function limitOfThisProcess(): number {
  if (process.platform === "win32") return Number.POSITIVE_INFINITY;
  try {
    const text = execFileSync("/bin/sh", ["-c", "ulimit -n"], { encoding: "utf8" }).trim();
    return /^\d+$/.test(text) ? Number(text) : Number.POSITIVE_INFINITY;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
