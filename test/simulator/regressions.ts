// Mistakes of the broker that the simulator has found, each with a seed that finds it again when it is put back. A change
// of the workload or of the faults makes another run of a seed: then its test fails, and another seed is to be found,
// `npm run simulate -- --sabotage NAME`. `undefined` where none of the present worlds is known yet to find it.

import type { SabotageName } from "./sabotage.ts";

type Regression = { readonly seed: number | undefined; readonly mistake: SabotageName };

export const regressions: readonly Regression[] = [
  // The disk failed amid an object's first statements, and it never started again.
  { seed: 47, mistake: "transactions that are not whole" },
  // A member had stored a QoS 2 message, and crashed before it answered; asked again, with its client gone, it refused,
  // and another member got a second copy.
  { seed: undefined, mistake: "repeats refused" },
  // A topic object kept a message for a session that it could not reach, and said so; when it could, the queue was full.
  { seed: 458, mistake: "owed messages dropped by a full queue" },
];
