// The last line of a test run, for whoever reads only that: "N passed, N failed", how many were skipped, and the command that
// installs what most of those need.

import type { Reporter, TestModule } from "vitest/node";

const install = "npm run setup:tests installs what they need, where it can";

export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const count = { passed: 0, failed: errors.length, skipped: 0, pending: 0 };
    for (const module of modules) {
      for (const test of module.children.allTests()) count[test.result().state] += 1;
      // A file that does not load has no tests to fail.
      if (module.state() === "failed" && module.errors().length > 0) count.failed += 1;
    }
    // After the other reporters have had their say.
    process.on("exit", () => {
      const skipped = count.skipped + count.pending;
      console.log(
        `${count.passed} passed, ${count.failed} failed${skipped > 0 ? `, ${skipped} skipped (${install})` : ""}`,
      );
    });
  }
}
