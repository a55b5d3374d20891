import path from "node:path";
import { defineConfig } from "vitest/config";

// The tests start about a hundred programs, and each test file loads Miniflare, so Node.js keeps what it has compiled.
process.env.NODE_COMPILE_CACHE ??= path.join(import.meta.dirname, "node_modules/.cache/node-compile-cache");

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // A new process for each of about 280 files would load Miniflare, the clients and the core again, a third of the
    // time.
    isolate: false,
    // The Worker is bundled once; each file that needs a broker starts its own.
    globalSetup: ["test/support/set-up-run.ts"],
    setupFiles: ["test/support/before-each-file.ts"],
    reporters: ["default", "./test/support/closing-line.ts"],
    // Most tests wait more than they compute; the default leaves a machine of two cores with one worker.
    maxWorkers: "100%",
    testTimeout: 20_000,
    hookTimeout: 60_000,
  },
});
