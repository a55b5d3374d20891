// A network of its own, with only a loopback interface. A printed command that listens on every address can run in it,
// and nobody else can reach it. Needs root on Linux.

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { outputUntil, type Program } from "./program.ts";
import { undoAfterTest } from "./undo.ts";

const clone = path.resolve(import.meta.dirname, "../..");
/** What a clone needs to be run from. The data folder is another. */
const partsOfClone = ["bin", "dashboard", "node_modules", "package.json", "src", "tools", "wrangler.toml"];

export type OwnNetwork = {
  /** Runs a line of the shell in the clone, until it is ended after the test. @returns what it wrote until that matched */
  runUntil(pattern: RegExp, line: string, variables?: Record<string, string>): Promise<string>;
  /** Runs a line of the shell in the clone to its end. */
  runToEnd(line: string, variables?: Record<string, string>): Promise<{ exitCode: number; written: string }>;
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
    async runToEnd(line, variables = {}) {
      const program = start(line, variables);
      const written = Promise.all([text(program.stdout), text(program.stderr)]);
      const [exitCode] = await once(program, "exit");
      return { exitCode: exitCode as number, written: (await written).join("") };
    },
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
  undoAfterTest(() => groupEnded(program));
  return program;
}

/** npm runs a shell, and that the program: all of them end. */
async function groupEnded(program: ChildProcess): Promise<void> {
  if (program.pid === undefined || program.exitCode !== null || program.signalCode !== null) return;
  process.kill(-program.pid, "SIGKILL");
  await once(program, "exit");
}
