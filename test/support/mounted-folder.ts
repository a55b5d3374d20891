// A folder on a file system of its own, which can be filled up or made read-only. Needs root on Linux.

import { execFileSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

const chunkBytes = 4_096;

export type MountedFolder = {
  readonly folder: string;
  /** Until not one more byte can be written. */
  fill(): void;
  /** What `fill` wrote is removed. */
  empty(): void;
  setReadOnly(isReadOnly: boolean): void;
  /** It must not be in use any more. */
  remove(): void;
};

export function mountFolder(bytes: number): MountedFolder {
  const folder = mkdtempSync(path.join(tmpdir(), "durable-mqtt-test-"));
  try {
    mount("-t", "tmpfs", "-o", `size=${bytes},mode=0700`, "tmpfs", folder);
  } catch (error) {
    rmSync(folder, { recursive: true });
    throw error;
  }
  const filler = path.join(folder, "filler");
  return {
    folder,
    fill() {
      const file = openSync(filler, "a");
      try {
        for (;;) writeSync(file, Buffer.alloc(chunkBytes));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
      } finally {
        closeSync(file);
      }
    },
    empty: () => rmSync(filler, { force: true }),
    setReadOnly: (isReadOnly) => mount("-o", `remount,${isReadOnly ? "ro" : "rw"}`, folder),
    remove() {
      execFileSync("umount", [folder]);
      rmSync(folder, { recursive: true });
    },
  };
}

/** @returns whether it can be done here. If not, it prints what is skipped */
export function canMount(tests: string): boolean {
  try {
    mountFolder(chunkBytes).remove();
    return true;
  } catch {
    console.warn(`${tests} are skipped: only root can mount a file system, and only on Linux.`);
    return false;
  }
}

function mount(...args: string[]): void {
  execFileSync("mount", args, { stdio: "pipe" });
}
