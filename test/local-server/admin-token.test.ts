// The key to the API that the local server makes where it is given none, and the file it keeps it in.

import { chmod, mkdir, mkdtemp, readFile, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { keptAdminToken } from "../../tools/local-server/admin-token.ts";
import { StartError } from "../../tools/local-server/start-error.ts";

let folder: string;
let file: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "durable-mqtt-test-"));
  file = path.join(folder, "admin-token");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe("the key to the API", () => {
  it("is made once, of 32 random bytes, for its owner alone", async () => {
    const { token } = await keptAdminToken(folder);
    expect(token).toMatch(/^[\w-]{43}$/);
    expect(Buffer.from(token, "base64url")).toHaveLength(32);
    expect(await readFile(file, "utf8")).toBe(`${token}\n`);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await keptAdminToken(folder)).toEqual({ token, file });
  });

  it("is another one when its file is removed", async () => {
    const { token } = await keptAdminToken(folder);
    await rm(file);
    expect((await keptAdminToken(folder)).token).not.toBe(token);
  });

  it("is whole after a crash while it is made", async () => {
    await writeFile(`${file}.new`, "half");
    expect((await keptAdminToken(folder)).token).toMatch(/^[\w-]{43}$/);
    await expect(stat(`${file}.new`)).rejects.toThrow("ENOENT");
  });

  it("is not written through a link that somebody has put there", async () => {
    const elsewhere = path.join(folder, "elsewhere");
    await symlink(elsewhere, `${file}.new`);
    await keptAdminToken(folder);
    await expect(stat(elsewhere)).rejects.toThrow("ENOENT");
  });

  it.each<[string, () => Promise<unknown>]>([
    ["which others can read", () => chmod(file, 0o640)],
    ["which others can write", () => chmod(file, 0o602)],
    ["that is a link", () => rename(file, `${file}.old`).then(() => symlink(`${file}.old`, file))],
    ["that is empty", () => writeFile(file, "")],
    ["that holds something else", () => writeFile(file, "admin\n")],
    ["that is a folder", () => rm(file).then(() => mkdir(file, { mode: 0o700 }))],
  ])("is not taken from a file %s", async (_what, spoil) => {
    await keptAdminToken(folder);
    await spoil();
    const refusal: Error = await keptAdminToken(folder).then(
      () => new Error("none"),
      (error) => error,
    );
    expect(refusal).toBeInstanceOf(StartError);
    expect(refusal.message).toMatch(/^[^\n]*: remove it, and the next start makes another\.$/);
    expect(refusal.message).toContain(file);
  });
});
