// `npm run bench`: puts the same work on this broker, on others and on the platform's floor, and prints tables.

import { cpus } from "node:os";
import { readCommand, UsageError, usage } from "./command-line.ts";
import { jsonOf, type Report, textOf } from "./report.ts";
import { Aborted, Bench } from "./run.ts";
import { targets, versions } from "./targets/targets.ts";
import { works } from "./works.ts";

const exitCodeOfSignal = 130;

async function main(args: readonly string[]): Promise<void> {
  const names = { works: works.map(({ name }) => name), targets: targets.map(({ name }) => name) };
  const command = readCommand(args, names);
  if (command === "help") {
    process.stdout.write(usage);
    return;
  }
  const { isQuick, rounds, seconds } = command;
  const measuredMs = seconds * 1000;
  const bench = new Bench({
    works: works.filter(({ name }) => command.works.includes(name)),
    targets: targets.filter(({ name }) => command.targets.includes(name)),
    rounds,
    pace: {
      warmUpMs: isQuick ? 150 : 1_000,
      measuredMs,
      offeredMs: isQuick ? measuredMs : 60_000,
      isPatient: !isQuick,
    },
    isQuick,
    progress: (line) => process.stderr.write(`${line}\n`),
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => bench.abort());
  const results = await bench.run();
  const report: Report = {
    date: new Date().toISOString(),
    machine: `${cpus().length} cores of ${cpus()[0]?.model}`,
    versions: await versions(),
    command: ["npm run bench", ...(args.length > 0 ? ["--", ...args] : [])].join(" "),
    results,
    skipped: targets
      .filter(({ name }) => bench.skipped.has(name))
      .map(({ name, missing }) => `${name} is skipped: ${missing}`),
  };
  process.stdout.write(`${command.isJson ? jsonOf(report) : textOf(report)}\n`);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  if (error instanceof Aborted) process.exit(exitCodeOfSignal);
  process.stderr.write(`${error instanceof UsageError ? error.message : (error as Error).stack}\n`);
  process.exit(error instanceof UsageError ? 2 : 1);
});
