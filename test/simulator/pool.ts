// Runs many seeds in threads, because each thread has globals of its own that can be replaced.

import { join } from "node:path";
import { Worker } from "node:worker_threads";
import type { FeatureName } from "./features.ts";
import type { SabotageName } from "./sabotage.ts";

export type Failure = { readonly seed: number; readonly broken: string };

export type PoolOptions = {
  readonly threads: number;
  /** A guarantee to switch off; see sabotage.ts. */
  readonly sabotage?: SabotageName | undefined;
  /** All worlds have these features and no other; otherwise those of the sabotage, or what each seed chooses. */
  readonly features?: readonly FeatureName[] | undefined;
  /** Ends everything at the first failure. */
  readonly stopsAtFailure?: boolean;
  readonly onTrace?: ((line: string) => void) | undefined;
  /** Gets what happens to every session, as lines of session-recording.ts. */
  readonly onRecorded?: ((line: string) => void) | undefined;
  readonly onFailure?: ((failure: Failure) => void) | undefined;
};

/** What a thread reports. */
export type Told =
  | { readonly type: "trace"; readonly line: string }
  | { readonly type: "recorded"; readonly line: string }
  | { readonly type: "done"; readonly seed: number; readonly broken: string | undefined };

export type ThreadData = {
  readonly sabotage: SabotageName | undefined;
  readonly features: readonly FeatureName[] | undefined;
  readonly traces: boolean;
  readonly records: boolean;
};

/** @returns the seeds with which a promise was broken, in order */
export async function runSeeds(seeds: readonly number[], options: PoolOptions): Promise<Failure[]> {
  const failures: Failure[] = [];
  const left = [...seeds];
  const threads = Math.min(options.threads, seeds.length);
  await Promise.all(Array.from({ length: threads }, () => runThread(left, failures, options)));
  return failures.sort((one, other) => one.seed - other.seed);
}

function runThread(left: number[], failures: Failure[], options: PoolOptions): Promise<void> {
  const { sabotage, features, stopsAtFailure = false, onTrace, onRecorded, onFailure } = options;
  const workerData: ThreadData = {
    sabotage,
    features,
    traces: onTrace !== undefined,
    records: onRecorded !== undefined,
  };
  const worker = new Worker(join(import.meta.dirname, "thread.ts"), { workerData });
  return new Promise((resolve, reject) => {
    const next = () => {
      const seed = stopsAtFailure && failures.length > 0 ? undefined : left.shift();
      if (seed === undefined) void worker.terminate().then(() => resolve());
      else worker.postMessage(seed);
    };
    worker.on("message", (told: Told) => {
      if (told.type === "trace") {
        onTrace?.(told.line);
        return;
      }
      if (told.type === "recorded") {
        onRecorded?.(told.line);
        return;
      }
      const { seed, broken } = told;
      if (broken !== undefined) {
        failures.push({ seed, broken });
        onFailure?.({ seed, broken });
      }
      next();
    });
    worker.on("error", reject);
    next();
  });
}
