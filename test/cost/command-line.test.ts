// `npm run cost`: its flags. What it plays takes minutes, and is tested in parts beside this.

import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { text } from "node:stream/consumers";
import { describe, expect, it } from "vitest";

const program = path.join(import.meta.dirname, "../../tools/cost/main.ts");

async function run(...args: string[]) {
  const child = spawn(process.execPath, [program, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const [out, error] = [text(child.stdout), text(child.stderr)];
  const [exitCode] = await once(child, "exit");
  return { exitCode, out: await out, error: await error };
}

describe("npm run cost", () => {
  it("lists its runs, all or some", async () => {
    const [all, some] = await Promise.all([run("--list"), run("--list", "--only", "relayed-600", "--only", "qos0")]);
    expect([all.exitCode, all.error]).toEqual([0, ""]);
    const names = some.out.trim().split("\n");
    expect(names.every((line) => /relayed-600|qos0/.test(line))).toBe(true);
    expect(names.length).toBeGreaterThan(4);
    expect(all.out.trim().split("\n").length).toBeGreaterThan(names.length);
  });

  it.each([
    ["an unknown flag", ["--prices"], "--prices"],
    ["a name that no run has", ["--only", "qos7"], "qos7"],
    ["a document of some runs", ["--document", "--only", "qos0"], "--only"],
  ])("refuses %s in one line", async (_, args, part) => {
    const { exitCode, out, error } = await run(...args);
    expect([exitCode, out]).toEqual([1, ""]);
    expect(error).toMatch(/^[^\n]+\n$/);
    expect(error).toContain(part);
  });
});
