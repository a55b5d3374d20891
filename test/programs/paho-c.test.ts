// Eclipse Paho's C library, in Debian's version: a small device, compiled and run over TCP and WebSocket.

import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { useClosedBroker } from "../examples/support.ts";
import { type RunningProgram, runInFolder } from "../support/program-in-folder.ts";
import { hasInstalled } from "./installed.ts";

const isInstalled = hasInstalled("Paho's C library", "/usr/include/MQTTClient.h", "gcc");

const patientMs = 15_000;

describe.skipIf(!isInstalled)("Paho's C library", { timeout: patientMs * 8 }, () => {
  const closed = useClosedBroker();
  let folder: string;
  let program: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "durable-mqtt-test-"));
    program = path.join(folder, "paho");
    const source = path.join(import.meta.dirname, "paho.c");
    await promisify(execFile)("gcc", ["-Wall", "-Werror", "-o", program, source, "-lpaho-mqtt3c"]);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const addresses = {
    TCP: () => `tcp://127.0.0.1:${closed.gateway.port}`,
    "/mqtt": () => closed.broker.ws,
    "/mqtt/{clientId}": (clientId: string) => closed.broker.wsNative(clientId),
  };
  const ways = Object.keys(addresses) as (keyof typeof addresses)[];
  const cases = ways.flatMap((way) => ([4, 5] as const).map((version) => ({ way, version })));

  it.each(cases)("publishes, takes a command and is missed, by $way at version $version", async ({ way, version }) => {
    const name = `paho-${version}-${ways.indexOf(way)}`;
    const { watcher, inbox } = await closed.watch(name);
    const { username, token } = await closed.addDevice(name);
    const start = () => runInFolder(program, [addresses[way](name), username, token, name, String(version)]);

    const device = await start();
    await device.outputUntil(/^connected$/m);
    expect((await inbox.take(2, patientMs)).map(contentOf)).toEqual([
      "status online",
      'telemetry {"temperature":21.5}',
    ]);
    await watcher.publishAsync(`devices/${name}/command`, "on", { qos: 1 });
    await device.outputUntil(new RegExp(`^devices/${name}/command on at QoS 1$`, "m"));
    await inbox.take(1, patientMs);
    device.process.kill("SIGKILL");
    expect((await inbox.take(1, patientMs)).map(contentOf)).toEqual(["status offline"]);

    const second = await start();
    await second.outputUntil(/^connected$/m);
    await inbox.take(2, patientMs);
    await watcher.publishAsync(`devices/${name}/command`, "end", { qos: 1 });
    expect(await exitCodeOf(second)).toBe(0);
  });

  it("says that its token is not right", async () => {
    const { username } = await closed.addDevice("paho-wrong");
    const device = await runInFolder(program, [addresses.TCP(), username, "dmq_wrong", "paho-wrong", "5"]);
    await device.outputUntil(/^connect: 134$/m);
  });
});

function contentOf({ topic, payload }: { topic: string; payload: string | Buffer }): string {
  return `${topic.split("/").at(-1)} ${payload}`;
}

async function exitCodeOf({ process }: RunningProgram): Promise<number | null> {
  if (process.exitCode === null) await once(process, "exit");
  return process.exitCode;
}
