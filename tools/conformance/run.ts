// `npm run conformance`: runs all conversations against the broker at a URL, or against ours if none is given.

import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import type { Rule } from "./coverage.ts";
import { mustsOf } from "./musts.ts";
import { whyNotReachable } from "./reach.ts";
import { type JsonReport, type Results, resultsOf } from "./results.ts";

const usage = `Runs the conversations of test/conformance against a broker, and lists how it differs: where a rule of the standard
says MUST, and where the broker has a choice.

  npm run conformance                          against ours, started for this
  npm run conformance -- tcp://127.0.0.1:1883 ws://127.0.0.1:8787/mqtt
                                               against any broker; one of the two URLs is enough
  --save FILE --name "Mosquitto 2.0.11"        keeps the results for docs/CONFORMANCE.md
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
  // Differences of another broker are the result, so their stacks are noise.
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

/** Broken MUSTs come last, because the end of the output is what people see. */
function linesOf({ passed, differences, notHeld }: Results): string[] {
  const rules = JSON.parse(readFileSync(path.join(import.meta.dirname, "rules.json"), "utf8")) as Rule[];
  const judged = differences.map((one) => ({ ...one, musts: mustsOf(one.title, rules) }));
  const broken = judged.filter(({ musts }) => musts.length > 0);
  const choices = judged.filter(({ musts }) => musts.length === 0);
  return [
    ...notHeld.map((title) => `not held with this broker: ${title}`),
    ...choices.map(({ title, seen }) => `differs, a choice: ${title}: ${seen}`),
    ...broken.map(({ title, seen, musts }) => `differs, MUST (${musts.join(", ")}): ${title}: ${seen}`),
    `${passed} passed, ${differences.length} failed (${broken.length} where a rule says MUST, ${choices.length} choices), ${notHeld.length} not held`,
  ];
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
  for (const url of positionals) {
    const why = await whyNotReachable(url);
    if (why !== undefined) throw new UsageError(why);
  }
  const folder = mkdtempSync(path.join(tmpdir(), "durable-mqtt-conformance-"));
  try {
    const reportFile = path.join(folder, "report.json");
    const exitCode = await runTests(environment, reportFile);
    if (!existsSync(reportFile)) return exitCode;
    const results = resultsOf(JSON.parse(readFileSync(reportFile, "utf8")) as JsonReport);
    for (const line of linesOf(results)) console.log(line);
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
