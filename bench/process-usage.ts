// The CPU and memory that a process has used. Linux only: it reads /proc.

import { readFileSync, writeFileSync } from "node:fs";

const millisecondsPerTick = 10;
const mebibyte = 1_048_576;

/** User and system time of all its threads since it started. */
export function cpuMs(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name of the program, in parentheses, may hold anything. Then utime is the 12th field, stime the 13th.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return sum + (Number(fields[11]) + Number(fields[12])) * millisecondsPerTick;
  }, 0);
}

export type Memory = { readonly residentMib: number; readonly peakMib: number };

export function memoryOf(pids: readonly number[]): Memory {
  const sum = (name: string) => pids.reduce((total, pid) => total + kibibytesOf(pid, name), 0) * (1024 / mebibyte);
  return { residentMib: sum("VmRSS"), peakMib: sum("VmHWM") };
}

/** Resets the peak, so that it is the peak from now on. */
export function restartPeak(pids: readonly number[]): void {
  for (const pid of pids) writeFileSync(`/proc/${pid}/clear_refs`, "5");
}

export function childrenOf(pid: number, name: string): number[] {
  const pids = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
  return pids.filter((child) => readFileSync(`/proc/${child}/comm`, "utf8").trim() === name);
}

function kibibytesOf(pid: number, name: string): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1] ?? Number.NaN);
}
