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

/** Folders of commands. Debian keeps servers in /usr/sbin, which is not in everybody's PATH. */
const folders = (process.env.PATH ?? "").split(path.delimiter).flatMap((folder) => {
  return path.basename(folder) === "bin" ? [folder, path.join(folder, "../sbin")] : [folder];
});

/**
 * Every look-up of a program goes this way, so that a PATH without it is a machine without it.
 * @returns the name itself if there is no such program
 */
export function programPath(name: string): string {
  const folder = folders.find((each) => existsSync(path.join(each, name)));
  return folder === undefined ? name : path.join(folder, name);
}

/** Debian's own Python, which has Debian's packages, rather than another one that comes first in PATH. */
export const pythonPath = folders.includes("/usr/bin") ? "/usr/bin/python3" : programPath("python3");

/**
 * @param needed names of commands, and paths of other files
 * @returns whether all of them are there. If not, it prints what is skipped and the command that installs them
 */
export function hasInstalled(tests: string, ...needed: string[]): boolean {
  const missing = needed.filter((one) => !existsSync(one.includes("/") ? one : programPath(one)));
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
