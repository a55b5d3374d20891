// The brokers that are measured, each in processes of its own.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import type { TargetAddress } from "../generator/target-address.ts";

export type Target = {
  readonly name: string;
  /** `undefined` if it is not on this machine; then `missing` says what to do. */
  start(): Promise<RunningTarget | undefined>;
  readonly missing?: string;
  /** Its idle connections give memory back after a while. */
  readonly hibernates: boolean;
};

export type RunningTarget = {
  readonly address: TargetAddress;
  stop(): Promise<void>;
};

/** The first line that a child process of ours writes. */
export type Ready = { readonly port: number; readonly pids: readonly number[] };

export const host = "127.0.0.1";

/**
 * Starts a program of this folder. The program ends with its standard input, even if this process is killed.
 *
 * @throws {Error} if it ends before it is ready
 */
export async function startChild(file: string, ...args: readonly string[]) {
  const program = path.join(import.meta.dirname, file);
  const child = spawn(process.execPath, [program, ...args], { stdio: ["pipe", "pipe", "inherit"] });
  const [line] = await Promise.race([
    once(createInterface({ input: child.stdout }), "line"),
    once(child, "exit").then(() => []),
  ]);
  if (line === undefined) throw new Error(`${file} does not start`);
  const stop = async () => {
    const exit = once(child, "exit");
    child.stdin.end();
    await exit;
  };
  return { ready: JSON.parse(line as string) as Ready, stop };
}

/** Called by a program of this folder: reports that it is ready, and waits for the end of its standard input. */
export async function untilEnd(ready: Ready, close: () => Promise<void>): Promise<void> {
  // Ctrl-C reaches every process of the terminal, but the parent decides when to end.
  process.on("SIGINT", () => {});
  process.stdout.write(`${JSON.stringify(ready)}\n`);
  process.stdin.resume();
  await once(process.stdin, "end");
  await close();
  process.exit(0);
}

export async function temporaryFolder(): Promise<{ folder: string; remove: () => Promise<void> }> {
  const folder = await mkdtemp(path.join(tmpdir(), "durable-mqtt-bench-"));
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}
