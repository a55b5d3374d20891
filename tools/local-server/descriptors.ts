// How many file descriptors the processes of the local server have left. A runtime that finds none for a connection it
// accepts ends, and cuts everybody off with it: so whoever accepts connections asks here first.

import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";

/** What a connection may take of one process: the socket, and the three files of a session object. */
const perConnection = 4;
/** Kept for what is no connection: topic objects, files of the dashboard, sessions that wake. */
const reservedShare = 1 / 8;
const minimumReserved = 64;
/** Counting takes a while when there are many. */
const countEveryMs = 100;
const countShareOfTime = 1 / 20;

export class Descriptors {
  /** Of one process. */
  readonly limit: number;
  readonly #processIds: () => readonly number[];
  #used = 0;
  #nextCountAtMs = 0;

  /** @param processIds those that open a descriptor for each connection */
  constructor(processIds: () => readonly number[], limit = limitOfThisProcess()) {
    this.limit = limit;
    this.#processIds = processIds;
  }

  /** What connections may use, of one process. */
  get room(): number {
    return this.limit - Math.max(minimumReserved, Math.floor(this.limit * reservedShare));
  }

  /** As last counted, and what may have come since. */
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
    // It has just ended, or this is no Linux: then nothing is known, and nobody is refused.
    return 0;
  }
}

/** Node.js has raised it to the most that it may, and what it starts inherits that. */
function limitOfThisProcess(): number {
  if (process.platform === "win32") return Number.POSITIVE_INFINITY;
  try {
    const text = execFileSync("/bin/sh", ["-c", "ulimit -n"], { encoding: "utf8" }).trim();
    return /^\d+$/.test(text) ? Number(text) : Number.POSITIVE_INFINITY;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
