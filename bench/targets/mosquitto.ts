// Mosquitto over WebSocket, as Debian packages it, everything in memory and without the limits that would drop messages.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { userInfo } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as passed } from "node:timers/promises";
import { host, type RunningTarget, temporaryFolder } from "./target.ts";

const probeAfterMs = 20;

/** Debian installs it in a folder that is only on root's path. */
const environment = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` };

function configurationOf(port: number, folder: string): string {
  const lines = [
    // This listener is not used, but version 2.0.11 does not start with WebSocket listeners alone.
    `listener 0 ${path.join(folder, "mosquitto.socket")}`,
    `listener ${port} ${host}`,
    "protocol websockets",
    "allow_anonymous true",
    // Started as root, it would switch to a user without rights to the folder.
    `user ${userInfo().username}`,
    "persistence false",
    "max_inflight_messages 0",
    "max_queued_messages 0",
    "set_tcp_nodelay true",
    "log_type error",
  ];
  return `${lines.join("\n")}\n`;
}

/**
 * @returns `undefined` if it is not installed
 * @throws {Error} if it does not start
 */
export async function startMosquitto(): Promise<RunningTarget | undefined> {
  const { folder, remove } = await temporaryFolder();
  const port = await freePort();
  const file = path.join(folder, "mosquitto.conf");
  await writeFile(file, configurationOf(port, folder));
  const child = spawn("mosquitto", ["-c", file], { stdio: ["ignore", "ignore", "pipe"], env: environment });
  const said = text(child.stderr);
  const kill = () => child.kill("SIGKILL");
  const ended = new Promise((resolve) => child.once("close", resolve));
  const stop = async () => {
    kill();
    await ended;
    process.off("exit", kill);
    await remove();
  };
  const isThere = await once(child, "spawn").then(
    () => true,
    () => false,
  );
  if (!isThere) {
    await remove();
    return undefined;
  }
  process.on("exit", kill);
  while (!(await accepts(port))) {
    if (child.exitCode !== null) {
      await stop();
      throw new Error(`mosquitto does not start: ${(await said).trim()}`);
    }
    await passed(probeAfterMs);
  }
  return { address: { host, port, path: "/mqtt", speaksMqtt: true, pids: [child.pid as number] }, stop };
}

/** "none" if it is not installed. */
export async function mosquittoVersion(): Promise<string> {
  const child = spawn("mosquitto", ["-h"], { stdio: ["ignore", "pipe", "ignore"], env: environment });
  child.on("error", () => {}); // It is not installed.
  return /version (?<version>\S+)/.exec(await text(child.stdout))?.groups?.version ?? "none";
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, host);
  await once(probe, "listening");
  const { port } = probe.address() as { port: number };
  probe.close();
  await once(probe, "close");
  return port;
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
