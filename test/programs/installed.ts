// What `npm run setup:tests` installs. A test whose program is missing is skipped, and says so.

import { spawnSync } from "node:child_process";
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

/** Debian's own Python, which has Debian's packages. */
export const pythonPath = "/usr/bin/python3";

/**
 * @param needed paths of files, and names of commands
 * @returns whether all of them are there. If not, it prints what is skipped and the command that installs them
 */
export function hasInstalled(tests: string, ...needed: string[]): boolean {
  const missing = needed.filter((one) => !(one.includes("/") ? existsSync(one) : isCommand(one)));
  if (missing.length > 0) warnOfSkipped(tests, `${missing.join(", ")} is missing`);
  return missing.length === 0;
}

/** Like `hasInstalled`, for a module of Debian's Python. */
export function hasPythonModule(tests: string, module: string): boolean {
  const isThere = spawnSync(pythonPath, ["-c", `import ${module}`]).status === 0;
  if (!isThere) warnOfSkipped(tests, `${pythonPath} has no ${module}`);
  return isThere;
}

function warnOfSkipped(tests: string, reason: string): void {
  console.warn(`The tests of ${tests} are skipped: ${reason}. npm run setup:tests installs it.`);
}

function isCommand(name: string): boolean {
  const folders = (process.env.PATH ?? "").split(path.delimiter);
  return folders.some((folder) => existsSync(path.join(folder, name)));
}
