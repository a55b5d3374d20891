// `npm run measure:memory`: measures the memory of the server's processes while clients misbehave, and what a quiet
// pair of clients notices. For people to look at: nothing is judged.

import { parseArgs } from "node:util";
import { passed } from "../support/time.ts";
import { Bystander, type Latency } from "./bystander.ts";
import { type Scenario, scenarios } from "./scenarios.ts";
import { type Memory, ServerProcess } from "./server-process.ts";

const usage = `Measures the server's memory under what may grow, each in a server of its own.

  npm run measure:memory -- [flags]

  --only TEXT           those whose name has this in it
  --retained 1000000    topics of the last one
  --help
`;

type Row = {
  readonly name: string;
  readonly before: Memory;
  readonly peak: Memory;
  readonly after: Memory;
  readonly quiet: Latency;
  readonly during: Latency;
  readonly outcome: string;
};

const quietMs = 5_000;
/** After this time, everything that can be freed has been. */
const freedWithinMs = 5_000;

async function measure({ name, variables = {}, descriptors, prepare }: Scenario): Promise<Row> {
  const server = await ServerProcess.start(variables, descriptors);
  const bystander = await Bystander.start((clientId) => server.url("native WebSocket", clientId));
  try {
    const act = await prepare(server);
    await bystander.latency();
    await passed(quietMs);
    const quiet = await bystander.latency();
    const before = server.now();
    server.restartPeak();
    const outcome = await act();
    const during = await bystander.latency();
    await passed(freedWithinMs);
    return { name, before, peak: server.peak, after: server.now(), quiet, during, outcome };
  } finally {
    await bystander.end();
    await server.close();
  }
}

function textOf({ name, before, peak, after, quiet, during, outcome }: Row): string {
  const mib = (part: keyof Memory) => [before, peak, after].map((memory) => memory[part].toFixed(0)).join(" / ");
  const ms = ({ p50Ms, p99Ms }: Latency) => `${p50Ms.toFixed(1)} / ${p99Ms.toFixed(1)}`;
  return `| ${[name, mib("workerdMib"), mib("nodeMib"), ms(quiet), ms(during), outcome].join(" | ")} |`;
}

const { values } = parseArgs({
  options: { only: { type: "string" }, retained: { type: "string" }, help: { type: "boolean" } },
});
if (values.help) {
  process.stdout.write(usage);
} else {
  console.log("| | workerd, MiB: before / most / after | Node.js, MiB | bystander, ms: p50 / p99 before | during | |");
  console.log("|---|---|---|---|---|---|");
  const chosen = scenarios(Number(values.retained ?? "1000000")).filter(({ name }) => name.includes(values.only ?? ""));
  for (const scenario of chosen) console.log(textOf(await measure(scenario)));
  // What the clients of a server that is gone still hold is of no interest.
  process.exit(0);
}
