// `npm run conformance`: holds every conversation of this folder with the broker at a URL, or with ours without one.

import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { type JsonReport, resultsOf } from "./results.ts";

const usage = `Holds the conversations of test/conformance with a broker, and lists where it differs.

  npm run conformance                          with ours, started for it
  npm run conformance -- tcp://127.0.0.1:1883 ws://127.0.0.1:8787/mqtt
                                               with any broker; one of the two URLs is enough
  --save FILE --name "Mosquitto 2.0.11"        keeps the results, as docs/CONFORMANCE.md needs them
`;

/** One line that says what to do. */
class UsageError extends Error {}

function environmentOf(urls: readonly string[]): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const url of urls) {
    const name = url.startsWith("tcp://") ? "BROKER_TCP" : /^wss?:\/\//.test(url) ? "BROKER_WS" : undefined;
    if (name === undefined || !URL.canParse(url))
      throw new UsageError(`${url}: give tcp://host:port or ws://host:port/path`);
    if (environment[name] !== undefined) throw new UsageError(`${url}: give one URL of each kind`);
    environment[name] = url;
  }
  return environment;
}

/** @returns the exit code of the test run */
function runTests(environment: Record<string, string>, reportFile: string): Promise<number> {
  const root = path.resolve(import.meta.dirname, "../..");
  // With another broker the differences are the result, and their stacks are noise.
  const reporters = Object.keys(environment).length === 0 ? ["--reporter=default"] : [];
  const args = ["run", "test/conformance/", ...reporters, "--reporter=json", `--outputFile.json=${reportFile}`];
  const command = path.join(root, "node_modules/vitest/vitest.mjs");
  const child = spawn(process.execPath, [command, ...args], {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, ...environment },
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => resolve(code ?? 1));
  });
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { save: { type: "string" }, name: { type: "string" }, help: { type: "boolean" } },
  });
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  if ((values.save === undefined) !== (values.name === undefined))
    throw new UsageError("--save and --name go together");
  const environment = environmentOf(positionals);
  const folder = mkdtempSync(path.join(tmpdir(), "durable-mqtt-conformance-"));
  try {
    const reportFile = path.join(folder, "report.json");
    const exitCode = await runTests(environment, reportFile);
    if (!existsSync(reportFile)) return exitCode;
    const results = resultsOf(JSON.parse(readFileSync(reportFile, "utf8")) as JsonReport);
    for (const title of results.notHeld) console.log(`not held with this broker: ${title}`);
    for (const { title, seen } of results.differences) console.log(`differs: ${title}: ${seen}`);
    console.log(`${results.passed} passed, ${results.differences.length} failed, ${results.notHeld.length} not held`);
    if (values.save !== undefined) {
      const date = new Date().toISOString().slice(0, 10);
      writeFileSync(values.save, `${JSON.stringify({ broker: values.name, date, ...results }, undefined, 2)}\n`);
    }
    return exitCode;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof UsageError) && !(error as { code?: string }).code?.startsWith("ERR_PARSE_ARGS")) throw error;
  console.error((error as Error).message);
  process.exitCode = 2;
}
