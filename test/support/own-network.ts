// A network of its own, with only a loopback interface. A printed command that listens on every address can run in it,
// and nobody else can reach it. Needs root on Linux.

import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { groupKilled, outcomeOf, outputUntil, type Program } from "./program.ts";
import { undoAfterTest } from "./undo.ts";

const clone = path.resolve(import.meta.dirname, "../..");
/** What a clone needs to be run from. The data folder is another. */
const partsOfClone = ["bin", "dashboard", "node_modules", "package.json", "src", "tools", "wrangler.toml"];

type Outcome = { exitCode: number; out: string; error: string };

export type OwnNetwork = {
  /** Runs a line of the shell in the clone, until it is ended after the test. @returns what it wrote until that matched */
  runUntil(pattern: RegExp, line: string, variables?: Record<string, string>): Promise<string>;
  /** Runs a line of the shell in the clone to its end. */
  runToEnd(line: string, variables?: Record<string, string>): Promise<Outcome>;
};

/** It ends after the test, with all that was run in it. */
export async function openOwnNetwork(): Promise<OwnNetwork> {
  const folder = mkdtempSync(path.join(tmpdir(), "durable-mqtt-test-"));
  undoAfterTest(() => rmSync(folder, { recursive: true }));
  for (const part of partsOfClone) symlinkSync(path.join(clone, part), path.join(folder, part));
  const holder = spawned("unshare", ["--net", "sh", "-c", "ip link set lo up && echo up && exec sleep 600"], {});
  await outputUntil(holder, /up/);
  const start = (line: string, variables: Record<string, string>) =>
    spawned("nsenter", ["--target", String(holder.pid), "--net", "sh", "-c", line], { cwd: folder, variables });
  return {
    runUntil: (pattern, line, variables = {}) => outputUntil(start(line, variables), pattern),
    runToEnd: (line, variables = {}) => outcomeOf(start(line, variables)),
  };
}

/** @returns whether it can be done here. If not, it prints what is skipped */
export function hasOwnNetworks(tests: string): boolean {
  try {
    execFileSync("unshare", ["--net", "ip", "link", "set", "lo", "up"], { stdio: "pipe" });
    return true;
  } catch {
    console.warn(`${tests} are skipped: only root can make a network, only on Linux, and with iproute2.`);
    return false;
  }
}

type Options = { readonly cwd?: string; readonly variables?: Record<string, string> };

function spawned(command: string, args: readonly string[], { cwd, variables }: Options): Program {
  const env = { ...process.env, ...variables };
  const program = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], detached: true, env, cwd }) as Program;
  // npm runs a shell, and that the program: all of them end.
  undoAfterTest(() => groupKilled(program));
  return program;
}
