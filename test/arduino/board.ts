// A sketch that runs: compiled for this machine, where the stand-ins really connect, and observed through what it writes to
// the serial monitor and what its pins show.

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll } from "vitest";
import { compile } from "./sketch.ts";

export type Program = { readonly file: string };
export type Board = {
  /** Resolves with the next line that matches, of those that no earlier call passed over. */
  line(pattern: RegExp): Promise<string>;
  /** Pulls the plug. */
  kill(): void;
};

const folders: string[] = [];
const boards = new Set<ChildProcess>();

afterAll(async () => {
  for (const board of boards) board.kill("SIGKILL");
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

export async function build(sketch: string): Promise<Program> {
  const folder = await mkdtemp(path.join(tmpdir(), "durable-mqtt-sketch-"));
  folders.push(folder);
  const file = path.join(folder, "sketch");
  const said = await compile(sketch, "ESP32", file);
  if (said !== "") throw new Error(said);
  return { file };
}

/** Switches a board on. */
export function powerUp({ file }: Program): Board {
  const child = spawn(file, { stdio: ["ignore", "pipe", "inherit"] });
  boards.add(child);
  let unread = "";
  let onChange = () => {};
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    unread += text;
    onChange();
  });
  child.once("exit", () => boards.delete(child));
  function take(pattern: RegExp): string | undefined {
    const lines = unread.split("\n");
    const at = lines.slice(0, -1).findIndex((line) => pattern.test(line));
    if (at < 0) return undefined;
    unread = lines.slice(at + 1).join("\n");
    return lines[at];
  }
  return {
    line: (pattern) =>
      new Promise((resolve, reject) => {
        const limit = setTimeout(() => reject(new Error(`no line ${pattern}; the board wrote:\n${unread}`)), 15_000);
        onChange = () => {
          const line = take(pattern);
          if (line === undefined) return;
          clearTimeout(limit);
          onChange = () => {};
          resolve(line);
        };
        onChange();
      }),
    kill: () => child.kill("SIGKILL"),
  };
}
