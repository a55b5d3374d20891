// A device's whole life in the dashboard: added, seen, heard, told something, revoked. The device is MQTT.js, and knows
// nothing but what the page shows.

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import mqtt, { type MqttClient } from "mqtt";
import type { Page } from "playwright-core";
import { afterEach, describe, expect, it } from "vitest";
import { newDeviceCredential } from "../../tools/device-setup/device-setup.ts";
import { hasInstalled } from "../programs/installed.ts";
import { adminToken } from "../support/api.ts";
import { hasBrowser } from "../support/chromium.ts";
import { languages, runProgram } from "../support/device-program.ts";
import { esphomeSettings, tasmotaSettings } from "../support/firmware-settings.ts";
import { freePort } from "../support/free-port.ts";
import { inboxOf } from "../support/mqttjs.ts";
import { hasOwnNetworks, openOwnNetwork } from "../support/own-network.ts";
import { lookAgain, screenshot, startWith, useDashboard } from "./support/dashboard.ts";

const devices: MqttClient[] = [];
afterEach(() => {
  for (const device of devices.splice(0)) device.end(true);
});

/** The settings of the sketch that the page shows. */
async function shownSettings(page: Page): Promise<Map<string, string>> {
  const sketch = await page.getByRole("tabpanel").locator("pre").innerText();
  const definitions = sketch.matchAll(/^#define (\w+) +(?:"([^"\n]*)"|(\w+))/gm);
  return new Map([...definitions].map(([, name = "", text, word = ""]) => [name, text ?? word]));
}

async function connectAsShown(page: Page): Promise<MqttClient> {
  const settings = await shownSettings(page);
  const setting = (name: string) => settings.get(name) ?? `the page shows no ${name}`;
  const clientId = setting("DEVICE_ID");
  const protocol = setting("MY_BROKER_TLS") === "1" ? "wss" : "ws";
  const address = `${protocol}://${setting("MY_BROKER_HOST")}:${setting("MY_BROKER_PORT")}${setting("MY_BROKER_PATH")}${clientId}`;
  const device = await mqtt.connectAsync(address, {
    clientId,
    username: setting("DEVICE_USERNAME"),
    password: setting("DEVICE_TOKEN"),
    reconnectPeriod: 0,
    will: { topic: `devices/${clientId}/status`, payload: Buffer.from("offline"), qos: 1, retain: true },
  });
  devices.push(device);
  return device;
}

describe.skipIf(!hasBrowser)("a device in the dashboard", () => {
  const dashboard = useDashboard();

  it("is added, connects with what is shown, is seen and heard, gets a command, and is revoked", async () => {
    const { page, errors } = await dashboard.signedIn();
    expect(page.url()).not.toContain(dashboard.token);

    await page.getByRole("link", { name: "Devices" }).click();
    await page.getByLabel("Name of the device").fill("kitchen");
    await page.getByRole("button", { name: "Add" }).click();
    await page.getByText("Waiting for kitchen").waitFor();
    const token = await page.getByLabel("Token", { exact: true }).innerText();
    expect((await shownSettings(page)).get("DEVICE_TOKEN")).toBe(token);
    await screenshot(page, "device-added");

    const device = await connectAsShown(page);
    await device.publishAsync("devices/kitchen/status", "online", { qos: 1, retain: true });
    await page.getByText("kitchen is connected.").waitFor();
    for (const temperature of [20.5, 21.5, 22.25]) {
      const reading = JSON.stringify({ temperature, humidity: 48 });
      await device.publishAsync("devices/kitchen/telemetry", reading, { qos: 1, retain: true });
    }
    await page.getByRole("status").getByText('{"temperature":22.25,"humidity":48}').click();

    const topic = page.getByRole("region", { name: "Topic", exact: true });
    await topic.getByRole("heading", { name: "devices/kitchen/telemetry" }).waitFor();
    await topic.getByText("QoS 1").first().waitFor();
    await topic.getByText("retained", { exact: true }).first().waitFor();
    await topic.getByRole("img", { name: "temperature of devices/kitchen/telemetry over time, now 22.25" }).waitFor();
    await expect.poll(() => drawnPixels(page)).toBeGreaterThan(100);
    await topic.getByLabel("Chart of").selectOption("humidity");
    await topic.getByRole("img", { name: /^humidity of .* now 48$/ }).waitFor();

    await device.subscribeAsync("devices/kitchen/command", { qos: 1 });
    const inbox = inboxOf(device);
    const form = page.getByRole("region", { name: "Publish" });
    await form.getByLabel("Topic").fill("devices/kitchen/command");
    await form.getByLabel("Payload").fill('{"led": true}');
    await form.getByRole("button", { name: "Publish" }).click();
    await form.getByText(/^Published at/).waitFor();
    const [command] = await inbox.take(1);
    expect(command).toMatchObject({ topic: "devices/kitchen/command", qos: 1 });
    expect(String(command?.payload)).toBe('{"led": true}');

    await page.getByRole("link", { name: "Devices" }).click();
    await page.locator(".device-lines").getByText("kitchen").click();
    await page.getByRole("button", { name: "Revoke" }).click();
    const closed = new Promise<void>((resolve) => device.once("close", () => resolve()));
    await page.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
    await closed;
    await page.getByText("None yet: add the first one above.").waitFor();
    await expect(connectAsIt("kitchen", token, dashboard.url)).rejects.toThrow(/bad username or password/i);
    expect(await dashboard.api("GET", "/retained")).toMatchObject({ items: [] });
    expect(errors).toEqual([]);
  }, 60_000);

  it.each(languages)("runs as it is shown, in $language", async ({ command, fileName, tab }) => {
    const { page } = await dashboard.signedIn();
    const name = `hall-${fileName.replace(".", "-")}`;
    await page.getByRole("link", { name: "Devices" }).click();
    await page.getByLabel("Name of the device").fill(name);
    await page.getByRole("button", { name: "Add" }).click();
    await page.getByRole("tab", { name: tab }).click();
    await runProgram(command, fileName, await page.getByRole("tabpanel").locator("pre").innerText());
    await page.getByText(`${name} is connected.`).waitFor();
    await page.getByRole("status").getByText('"temperature":').waitFor();
  });

  it.skipIf(!hasInstalled("mosquitto_pub's line in the dashboard", "mosquitto_pub"))(
    "publishes with mosquitto_pub's line as it is shown, at the port that this server has",
    async () => {
      const { page } = await dashboard.signedIn();
      await page.getByRole("link", { name: "Devices" }).click();
      await page.getByLabel("Name of the device").fill("porch");
      await page.getByRole("button", { name: "Add" }).click();
      await page.getByRole("tab", { name: "mosquitto_pub" }).click();
      await promisify(execFile)("sh", ["-c", await page.getByRole("tabpanel").locator("pre").innerText()]);
      await page.getByRole("status").getByText('"temperature":').waitFor();
    },
  );

  it("is shown at the ports that this server has, for ESPHome and Tasmota, and for a server that must be restarted", async () => {
    const { page } = await dashboard.signedIn();
    await addDevice(page, "shed");
    const token = await page.getByLabel("Token", { exact: true }).innerText();
    const { port } = new URL(dashboard.url);
    await page
      .getByText(`npm start -- --host 0.0.0.0 --require-credentials --port ${port} --tcp ${dashboard.tcpPort}`)
      .waitFor();
    const shown = async (tab: string) => {
      await page.getByRole("tab", { name: tab }).click();
      return page.getByRole("tabpanel").locator("pre").innerText();
    };
    const { mqtt: esphome } = esphomeSettings(await shown("ESPHome"));
    const tasmota = tasmotaSettings(await shown("Tasmota"));
    const ofTasmota = ["MqttHost", "MqttPort", "MqttClient", "MqttUser", "MqttPassword"].map((name) => tasmota[name]);
    const { broker, port: tcpPort, client_id: clientId, username, password } = esphome;
    const expected = ["127.0.0.1", String(dashboard.tcpPort), "shed", "shed", token];
    expect([broker, String(tcpPort), clientId, username, password]).toEqual(expected);
    expect(ofTasmota).toEqual(expected);
  });

  it("is shown with the addresses that it is given, and those that are none are named", async () => {
    const { page } = await dashboard.signedIn();
    await page.getByRole("link", { name: "Devices" }).click();
    await page.getByLabel("Name of the device").fill("attic");
    await page.getByRole("button", { name: "Add" }).click();
    const program = page.getByRole("tabpanel").locator("pre");
    const broker = page.getByLabel("The broker's address");
    await broker.fill("mqtt.example.org");
    await broker.blur();
    await page.getByText("Give an address such as ws://192.168.1.20:8787/mqtt.").waitFor();
    expect(await broker.inputValue()).toBe("mqtt.example.org");
    for (const none of ["wss://mqtt.example.org/mqt", "wss://mqtt.example.org/mqtt/attic", "ftp://mqtt.example.org"]) {
      await broker.fill(none);
      await broker.blur();
      await page.getByText("Give an address such as").waitFor();
    }
    await broker.fill("wss://mqtt.example.org");
    await broker.blur();
    await program.getByText('#define MY_BROKER_HOST "mqtt.example.org"').waitFor();
    await program.getByText('#define MY_BROKER_PATH "/mqtt/" DEVICE_ID').waitFor();
    await page.getByRole("tab", { name: "Tasmota" }).click();
    const gateway = page.getByLabel("The TCP gateway");
    for (const none of ["", "host:0", "host:99999", "http://host"]) {
      await gateway.fill(none);
      await gateway.blur();
      await page.getByText("Give an address such as 192.168.1.10:1883.").waitFor();
    }
    await gateway.fill("10.0.0.5:1884");
    await gateway.blur();
    await program.getByText("MqttHost 10.0.0.5; MqttPort 1884;").waitFor();
    expect(await page.getByRole("alert").count()).toBe(0);
  });

  it("is typed an address for, whatever the page hears of the broker meanwhile", async () => {
    const { page } = await dashboard.signedIn();
    await addDevice(page, "porch-2");
    await page.getByRole("tab", { name: "Tasmota" }).click();
    for (const label of ["The broker's address", "The TCP gateway"]) {
      const field = page.getByLabel(label);
      await field.pressSequentially("half");
      const typed = await field.inputValue();
      const look = page.waitForResponse(/\/devices\?/);
      await lookAgain(page);
      await (await look).finished();
      await drawn(page);
      expect(typed).toContain("half");
      expect(await field.inputValue()).toBe(typed);
    }
  });

  it("gets a new token, and its old one ends", async () => {
    const { page } = await dashboard.signedIn();
    const made = await dashboard.api<{ token: string }>("POST", "/credentials", newDeviceCredential("cellar"));
    await page.getByRole("link", { name: "Devices" }).click();
    await page.locator(".device-lines").getByText("cellar").click();
    await page.getByRole("button", { name: "New token" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Make a new token" }).click();
    const token = await page.getByLabel("Token", { exact: true }).innerText();
    expect(token).not.toBe(made.token);
    await expect(connectAsIt("cellar", made.token, dashboard.url)).rejects.toThrow(/bad username or password/i);
    const device = await connectAsShown(page);
    expect(device.connected).toBe(true);
  }, 60_000);
});

describe.skipIf(!hasBrowser || !hasOwnNetworks("The tests of the lines that open a broker to the LAN"))(
  "the lines that open a broker to the LAN",
  () => {
    const dashboard = useDashboard();

    it("are run as they are shown", { timeout: 180_000 }, async () => {
      const { page } = await dashboard.signedIn();
      await addDevice(page, "barn");
      const { port } = new URL(dashboard.url);
      const startLine = await page.getByText("npm start -- --host 0.0.0.0").innerText();
      await page.getByRole("tab", { name: "Tasmota" }).click();
      const gatewayPort = String(await freePort());
      await page.getByLabel("The TCP gateway").fill(`192.168.1.20:${gatewayPort}`);
      await page.getByLabel("The TCP gateway").blur();
      const gatewayLine = await page.getByRole("tabpanel").locator("code").last().innerText();

      const network = await openOwnNetwork();
      const started = await network.runUntil(/ data {2}/, startLine, { ADMIN_TOKEN: adminToken });
      expect(started).toContain(`:${dashboard.tcpPort}`);
      await network.runUntil(/ready: /, gatewayLine);
      const broker = { DURABLE_MQTT_BROKER: `http://127.0.0.1:${port}`, ADMIN_TOKEN: adminToken };
      const added = await network.runToEnd("npx durable-mqtt add-device barn", broker);
      const [, DURABLE_MQTT_PASSWORD = ""] = /DEVICE_TOKEN "(.*)"/.exec(added.out) ?? [];
      const line = `npx durable-mqtt pub -h 127.0.0.1 -p ${gatewayPort} -u barn -i barn -t devices/barn/telemetry -m 1 -q 1`;
      expect(await network.runToEnd(line, { DURABLE_MQTT_PASSWORD })).toEqual({ exitCode: 0, out: "", error: "" });
    });
  },
);

describe.skipIf(!hasBrowser)("a device at a broker without TCP", () => {
  const dashboard = useDashboard(startWith({ ADMIN_TOKEN: adminToken }));

  it("gets no line for TCP before there is a gateway, and no port that is not there", async () => {
    const { page } = await dashboard.signedIn();
    await addDevice(page, "loft");
    const { port } = new URL(dashboard.url);
    await page.getByText(`npm start -- --host 0.0.0.0 --require-credentials --port ${port} --no-tcp`).waitFor();
    const panel = page.getByRole("tabpanel");
    for (const name of ["mosquitto_pub", "ESPHome", "Tasmota"]) {
      await page.getByRole("tab", { name }).click();
      await panel.getByText("it was started with --no-tcp").waitFor();
      expect(await panel.locator("pre").count()).toBe(0);
      expect(await page.locator("body").innerText()).not.toContain("1883");
    }
    await page.getByLabel("The TCP gateway").fill("10.0.0.5:1884");
    await page.getByLabel("The TCP gateway").blur();
    await panel.locator("pre").getByText("MqttHost 10.0.0.5; MqttPort 1884;").waitFor();
  });
});

/** When the page has drawn what it has got. */
const drawn = (page: Page) =>
  page.evaluate("new Promise((done) => setTimeout(() => requestAnimationFrame(() => requestAnimationFrame(done))))");

async function addDevice(page: Page, name: string): Promise<void> {
  await page.getByRole("link", { name: "Devices" }).click();
  await page.getByLabel("Name of the device").fill(name);
  await page.getByRole("button", { name: "Add" }).click();
}

function connectAsIt(clientId: string, password: string, url: string): Promise<MqttClient> {
  const address = `${url.replace("http", "ws")}/mqtt/${clientId}`;
  return mqtt.connectAsync(address, { clientId, username: clientId, password, reconnectPeriod: 0 }, false);
}

/** The pixels of the chart's canvas that are not as transparent as an empty one. */
function drawnPixels(page: Page): Promise<number> {
  return page.locator(".chart canvas").evaluate((element) => {
    const { width, height } = element as unknown as { width: number; height: number };
    // biome-ignore lint/suspicious/noExplicitAny: this runs in the browser, whose types the tests do not have.
    const { data } = (element as any).getContext("2d").getImageData(0, 0, width, height);
    return data.filter((value: number, index: number) => index % 4 === 3 && value === 255).length;
  });
}
