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

const onTrace = traces ? (line: string) => tell({ type: "trace", line }) : undefined;

parentPort?.on("message", async (seed: number) => {
  const world = new World({ seed, onTrace, ...options });
  const onRejection = (error: unknown) => world.onUncaught(error);
  process.on("unhandledRejection", onRejection);
  const broken = await world.run();
  process.off("unhandledRejection", onRejection);
  tell({ type: "done", seed, broken });
});
