// What `npm run setup:tests` installs. A test whose program is missing is skipped, and says so.

import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";

const lockfile = readFileSync(path.join(import.meta.dirname, "installed/package-lock.json"));
const versions = createHash("sha256").update(lockfile).digest("hex").slice(0, 16);
const cache = process.env.XDG_CACHE_HOME || path.join(homedir(), ".cache");
const packages = path.join(cache, "durable-mqtt/test-programs", versions, "node_modules");

/** @param file of a package from npm, such as node-red/red.js */
export function installedPath(file: string): string {
  return path.join(packages, file);
}

/** @returns whether all of the files are there. If not, it prints what is skipped and the command that installs them */
export function hasInstalled(program: string, ...files: string[]): boolean {
  const missing = files.filter((file) => !existsSync(file));
  if (missing.length > 0)
    console.warn(
      `The tests of ${program} are skipped: ${missing.join(", ")} is missing. npm run setup:tests installs it.`,
    );
  return missing.length === 0;
}
