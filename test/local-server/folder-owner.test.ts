// What is stored is for the owner's eyes alone.

import { chmod, mkdir, mkdtemp, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { makeOwnersAlone } from "../../tools/local-server/folder-owner.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "durable-mqtt-test-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const modeOf = async (...names: string[]) => (await stat(path.join(folder, ...names))).mode & 0o777;

it("a folder that others may read is mended, and all that is in it", async () => {
  await mkdir(path.join(folder, "objects"));
  await writeFile(path.join(folder, "objects/session.sqlite"), "x");
  await chmod(path.join(folder, "objects/session.sqlite"), 0o666);
  await chmod(path.join(folder, "objects"), 0o755);
  await chmod(folder, 0o755);
  await makeOwnersAlone(folder);
  expect([await modeOf(), await modeOf("objects"), await modeOf("objects", "session.sqlite")]).toEqual([
    0o700, 0o700, 0o600,
  ]);
});

it("what a link leads to stays as it is, and so does the token's file, which is refused", async () => {
  const outside = await mkdtemp(path.join(tmpdir(), "durable-mqtt-test-"));
  await chmod(outside, 0o755);
  await symlink(outside, path.join(folder, "link"));
  await writeFile(path.join(folder, "admin-token"), "x");
  await chmod(path.join(folder, "admin-token"), 0o644);
  await makeOwnersAlone(folder);
  expect([await modeOf("link"), await modeOf("admin-token")]).toEqual([0o755, 0o644]);
  await rm(outside, { recursive: true });
});
