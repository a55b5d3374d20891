// One thread of the pool: takes seeds, and tells what became of them.

import { parentPort, workerData } from "node:worker_threads";
import { simulateModules } from "./globals.ts";
import type { ThreadData, Told } from "./pool.ts";

// Before anything of src/objects is imported.
simulateModules();
const { World } = await import("./world.ts");
const { optionsOf, sabotages } = await import("./sabotage.ts");

const { sabotage, features, traces } = workerData as ThreadData;
const tell = (told: Told) => parentPort?.postMessage(told);
const options = sabotage === undefined ? {} : optionsOf(sabotages[sabotage]);

const onTrace = traces ? (line: string) => tell({ type: "trace", line }) : undefined;

let world: InstanceType<typeof World> | undefined;
// Between two runs as well: what one has left behind may still be refused then, and that is nobody's fault.
process.on("unhandledRejection", (error) => world?.onUncaught(error));

parentPort?.on("message", async (seed: number) => {
  world = new World({ seed, onTrace, ...options, ...(features && { features }) });
  const broken = await world.run();
  world = undefined;
  tell({ type: "done", seed, broken });
});
