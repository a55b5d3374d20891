// One thread of the pool: takes seeds, and tells what became of them.

import { parentPort, workerData } from "node:worker_threads";
import { simulateModules } from "./globals.ts";
import type { ThreadData, Told } from "./pool.ts";

// Before anything of src/objects is imported.
simulateModules();
const { World } = await import("./world.ts");
const { sabotages } = await import("./sabotage.ts");

const { sabotage, traces } = workerData as ThreadData;
const tell = (told: Told) => parentPort?.postMessage(told);
const options = sabotage === undefined ? {} : sabotages[sabotage]();

parentPort?.on("message", async (seed: number) => {
  const onTrace = traces ? (line: string) => tell({ type: "trace", line }) : undefined;
  const broken = await new World({ seed, onTrace, ...options }).run();
  tell({ type: "done", seed, broken });
});
