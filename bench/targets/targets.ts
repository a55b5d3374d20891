// The targets by name: ours on both paths, two other brokers, and the floor.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { connect } from "node:net";
import { tmpdir, userInfo } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as passed } from "node:timers/promises";
import { freePort, host, killed, type RunningTarget, startChild, type Target } from "./target.ts";

/** Limits that protect others from one client; a load generator is what they are against. */
const ourSettings = ["MAXIMUM_PUBLISH_RATE=0", "MAXIMUM_CONNECTS_PER_MINUTE=0"];

const probeAfterMs = 20;

/** Debian puts mosquitto where only root looks. */
const environment = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` };

async function temporaryFolder(): Promise<{ folder: string; remove: () => Promise<void> }> {
  const folder = await mkdtemp(path.join(tmpdir(), "durable-mqtt-bench-"));
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}

async function startWorkers(mqttPath: string, speaksMqtt: boolean, flags: readonly string[]): Promise<RunningTarget> {
  const { folder, remove } = await temporaryFolder();
  const { ready, stop } = await startChild("workers-process.ts", "--data", folder, ...flags);
  return {
    address: { host, path: mqttPath, speaksMqtt, ...ready },
    async stop() {
      await stop();
      await remove();
    },
  };
}

const ourFlags = ourSettings.flatMap((setting) => ["--set", setting]);

async function startAedes(): Promise<RunningTarget> {
  const { ready, stop } = await startChild("aedes-process.ts");
  return { address: { host, path: "/", speaksMqtt: true, ...ready }, stop };
}

function mosquittoConfiguration(port: number, folder: string): string {
  const lines = [
    // Nobody uses it; version 2.0.11 does not start with WebSocket listeners alone.
    `listener 0 ${path.join(folder, "mosquitto.socket")}`,
    `listener ${port} ${host}`,
    "protocol websockets",
    "allow_anonymous true",
    // Or the rights that it would give away as root keep it from the folder.
    `user ${userInfo().username}`,
    "persistence false",
    "max_inflight_messages 0",
    "max_queued_messages 0",
    "set_tcp_nodelay true",
    "log_type error",
  ];
  return `${lines.join("\n")}\n`;
}

async function startMosquitto(): Promise<RunningTarget | undefined> {
  const { folder, remove } = await temporaryFolder();
  const file = path.join(folder, "mosquitto.conf");
  const port = await freePort();
  await writeFile(file, mosquittoConfiguration(port, folder));
  const child = spawn("mosquitto", ["-c", file], { stdio: ["ignore", "ignore", "inherit"], env: environment });
  const isThere = await Promise.race([
    once(child, "spawn").then(() => true),
    once(child, "error").then(() => false),
  ]).catch(() => false);
  if (!isThere) {
    await remove();
    return undefined;
  }
  const kill = () => child.kill("SIGKILL");
  process.on("exit", kill);
  const stop = async () => {
    process.off("exit", kill);
    await killed(child);
    await remove();
  };
  while (!(await accepts(port))) {
    if (child.exitCode !== null) throw new Error("mosquitto does not start");
    await passed(probeAfterMs);
  }
  return { address: { host, port, path: "/mqtt", speaksMqtt: true, pids: [child.pid as number] }, stop };
}

async function mosquittoVersion(): Promise<string> {
  const child = spawn("mosquitto", ["-h"], { stdio: ["ignore", "pipe", "ignore"], env: environment });
  child.on("error", () => {}); // It is not there.
  return /version (?<version>\S+)/.exec(await text(child.stdout))?.groups?.version ?? "none";
}

async function accepts(port: number): Promise<boolean> {
  const probe = connect(port, host);
  try {
    await once(probe, "connect");
    return true;
  } catch {
    return false;
  } finally {
    probe.destroy();
  }
}

export const targets: readonly Target[] = [
  { name: "ours", hibernates: true, start: () => startWorkers("/mqtt/{clientId}", true, ourFlags) },
  { name: "ours-relayed", hibernates: true, start: () => startWorkers("/mqtt", true, ourFlags) },
  { name: "aedes", hibernates: false, start: startAedes },
  { name: "mosquitto", hibernates: false, start: startMosquitto, missing: "install mosquitto" },
  { name: "floor", hibernates: true, start: () => startWorkers("/floor/{clientId}", false, ["--floor"]) },
];

/** Of what is compared. */
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
