// The command line, run as people run it.

import { type ChildProcess, type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { expect, vi } from "vitest";
import { undoAfterTest } from "./undo.ts";

export type Program = ChildProcessByStdio<null, Readable, Readable>;

const main = path.join(import.meta.dirname, "../../tools/command-line/main.ts");
/**
 * It is ended after the test. ADMIN_TOKEN is not in its environment, unless it is given.
 * @param input the file that it reads as standard input
 */
export function run(args: readonly string[], variables: Record<string, string> = {}, input = "/dev/null"): Program {
  const program = runForFile(args, variables, input);
  undoAfterTest(() => killed(program));
  return program;
}

/** `run` for several tests: whoever calls it ends the program. */
export function runForFile(args: readonly string[], variables: Record<string, string> = {}, input = "/dev/null") {
  const { ADMIN_TOKEN: _, ...environment } = process.env;
  const env = { ...environment, ...variables };
  const stdin = openSync(input, "r");
  const program = spawn(process.execPath, [main, ...args], { stdio: [stdin, "pipe", "pipe"], env }) as Program;
  closeSync(stdin);
  return program;
}

/** `run` with a limit of open files for each process; `%folder` in the arguments is an empty folder. */
export function runWithDescriptors(limit: number, args: readonly string[]): Program {
  const folder = mkdtempSync(path.join(tmpdir(), "durable-mqtt-test-"));
  undoAfterTest(() => rmSync(folder, { recursive: true, force: true }));
  const command = [process.execPath, main, ...args.map((arg) => (arg === "%folder" ? folder : arg))];
  const stdio = ["ignore", "pipe", "pipe"] as const;
  const program = spawn("/bin/sh", ["-c", `ulimit -n ${limit}; exec "$@"`, "sh", ...command], { stdio: [...stdio] });
  undoAfterTest(() => killed(program));
  return program;
}

/** Kills the program unless it has ended, and waits for its end. */
export async function killed(
  program: ChildProcess,
  kill: () => unknown = () => program.kill("SIGKILL"),
): Promise<void> {
  if (program.exitCode !== null || program.signalCode !== null) return;
  kill();
  await once(program, "exit");
}

/** Like `killed`, with all that it has started: for a program that was spawned as `detached`. */
export function groupKilled(program: ChildProcess): Promise<void> {
  return killed(program, () => process.kill(-(program.pid as number), "SIGKILL"));
}

export async function runToEnd(args: readonly string[], variables: Record<string, string> = {}, input?: string) {
  return outcomeOf(run(args, variables, input));
}

/** When it has ended by itself. */
export async function outcomeOf(program: Program) {
  const [out, error] = [text(program.stdout), text(program.stderr)];
  const [exitCode] = await once(program, "exit");
  return { exitCode: exitCode as number, out: await out, error: await error };
}

/**
 * Like `runToEnd`, in this process, which is much cheaper: for commands that end by themselves and read no standard input.
 * That a process ends like this, and with this exit code, is for `runToEnd` to show, once for each kind of end.
 */
export async function runHere(args: readonly string[], variables: Record<string, string> = {}) {
  if (isRunningHere) throw new Error("one command at a time: they share this process's environment and output");
  isRunningHere = true;
  const { runCommand } = await import("../../tools/command-line/commands.ts");
  const umask = process.umask();
  const restoreVariables = setVariables({ ADMIN_TOKEN: undefined, ...variables });
  const written = { stdout: "", stderr: "" };
  const spies = (["stdout", "stderr"] as const).map((name) =>
    vi.spyOn(process[name], "write").mockImplementation((part) => {
      written[name] += typeof part === "string" ? part : Buffer.from(part).toString();
      return true;
    }),
  );
  try {
    const { exitCode, line } = await runCommand(args);
    return { exitCode, out: written.stdout, error: written.stderr + (line === undefined ? "" : `${line}\n`) };
  } finally {
    for (const spy of spies) spy.mockRestore();
    restoreVariables();
    process.umask(umask);
    isRunningHere = false;
  }
}

let isRunningHere = false;

function setVariables(variables: Readonly<Record<string, string | undefined>>): () => void {
  const before = Object.fromEntries(Object.keys(variables).map((name) => [name, process.env[name]]));
  const set = (values: typeof variables) => {
    for (const [name, value] of Object.entries(values)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  };
  set(variables);
  return () => set(before);
}

/** Waits until standard output matches, and returns what was written. */
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
