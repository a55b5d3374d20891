// A device's program, as the dashboard shows it and the examples have it, run in a folder of its own.

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { killed } from "./program.ts";
import { undoAfterTest } from "./undo.ts";

const packages = path.join(import.meta.dirname, "../../node_modules");

export const languages = [
  {
    language: "Node.js",
    command: process.execPath,
    example: "node/device.mjs",
    fileName: "device.mjs",
    tab: "MQTT.js",
  },
  {
    language: "Python",
    command: "/usr/bin/python3",
    example: "python/device.py",
    fileName: "device.py",
    tab: "Python",
  },
] as const;

export type Running = { readonly process: ChildProcess; outputUntil(pattern: RegExp): Promise<string> };

/** With the project's packages; it is killed after the test. */
export async function runProgram(command: string, fileName: string, text: string): Promise<Running> {
  const folder = await mkdtemp(path.join(tmpdir(), "durable-mqtt-test-"));
  await symlink(packages, path.join(folder, "node_modules"));
  await writeFile(path.join(folder, fileName), text);
  const child = spawn(command, [fileName], { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  undoAfterTest(async () => {
    await killed(child);
    await rm(folder, { recursive: true, force: true });
  });
  let out = "";
  const listeners = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (part) => {
      out += part;
      for (const listener of listeners) listener();
    });
  }
  return {
    process: child,
    outputUntil: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (pattern.test(out)) resolve(out);
        };
        listeners.add(look);
        child.once("close", () => reject(new Error(`it wrote only ${JSON.stringify(out)}`)));
        look();
      }),
  };
}
