// The workerd process that a server of this process runs in: which one it is, and its memory.

import { readdirSync, readFileSync } from "node:fs";

/** Process identifiers of the Workers runtimes below this process. Linux only: elsewhere there are none. */
export function runtimePids(): number[] {
  let names: string[];
  try {
    names = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
  return names.map(Number).filter((pid) => {
    const status = statusOf(pid);
    return status?.Name === "workerd" && Number(status.PPid) === process.pid;
  });
}

export function isRunning(pid: number): boolean {
  return statusOf(pid)?.Name === "workerd";
}

/** Resident memory of all of them in bytes; 0 for a process that is gone. */
export function residentBytes(pids: readonly number[] = runtimePids()): number {
  return pids.reduce((total, pid) => total + Number.parseInt(statusOf(pid)?.VmRSS ?? "0", 10) * 1024, 0);
}

function statusOf(pid: number): Record<string, string> | undefined {
  try {
    const lines = readFileSync(`/proc/${pid}/status`, "utf8").split("\n");
    return Object.fromEntries(lines.map((line) => line.split(":\t").map((part) => part.trim())));
  } catch {
    return undefined; // It has ended meanwhile.
  }
}
