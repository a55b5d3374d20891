// `npm run cost`: counts in real runs what Cloudflare would bill, and compares it with AWS IoT Core's price for the
// same work.

import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { BundleError } from "../local-server/bundle.ts";
import { withFigures } from "./document.ts";
import { jsonOf, renderReport } from "./report.ts";
import { run, scenarios } from "./run.ts";
import type { Scenario } from "./scenario.ts";

const usage = `Plays messages, idle devices and reconnects on the real Worker, counts what Cloudflare bills, and prints the dollars

  npm run cost -- [flags]    about four minutes

  --only NAME    the runs whose names contain this (repeatable); --list shows the names
  --json         with everything that was counted, for each SQL statement
  --document     writes the figures into docs/COST.md as well
  --list
  --help
`;

const documentFile = path.join(import.meta.dirname, "../../docs/COST.md");

/** The message is one line that says what to do. */
class UsageError extends Error {}

async function main(args: string[]): Promise<void> {
  const { only, json, document, list, help } = parse(args);
  const chosen = chosenOf(only ?? []);
  if (document && only !== undefined) throw new UsageError("--document needs all runs: leave out --only.");
  if (help) {
    process.stdout.write(usage);
  } else if (list) {
    process.stdout.write(`${chosen.map(({ name, title }) => `${name.padEnd(32)}${title}`).join("\n")}\n`);
  } else {
    const report = await run(chosen, (title) => process.stderr.write(`played: ${title}\n`));
    if (document) writeFileSync(documentFile, withFigures(readFileSync(documentFile, "utf8"), renderReport(report)));
    process.stdout.write(json ? jsonOf(report) : renderReport(report));
  }
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        only: { type: "string", multiple: true },
        json: { type: "boolean" },
        document: { type: "boolean" },
        list: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    }).values;
  } catch (error) {
    const [sentence] = (error as Error).message.split(/\.\s|\n/);
    throw new UsageError(`${sentence?.replace(/\.$/, "")}: see npm run cost -- --help.`);
  }
}

function chosenOf(only: readonly string[]): readonly Scenario[] {
  for (const part of only) {
    if (scenarios.some(({ name }) => name.includes(part))) continue;
    throw new UsageError(`--only is "${part}", which is in no run's name: see npm run cost -- --list.`);
  }
  return only.length === 0 ? scenarios : scenarios.filter(({ name }) => only.some((part) => name.includes(part)));
}

main(process.argv.slice(2)).catch((error: unknown) => {
  const isExplained = error instanceof UsageError || error instanceof BundleError;
  process.stderr.write(`${isExplained ? (error as Error).message : (error as Error).stack}\n`);
  process.exit(1);
});
