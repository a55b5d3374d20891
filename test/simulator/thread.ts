// One thread of the pool: takes seeds, and tells what became of them.

import { parentPort, workerData } from "node:worker_threads";
import { simulateModules } from "./globals.ts";
import type { Instance } from "./instance.ts";
import type { ThreadData, Told } from "./pool.ts";
import type { World } from "./world.ts";

// Before anything of src/objects is imported.
simulateModules();
const { World: SimulatedWorld } = await import("./world.ts");
const { optionsOf, sabotages } = await import("./sabotage.ts");
const { recordSessions } = await import("../support/session-recording.ts");

const { sabotage, features, traces, records } = workerData as ThreadData;
const tell = (told: Told) => parentPort?.postMessage(told);
const options = sabotage === undefined ? {} : optionsOf(sabotages[sabotage]);

const onTrace = traces ? (line: string) => tell({ type: "trace", line }) : undefined;

let world: World | undefined;
if (records) {
  recordSessions({
    describe: () => {
      // The object that the session is of.
      const { host } = (world as World).clock.running as Instance;
      return { name: host.name, stored: host.storage.dump() };
    },
    write: (line) => tell({ type: "recorded", line }),
  });
}
// Between two runs as well: what one has left behind may still be refused then, and that is nobody's fault.
process.on("unhandledRejection", (error) => world?.onUncaught(error));

parentPort?.on("message", async (seed: number) => {
  world = new SimulatedWorld({ seed, onTrace, ...options, ...(features && { features }) });
  const broken = await world.run();
  world = undefined;
  tell({ type: "done", seed, broken });
});
