// Test files share a process, and the modules that they import. A hook at the top of such a module is registered once, by the
// first file that imports it: for the tests of all others it does not run.

import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, it } from "vitest";

const tests = path.resolve(import.meta.dirname, "..");

it("no module that test files share registers a hook when it is loaded", () => {
  const shared = readdirSync(tests, { recursive: true, encoding: "utf8" }).filter(
    (file) => file.endsWith(".ts") && !file.endsWith(".test.ts") && path.basename(file) !== "before-each-file.ts",
  );
  expect(shared.length).toBeGreaterThan(50);
  const withHook = shared.filter((file) =>
    /^(before|after)(Each|All)\(/m.test(readFileSync(path.join(tests, file), "utf8")),
  );
  expect(withHook).toEqual([]);
});
