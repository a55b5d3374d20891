// Runs before each test file. Test files share a process and its modules: what one leaves behind, the next would find. And a
// hook at the top of a shared module would be for the first file that imports it, and for no other.

import { afterAll, afterEach, expect, vi } from "vitest";
import { undoAll } from "./undo.ts";

const timers = [
  "setTimeout",
  "clearTimeout",
  "setInterval",
  "clearInterval",
  "setImmediate",
  "queueMicrotask",
] as const;
const globalNames = ["Date", ...timers, "performance", "fetch", "WebSocket"] as const;

/** What tests may put something else in the place of, or change. */
function stateOfProcess() {
  return {
    globals: Object.fromEntries(globalNames.map((name) => [name, globalThis[name]])),
    functions: [Date.now, performance.now, process.stdout.write, process.getuid, process.exit, process.umask],
    environment: { ...process.env },
    folder: process.cwd(),
    exitCode: process.exitCode,
  };
}

// A local server in this process sets it, and an earlier file may have had one.
process.umask(0o022);

const found = stateOfProcess();

afterEach(undoAll);

afterAll(() => {
  // A fake clock or a spy may be for all tests of a file: it ends with them.
  vi.useRealTimers();
  vi.restoreAllMocks();
  expect(stateOfProcess(), "what this test file leaves to the next one in its process").toEqual(found);
});
