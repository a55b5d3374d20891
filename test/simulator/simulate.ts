// npm run simulate -- --seeds 1000: runs of the simulator on all cores; exits with 1 when a promise was broken.
// --seed 42 runs one; --trace tells all that happens in it. --features relay,access has worlds with these features and no
// other, --plain with none. --sabotage NAME runs a broker with a fault of sabotage.ts. --stop ends at the first failure.
// The sessions of a failing seed are recorded in a file, and --replay FILE has them live through it again.

import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { featureNamesOf } from "./features.ts";
import { type PoolOptions, runSeeds } from "./pool.ts";
import { recordSeed, replayFile } from "./recording.ts";
import type { SabotageName } from "./sabotage.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "1000" },
    first: { type: "string", default: "1" },
    seed: { type: "string" },
    trace: { type: "boolean", default: false },
    sabotage: { type: "string" },
    features: { type: "string" },
    plain: { type: "boolean", default: false },
    stop: { type: "boolean", default: false },
    replay: { type: "string" },
  },
});

if (values.replay !== undefined) process.exit(replayFile(values.replay, values.trace, console.log) === 0 ? 0 : 1);

/** More failing seeds than these are not recorded: a file takes some megabytes. */
const mostRecorded = 3;

const seeds =
  values.seed === undefined
    ? Array.from({ length: Number(values.seeds) }, (_, index) => Number(values.first) + index)
    : [Number(values.seed)];

const startMs = Date.now();
const options: PoolOptions = {
  threads: availableParallelism(),
  sabotage: values.sabotage as SabotageName | undefined,
  features: values.plain ? [] : values.features === undefined ? undefined : featureNamesOf(values.features.split(",")),
  stopsAtFailure: values.stop,
  onTrace: values.trace ? console.log : undefined,
  onFailure: ({ seed, broken }) => console.log(`seed ${seed}: ${broken}`),
};
const failures = await runSeeds(seeds, options);
const seconds = ((Date.now() - startMs) / 1000).toFixed(1);
console.log(`${seeds.length} seeds, ${failures.length} failed, ${seconds} s`);
for (const { seed } of failures.slice(0, mostRecorded)) {
  const path = await recordSeed(seed, options);
  console.log(`its sessions are recorded: npm run simulate -- --replay ${path} (--trace shows each event)`);
}
process.exitCode = failures.length === 0 ? 0 : 1;
