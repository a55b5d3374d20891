// A data folder that cannot be used ends the start with one line that says why, and what to do.

import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { makeOwnersAlone } from "../../tools/local-server/folder-owner.ts";
import { startServer } from "../../tools/local-server/server.ts";
import { StartError } from "../../tools/local-server/start-error.ts";
import { canMount, mountFolder } from "../support/mounted-folder.ts";
import { undoAfterTest } from "../support/undo.ts";

/** @returns what the start is refused with */
async function refusalOf(dataDir: string): Promise<string> {
  const options = { host: "127.0.0.1", port: 0, tcpPort: 0, dataDir, variables: {}, keepsAdminToken: true };
  const error: unknown = await startServer(options).then(
    async (server) => server.close(),
    (reason) => reason,
  );
  expect(error).toBeInstanceOf(StartError);
  const { message } = error as StartError;
  expect(message).toMatch(/^[^\n]+$/);
  expect(message).toContain(dataDir);
  return message;
}

describe.skipIf(!canMount("The tests of folders that cannot be written"))("a file system", () => {
  const mounted = () => {
    const disk = mountFolder(1_000_000);
    undoAfterTest(() => disk.remove());
    return disk;
  };

  it("that is read-only is named", async () => {
    const disk = mounted();
    disk.setReadOnly(true);
    expect(await refusalOf(disk.folder)).toContain("cannot be written (EROFS)");
    expect(await refusalOf(path.join(disk.folder, "new"))).toContain("(EROFS): choose another with --data");
  });

  it("that is read-only, with what an earlier start stored, is named", async () => {
    const disk = mounted();
    await chmod(disk.folder, 0o755);
    disk.setReadOnly(true);
    expect(await refusalOf(disk.folder)).toContain("EROFS");
  });

  it("that is full is named", async () => {
    const disk = mounted();
    disk.fill();
    for (const folder of [disk.folder, path.join(disk.folder, "new")])
      expect(await refusalOf(folder)).toContain("full: free some space, or choose another with --data");
  });
});

describe("a folder", () => {
  afterEach(() => void vi.restoreAllMocks());

  it.skipIf(process.getuid === undefined)("that is another user's is refused, for its owner may read it", async () => {
    const folder = await mkdtemp(path.join(tmpdir(), "durable-mqtt-test-"));
    undoAfterTest(() => rm(folder, { recursive: true }));
    vi.spyOn(process as { getuid: () => number }, "getuid").mockReturnValue(12_345);
    await expect(makeOwnersAlone(folder)).rejects.toThrow(/^[^\n]* belongs to another user, [^\n]*--data\.$/);
  });
});
