// `npm run test:crash`: kills the broker under load many times, and reports what became of the messages that it had
// acknowledged.

import { parseArgs } from "node:util";
import { textOf, violationsOf } from "./report.ts";
import { run } from "./run.ts";

const usage = `Kills workerd under load, again and again, and looks for what it had acknowledged.

  npm run test:crash -- [flags]

  --rounds 50   crashes, or a few more
  --seed N      decides the moments; by default another one each time
  --help
`;

/** One line that says what to do. */
class UsageError extends Error {}

const seedMaximum = 0xffff_ffff;

function numberOf(flag: string, text: string, most: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value > most) throw new UsageError(`${flag} is "${text}": give a number up to ${most}.`);
  return value;
}

/** @returns the exit code */
async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { rounds: { type: "string" }, seed: { type: "string" }, help: { type: "boolean" } },
  });
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  const rounds = numberOf("--rounds", values.rounds ?? "50", 10_000);
  const seed = numberOf("--seed", values.seed ?? `${Math.floor(Math.random() * seedMaximum)}`, seedMaximum);
  console.log(`seed ${seed}`);
  const report = await run({
    rounds,
    seed,
    messagesPerRound: 1_000,
    onRound: (round) => {
      if (round % 10 === 0) console.log(`${round} rounds`);
    },
  });
  process.stdout.write(textOf(report));
  return violationsOf(report).length === 0 ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof UsageError) && !(error as { code?: string }).code?.startsWith("ERR_PARSE_ARGS")) throw error;
  console.error((error as Error).message);
  process.exitCode = 2;
}
