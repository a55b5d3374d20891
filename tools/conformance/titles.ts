// The titles of all tests. The test runner lists them, so a title made by a loop reads as in a report.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

export type Title = {
  /** Relative to the repository, with slashes. */
  readonly file: string;
  /** Includes the titles of the suites around the test. */
  readonly title: string;
  /** The line that defines the test; a loop's tests share one. `undefined` for tests of a contract in another file. */
  readonly line: number | undefined;
};

/** Collects every test without running one. */
export function collectTitles(root: string): Title[] {
  const folder = mkdtempSync(path.join(tmpdir(), "durable-mqtt-titles-"));
  const list = path.join(folder, "list.json");
  const vitest = path.join(root, "node_modules/vitest/vitest.mjs");
  try {
    // No test runs, so files can share a process and load each module once.
    const args = [vitest, "list", "--no-static-parse", "--no-isolate", "--includeTaskLocation", `--json=${list}`];
    execFileSync(process.execPath, args, { cwd: root, stdio: ["ignore", "ignore", "inherit"] });
    const tests = JSON.parse(readFileSync(list, "utf8")) as {
      name: string;
      file: string;
      location?: { line: number };
    }[];
    const titles = tests.map(({ name, file, location }) => ({
      file: path.relative(root, file).replaceAll(path.sep, "/"),
      title: name.replaceAll(" > ", " "),
      line: location?.line,
    }));
    // The runner orders files by how long they took last time.
    return titles.sort((one, other) => (one.file < other.file ? -1 : one.file > other.file ? 1 : 0));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
