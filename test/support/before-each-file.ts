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
const globalNames = ["Date", ...timers, "fetch", "WebSocket"] as const;

/** What tests may put something else in the place of, or change, by name. */
function stateOfProcess(): Map<string, unknown> {
  return new Map<string, unknown>([
    ...globalNames.map((name) => [name, globalThis[name]] as const),
    ["Date.now", Date.now],
    ["performance.now", performance.now],
    ["process.stdout.write", process.stdout.write],
    ["process.stderr.write", process.stderr.write],
    ["process.getuid", process.getuid],
    ["process.cwd()", process.cwd()],
    ["process.exitCode", process.exitCode],
    ...Object.entries(process.env).map(([name, value]) => [`process.env.${name}`, value] as const),
  ]);
}

// A local server in this process sets it, and an earlier file may have had one.
process.umask(0o022);

const found = stateOfProcess();

afterEach(undoAll);

afterAll(() => {
  // A fake clock or a spy may be for all tests of a file: it ends with them.
  vi.useRealTimers();
  vi.restoreAllMocks();
  const left = stateOfProcess();
  const changed = [...new Set([...found.keys(), ...left.keys()])].filter((name) => found.get(name) !== left.get(name));
  expect(changed, "what this test file leaves changed to the next one in its process").toEqual([]);
});
