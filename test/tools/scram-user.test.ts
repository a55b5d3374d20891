// `npm run scram-user`: a password comes in, an entry of SCRAM_USERS goes out.

import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { text } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import { onClientFinal, onClientFirst } from "../../src/core/authentication/scram-sha-256.ts";
import { readScramUsers } from "../../src/core/authentication/scram-users.ts";
import { ScramClient } from "../support/scram-client.ts";

const program = path.join(import.meta.dirname, "../../tools/scram-user/main.ts");

async function run(input: string, ...args: string[]) {
  const child = spawn(process.execPath, [program, ...args], { stdio: ["pipe", "pipe", "pipe"] });
  // A mistake in the arguments ends it before it reads.
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  const [out, error] = [text(child.stdout), text(child.stderr)];
  const [exitCode] = await once(child, "exit");
  return { exitCode, out: await out, error: await error };
}

describe("npm run scram-user", () => {
  it("makes an entry that lets the client in with this password", async () => {
    const { exitCode, out, error } = await run("pass word\n", "a,b");
    expect([exitCode, error]).toEqual([0, ""]);
    expect(out).toMatch(/^a%2Cb=SCRAM-SHA-256\$15000:\S+\n$/);
    const users = readScramUsers(out);
    const client = new ScramClient("a,b", "pass word");
    const { exchange, serverFirst } = onClientFirst(users, client.first(), "nonce");
    expect(onClientFinal(users, exchange, client.final(serverFirst)).username).toBe("a,b");
  });

  it("makes another salt each time, and as many iterations as it is told", async () => {
    const [one, other] = await Promise.all([
      run("secret", "user", "--iterations", "4096"),
      run("secret", "user", "--iterations", "4096"),
    ]);
    expect(one.out).toMatch(/^user=SCRAM-SHA-256\$4096:/);
    expect(one.out).not.toBe(other.out);
  });

  it.each([
    ["no name", "secret", [], "name"],
    ["two names", "secret", ["a", "b"], "name"],
    ["an unknown flag", "secret", ["a", "--password", "b"], "--password"],
    ["few iterations", "secret", ["a", "--iterations", "4095"], "4096 to"],
    ["no password", "\n", ["a"], "password is empty"],
    ["two lines of password", "a\nb\n", ["a"], "password has a character"],
    ["an empty name", "secret", [""], "name is empty"],
  ])("refuses %s in one line", async (_, input, args, part) => {
    const { exitCode, out, error } = await run(input, ...args);
    expect(exitCode).toBe(1);
    expect(out).toBe("");
    expect(error).toMatch(/^[^\n]+\n$/);
    expect(error).toContain(part);
  });
});
