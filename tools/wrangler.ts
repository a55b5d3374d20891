// Runs Cloudflare's command line in a process of its own.

import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import path from "node:path";
import { stripVTControlCharacters } from "node:util";

export type WranglerRun = {
  readonly exitCode: number;
  /** What it wrote to standard output; with `isShown` nothing. */
  readonly stdout: string;
  /** Everything that it wrote, as plain text. */
  readonly said: string;
};

export type WranglerOptions = {
  readonly cwd: string;
  /** Its standard input; without it there is none. */
  readonly input?: string;
  /** Whether it may use this program's terminal, for output and questions. */
  readonly isShown?: boolean;
  readonly env?: Readonly<Record<string, string>>;
};

const require = createRequire(import.meta.url);

export const wranglerVersion = (require("wrangler/package.json") as { version: string }).version;

export async function runWrangler(args: readonly string[], options: WranglerOptions): Promise<WranglerRun> {
  const { cwd, input, isShown, env } = options;
  const program = path.join(path.dirname(require.resolve("wrangler/package.json")), "bin/wrangler.js");
  const wrangler = spawn(process.execPath, [program, ...args], {
    cwd,
    stdio: isShown ? "inherit" : [input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
    env: {
      ...process.env,
      WRANGLER_SEND_METRICS: "false",
      WRANGLER_HIDE_BANNER: "true",
      WRANGLER_WRITE_LOGS: "false",
      ...env,
    },
  });
  let [stdout, said] = ["", ""];
  wrangler.stdout?.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    said += text;
  });
  wrangler.stderr?.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  wrangler.stdin?.end(input);
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    wrangler.once("error", reject);
    wrangler.once("close", resolve);
  });
  return { exitCode: exitCode ?? 1, stdout, said: stripVTControlCharacters(said).trim() };
}
