// The targets by name: our broker on both paths and behind its front door, two other brokers, and the floor.

import { createRequire } from "node:module";
import { mosquittoVersion, startMosquitto } from "./mosquitto.ts";
import { host, type RunningTarget, startChild, type Target } from "./target.ts";

/** These limits protect others from a client like a load generator. */
const ourSettings = ["MAXIMUM_PUBLISH_RATE=0", "MAXIMUM_CONNECTS_PER_MINUTE=0", "MAXIMUM_SUBSCRIPTION_BYTES=268435456"];

async function startWorkers(mqttPath: string, speaksMqtt: boolean, flags: readonly string[]): Promise<RunningTarget> {
  const { ready, stop } = await startChild("workers-process.ts", ...flags);
  return { address: { host, path: mqttPath, speaksMqtt, ...ready }, stop };
}

const ourFlags = ourSettings.flatMap((setting) => ["--set", setting]);

async function startAedes(): Promise<RunningTarget> {
  const { ready, stop } = await startChild("aedes-process.ts");
  return { address: { host, path: "/", speaksMqtt: true, ...ready }, stop };
}

export const targets: readonly Target[] = [
  { name: "ours", hibernates: true, start: () => startWorkers("/mqtt/{clientId}", true, ourFlags) },
  { name: "ours-relayed", hibernates: true, start: () => startWorkers("/mqtt", true, ourFlags) },
  {
    name: "ours-front-door",
    hibernates: true,
    start: () => startWorkers("/mqtt/{clientId}", true, ["--front-door", ...ourFlags]),
  },
  { name: "aedes", hibernates: false, start: startAedes },
  { name: "mosquitto", hibernates: false, start: startMosquitto, missing: "install mosquitto" },
  { name: "floor", hibernates: true, start: () => startWorkers("/floor/{clientId}", false, ["--floor"]) },
];

/** The versions of what is compared. */
export async function versions(): Promise<Record<string, string>> {
  const require = createRequire(import.meta.url);
  const { devDependencies } = require("../../package.json") as { devDependencies: Record<string, string> };
  const { version: workerd } = require("workerd/package.json") as { version: string };
  return {
    workerd,
    "Node.js": process.versions.node,
    Aedes: devDependencies.aedes ?? "",
    Mosquitto: await mosquittoVersion(),
  };
}
