// A program, run in a temporary folder of its own. PROGRAM_LOG in the environment shows what it writes.

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { killed } from "./program.ts";
import { undoAfterTest } from "./undo.ts";

export type RunningProgram = {
  readonly process: ChildProcess;
  readonly folder: string;
  /** What it has written by the time that matches, to either stream. It fails when the program ends before. */
  outputUntil(pattern: RegExp): Promise<string>;
};

type InFolder = {
  /** Their names and what is in them. */
  readonly files?: Readonly<Record<string, string>>;
  /** A folder that the program finds as node_modules. */
  readonly packages?: string;
  /** Over those of this process. */
  readonly variables?: Readonly<Record<string, string>>;
};

/** It is killed after the test, and the folder removed. */
export async function runInFolder(
  command: string,
  args: readonly string[],
  { files = {}, packages, variables = {} }: InFolder = {},
): Promise<RunningProgram> {
  const folder = await mkdtemp(path.join(tmpdir(), "durable-mqtt-test-"));
  undoAfterTest(() => rm(folder, { recursive: true, force: true }));
  if (packages !== undefined) await symlink(packages, path.join(folder, "node_modules"));
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(folder, name), text);
  const env = { ...process.env, ...variables };
  const child = spawn(command, args, { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
  undoAfterTest(() => killed(child));
  let out = "";
  let hasEnded = false;
  const listeners = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (part) => {
      if (process.env.PROGRAM_LOG !== undefined) process.stderr.write(part);
      out += part;
      for (const listener of listeners) listener();
    });
  }
  child.once("close", () => {
    hasEnded = true;
    for (const listener of listeners) listener();
  });
  return {
    process: child,
    folder,
    outputUntil: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (pattern.test(out)) resolve(out);
          else if (hasEnded) reject(new Error(`it wrote only ${JSON.stringify(out)}`));
        };
        listeners.add(look);
        look();
      }),
  };
}
