// The examples for Node.js and Python, filled in as the dashboard shows them, run as programs.

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { exampleFor } from "../../tools/device-setup/examples.ts";
import { apiOf } from "../support/api.ts";
import { languages, runProgram } from "../support/device-program.ts";
import { groupKilled } from "../support/program.ts";
import { undoAfterTest } from "../support/undo.ts";
import { exampleText, useClosedBroker } from "./support.ts";

const root = path.join(import.meta.dirname, "../..");
const anywhere = { host: "127.0.0.1", port: 1883 };

describe.each(languages)("a device in $language", ({ command, example, fileName }) => {
  const closed = useClosedBroker();

  it("says that it is online, publishes a reading, takes a command, and is missed", async () => {
    const { watcher, inbox } = await closed.watch("hall");
    const setup = await closed.addDevice("hall");
    const device = await runProgram(command, fileName, exampleFor(await exampleText(example), setup, anywhere));
    await device.outputUntil(/connected as hall, topics devices\/hall\/#/);
    const [online, telemetry] = await inbox.take(2);
    expect(online).toMatchObject({ topic: "devices/hall/status", qos: 1 });
    expect(String(online?.payload)).toBe("online");
    expect(telemetry).toMatchObject({ topic: "devices/hall/telemetry", qos: 1 });
    expect(JSON.parse(String(telemetry?.payload))).toMatchObject({ temperature: expect.any(Number) });
    // The subscription's SUBACK comes before what it brings: until then nothing of it is sent.
    await expect.poll(() => closed.subscriptionsOf("hall")).toEqual(["devices/hall/command"]);
    await watcher.publishAsync("devices/hall/command", "on", { qos: 1 });
    await device.outputUntil(/^devices\/hall\/command on$/m);
    await inbox.take(1);
    device.process.kill("SIGKILL");
    await once(device.process, "exit");
    const [offline] = await inbox.take(1);
    expect(String(offline?.payload)).toBe("offline");
  });

  it("says that it is refused, and comes back once it is not", async () => {
    const setup = await closed.addDevice("cellar");
    const api = apiOf(closed.broker);
    const { body } = await api.call("GET", "/devices?search=cellar");
    const setEnabled = (enabled: boolean) => api.call("PATCH", `/credentials/${body.items[0].id}`, { enabled });
    await setEnabled(false);
    const device = await runProgram(command, fileName, exampleFor(await exampleText(example), setup, anywhere));
    await device.outputUntil(/bad user ?name or password/i);
    await setEnabled(true);
    await device.outputUntil(/connected as cellar/);
  });

  it("is as it is in the folder for a broker on this machine that is open to all", async () => {
    const template = await exampleText(example);
    for (const line of ['BROKER_URL = "ws://127.0.0.1:8787/mqtt"', 'DEVICE_ID = "kitchen"', 'DEVICE_TOKEN = ""'])
      expect(template).toContain(line);
  });
});

describe("the folder of the example in Node.js", () => {
  const closed = useClosedBroker();

  it("installs its package in itself, in a project or outside of one, and starts", { timeout: 120_000 }, async () => {
    // npm would install in the next folder above that has a package.json, if this one had none.
    const outside = await mkdtemp(path.join(tmpdir(), "durable-mqtt-test-"));
    undoAfterTest(() => rm(outside, { recursive: true }));
    await writeFile(path.join(outside, "package.json"), "{}\n");
    const folder = path.join(outside, "node");
    await cp(path.join(root, "examples/node"), folder, {
      recursive: true,
      filter: (file) => path.basename(file) !== "node_modules",
    });
    const setup = await closed.addDevice("folder");
    await writeFile(path.join(folder, "device.mjs"), exampleFor(await exampleText("node/device.mjs"), setup, anywhere));
    await promisify(execFile)("npm", ["install", "--prefer-offline", "--no-audit", "--no-fund"], { cwd: folder });
    expect((await readdir(outside)).sort()).toEqual(["node", "package.json"]);
    const { watcher, inbox } = await closed.watch("folder");
    const device = spawn("npm", ["start"], { cwd: folder, stdio: "ignore", detached: true });
    undoAfterTest(() => groupKilled(device));
    const [online] = await inbox.take(1, 60_000);
    expect(String(online?.payload)).toBe("online");
    await watcher.endAsync();
  });
});
