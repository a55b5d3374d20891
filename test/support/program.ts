// The command line, run as people run it.

import { type ChildProcess, type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { expect } from "vitest";
import { undoAfterTest } from "./undo.ts";

export type Program = ChildProcessByStdio<null, Readable, Readable>;

const main = path.join(import.meta.dirname, "../../tools/command-line/main.ts");
/**
 * It is ended after the test. ADMIN_TOKEN is not in its environment, unless it is given.
 * @param input the file that it reads as standard input
 */
export function run(args: readonly string[], variables: Record<string, string> = {}, input = "/dev/null"): Program {
  const { ADMIN_TOKEN: _, ...environment } = process.env;
  const env = { ...environment, ...variables };
  const stdin = openSync(input, "r");
  const program = spawn(process.execPath, [main, ...args], { stdio: [stdin, "pipe", "pipe"], env }) as Program;
  closeSync(stdin);
  undoAfterTest(() => killed(program));
  return program;
}

/** `run`, where each process may open so many files; `%folder` in the arguments is an empty folder. */
export function runWithDescriptors(limit: number, args: readonly string[]): Program {
  const folder = mkdtempSync(path.join(tmpdir(), "durable-mqtt-test-"));
  undoAfterTest(() => rmSync(folder, { recursive: true, force: true }));
  const command = [process.execPath, main, ...args.map((arg) => (arg === "%folder" ? folder : arg))];
  const stdio = ["ignore", "pipe", "pipe"] as const;
  const program = spawn("/bin/sh", ["-c", `ulimit -n ${limit}; exec "$@"`, "sh", ...command], { stdio: [...stdio] });
  undoAfterTest(() => killed(program));
  return program;
}

/** Once it has ended, where it has not by itself. */
export async function killed(program: ChildProcess): Promise<void> {
  if (program.exitCode !== null || program.signalCode !== null) return;
  program.kill("SIGKILL");
  await once(program, "exit");
}

export async function runToEnd(args: readonly string[], variables: Record<string, string> = {}, input?: string) {
  const program = run(args, variables, input);
  const [out, error] = [text(program.stdout), text(program.stderr)];
  const [exitCode] = await once(program, "exit");
  return { exitCode: exitCode as number, out: await out, error: await error };
}

/** What it has written to standard output by the time that matches. */
export async function outputUntil({ stdout }: { readonly stdout: Readable }, pattern: RegExp): Promise<string> {
  let out = "";
  await new Promise<void>((resolve, reject) => {
    stdout.setEncoding("utf8").on("data", (part) => {
      out += part;
      if (pattern.test(out)) resolve();
    });
    stdout.once("end", () => reject(new Error(`it wrote only ${JSON.stringify(out)}`)));
  });
  return out;
}

/** Exactly one line, that has all of these. */
export function expectOneLine(written: string, ...parts: string[]): void {
  expect(written).toMatch(/^[^\n]+\n$/);
  for (const part of parts) expect(written).toContain(part);
}
