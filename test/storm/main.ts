// `npm run test:storm`: cuts off many sessions at once, and reports how they come back.

import { parseArgs } from "node:util";
import { run, type StormReport } from "./run.ts";

const usage = `Cuts off many durable sessions at once, as a deploy does, and measures their return.

  npm run test:storm -- [flags]

  --sessions 2000
  --help
`;

function textOf({ sessions, resumedSec, heardSec, queued, lost, calls }: StormReport): string {
  const seconds = (sorted: readonly number[]) => {
    const [first = 0, median = 0, last = 0] = [0, Math.floor(sorted.length / 2), sorted.length - 1].map(
      (i) => sorted[i],
    );
    return `${first.toFixed(2)} s the first, ${median.toFixed(2)} s the median, ${last.toFixed(2)} s the last`;
  };
  const lines = [
    ["sessions", `${sessions}`],
    ["CONNACK", `${seconds(resumedSec)}; every session present`],
    ["a message", `${seconds(heardSec)}; published once all were back`],
    ["queued", `${queued} messages, ${lost.length} lost`],
    ...Object.entries(calls).map(([name, count]) => ["calls", `${count}  ${name}`]),
  ];
  return `${lines.map(([name = "", value = ""]) => `${name.padEnd(12)}${value}`).join("\n")}\n`;
}

const { values } = parseArgs({ options: { sessions: { type: "string" }, help: { type: "boolean" } } });
const sessions = Number(values.sessions ?? "2000");
if (values.help) {
  process.stdout.write(usage);
} else if (!Number.isInteger(sessions) || sessions < 1 || sessions > 5_000) {
  console.error(`--sessions is "${values.sessions}": give a number from 1 to 5000.`);
  process.exitCode = 2;
} else {
  const report = await run(sessions);
  process.stdout.write(textOf(report));
  if (report.lost.length > 0) process.exitCode = 1;
}
