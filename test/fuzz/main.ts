// `npm run fuzz`: mutated conversations against a server of its own, until the time is over or something is found.

import { parseArgs } from "node:util";
import { fuzz, type Progress } from "./fuzz.ts";
import { describeScript, scriptOf } from "./mutations.ts";

const usage = `The fuzzer: hostile clients, and well-behaved ones beside them, who are not to notice

  npm run fuzz -- [flags]

  --minutes 1   how long
  --seed N      what is done; else it is any
  --from 0      the first case
  --cases N     how many; a finding's case alone is --seed S --from N --cases 1
  --show        shows what these cases send, and sends nothing
  --help
`;

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "1" },
    seed: { type: "string", default: String(Math.floor(Math.random() * 2 ** 31)) },
    from: { type: "string", default: "0" },
    cases: { type: "string", default: "Infinity" },
    show: { type: "boolean" },
    help: { type: "boolean", short: "h" },
  },
});
const seed = Number(values.seed);
const firstCase = Number(values.from);
const cases = Number(values.cases);

if (values.help) console.log(usage);
else if (values.show) show();
else await run();

function show(): void {
  const count = Number.isFinite(cases) ? cases : 1;
  for (let index = firstCase; index < firstCase + count; index += 1) {
    console.log(`case ${index} ${describeScript(scriptOf(seed, index))}`);
  }
}

async function run(): Promise<void> {
  console.log(`seed ${seed}`);
  const startMs = performance.now();
  const onProgress = ({ cases, bytes }: Progress) => {
    const minutes = Math.round((performance.now() - startMs) / 60_000);
    console.log(`${minutes} min: ${cases} cases, workerd ${megabytes(bytes)}`);
  };
  const report = await fuzz({ seed, firstCase, cases, durationMs: Number(values.minutes) * 60_000, onProgress });
  for (const finding of report.findings) console.log(`\n${finding}\n`);
  for (const [name, count] of [...report.mutations].sort()) console.log(`${String(count).padStart(8)} ${name}`);
  const { bytesBefore, mostBytes, bytes } = report;
  console.log(
    `${report.cases} cases, ${report.findings.length} findings; ` +
      `well-behaved clients got ${report.witnessed} messages, each within ${Math.round(report.slowestMs)} ms; ` +
      `workerd ${megabytes(bytesBefore)} before, ${megabytes(mostBytes)} at most, ${megabytes(bytes)} after`,
  );
  process.exit(report.findings.length === 0 ? 0 : 1);
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}
