// A sketch that runs: compiled for this machine, where the stand-ins really connect, and observed through what it writes to
// the serial monitor and what its pins show.

import { spawn } from "node:child_process";
import path from "node:path";
import { undoAfterTest } from "../support/undo.ts";
import { compile, newFolder } from "./sketch.ts";

export type Program = { readonly file: string };
export type Board = {
  /** Resolves with the next line that matches, of those that no earlier call passed over. */
  line(pattern: RegExp): Promise<string>;
  /** Moves the board's clock forward, which ends what it waits for. */
  skip(ms: number): void;
  /** Like `line`, while the board's clock races: for what comes only after some time, and if nothing else is under way. */
  lineLater(pattern: RegExp): Promise<string>;
  /** Pulls the plug. */
  kill(): void;
};

export async function build(sketch: string): Promise<Program> {
  const file = path.join(await newFolder(), "sketch");
  const said = await compile(sketch, "ESP32", file);
  if (said !== "") throw new Error(said);
  return { file };
}

/**
 * Switches a board on.
 * @param settings what the sketch reads with `getenv`
 */
export function powerUp({ file }: Program, settings: Readonly<Record<string, string>> = {}): Board {
  const child = spawn(file, { stdio: ["pipe", "pipe", "inherit"], env: { ...process.env, ...settings } });
  undoAfterTest(() => child.kill("SIGKILL"));
  let unread = "";
  let onChange = () => {};
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    unread += text;
    onChange();
  });
  child.stdin.on("error", () => {}); // it may be off already
  function take(pattern: RegExp): string | undefined {
    const lines = unread.split("\n");
    const at = lines.slice(0, -1).findIndex((line) => pattern.test(line));
    if (at < 0) return undefined;
    unread = lines.slice(at + 1).join("\n");
    return lines[at];
  }
  const line = (pattern: RegExp) =>
    new Promise<string>((resolve, reject) => {
      const limit = setTimeout(() => reject(new Error(`no line ${pattern}; the board wrote:\n${unread}`)), 15_000);
      onChange = () => {
        const found = take(pattern);
        if (found === undefined) return;
        clearTimeout(limit);
        onChange = () => {};
        resolve(found);
      };
      onChange();
    });
  const skip = (ms: number) => {
    child.stdin.write(`skip ${ms}\n`);
  };
  return {
    line,
    skip,
    async lineLater(pattern) {
      const clock = setInterval(() => skip(500), 10);
      return line(pattern).finally(() => clearInterval(clock));
    },
    kill: () => child.kill("SIGKILL"),
  };
}
