// The examples for Node.js and Python, filled in as the dashboard shows them, run as programs.

import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { exampleFor } from "../../tools/device-setup/examples.ts";
import { languages, runProgram } from "../support/device-program.ts";
import { exampleText, useClosedBroker } from "./support.ts";

const anywhere = { host: "127.0.0.1", port: 1883 };

describe.each(languages)("a device in $language", ({ command, example, fileName }) => {
  const closed = useClosedBroker();

  it("tells that it is there, publishes a reading, takes a command, and is missed", async () => {
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

  it("says that its token is not right", async () => {
    const setup = { ...(await closed.addDevice("cellar")), token: "dmq_wrong" };
    const device = await runProgram(command, fileName, exampleFor(await exampleText(example), setup, anywhere));
    await device.outputUntil(/bad user ?name or password/i);
  });

  it("is as it is in the folder for a broker on this machine that is open to all", async () => {
    const template = await exampleText(example);
    for (const line of ['BROKER_URL = "ws://127.0.0.1:8787/mqtt"', 'DEVICE_ID = "kitchen"', 'DEVICE_TOKEN = ""'])
      expect(template).toContain(line);
  });
});
