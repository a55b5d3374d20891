// npm run simulate -- --seeds 1000: runs of the simulator on all cores; exits with 1 when a promise was broken.
// --seed 42 runs one; --trace tells all that happens in it. --features relay,access has worlds with these features and no
// other, --plain with none. --sabotage NAME runs a broker with a fault of sabotage.ts. --stop ends at the first failure.

import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { featureNamesOf } from "./features.ts";
import { runSeeds } from "./pool.ts";
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
  },
});

const seeds =
  values.seed === undefined
    ? Array.from({ length: Number(values.seeds) }, (_, index) => Number(values.first) + index)
    : [Number(values.seed)];

const startMs = Date.now();
const failures = await runSeeds(seeds, {
  threads: availableParallelism(),
  sabotage: values.sabotage as SabotageName | undefined,
  features: values.plain ? [] : values.features === undefined ? undefined : featureNamesOf(values.features.split(",")),
  stopsAtFailure: values.stop,
  onTrace: values.trace ? console.log : undefined,
  onFailure: ({ seed, broken }) => console.log(`seed ${seed}: ${broken}`),
});
const seconds = ((Date.now() - startMs) / 1000).toFixed(1);
console.log(`${seeds.length} seeds, ${failures.length} failed, ${seconds} s`);
process.exitCode = failures.length === 0 ? 0 : 1;
