// The Devices page with 5,000 devices: found, sorted and paged, and shown as connected when they are.

import { readdirSync } from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import mqtt, { type MqttClient } from "mqtt";
import type { Page } from "playwright-core";
import { afterEach, describe, expect, it } from "vitest";
import { presenceEveryMs } from "../../dashboard/src/devices/device-state.ts";
import { sharedMs } from "../../src/objects/access/device-presences.ts";
import { newDeviceCredential } from "../../tools/device-setup/device-setup.ts";
import { hasBrowser } from "../support/chromium.ts";
import { npmStart, screenshot, useDashboard } from "./support/dashboard.ts";

const made = 5_000;

/** Made in the storage: 5,000 requests would take longer than all of these tests. */
async function npmStartWithDevices(dataDir: string) {
  const first = await npmStart(dataDir);
  const headers = { Authorization: `Bearer ${first.token}`, "Content-Type": "application/json" };
  const body = JSON.stringify(newDeviceCredential("sensor-1", "Sensor número 1"));
  expect((await fetch(`${first.url}/api/v1/credentials`, { method: "POST", headers, body })).status).toBe(201);
  await first.close();
  const files = readdirSync(dataDir, { recursive: true }).map((name) => path.join(dataDir, String(name)));
  const file = files.find((name) => /AccessObject.*[0-9a-f]{64}\.sqlite$/.test(name)) ?? "";
  const database = new DatabaseSync(file);
  const copy = `INSERT INTO credential
    SELECT ?, 'sensor-' || ?, NULL, json_set(fields, '$.name', ''), secret FROM credential WHERE username = 'sensor-1'`;
  database.exec("BEGIN");
  const statement = database.prepare(copy);
  for (let index = 2; index <= made; index += 1) statement.run(`copy-${index}`, String(index));
  database.exec("COMMIT");
  database.close();
  return npmStart(dataDir);
}

const clients: MqttClient[] = [];
afterEach(() => {
  for (const client of clients.splice(0)) client.end(true);
});

describe.skipIf(!hasBrowser)("the Devices page with 5,000 devices", () => {
  const dashboard = useDashboard(npmStartWithDevices);
  const connect = async (clientId: string, username: string, password: string) => {
    const address = `${dashboard.url.replace("http", "ws")}/mqtt/${clientId}`;
    const client = await mqtt.connectAsync(address, { clientId, username, password, reconnectPeriod: 0 }, false);
    clients.push(client);
    return client;
  };
  const make = (identifier: string, name = "") =>
    dashboard.api<{ id: string; token: string }>("POST", "/credentials", newDeviceCredential(identifier, name));
  const openPage = async () => {
    const { page, errors } = await dashboard.signedIn();
    await page.getByRole("link", { name: "Devices" }).click();
    await page.locator(".device-lines a").first().waitFor();
    return { page, errors };
  };
  const lineOf = (page: Page, name: string) => page.locator(".device-lines a").filter({ hasText: name });
  const find = (page: Page, text: string) => page.getByLabel("Find devices").fill(text);

  it("finds, sorts and pages them, wide and on a phone in the dark", async () => {
    await make("aa-first");
    const { page, errors } = await openPage();
    const lines = page.locator(".device-lines a");
    await page.getByText("1–50 of 5,001").waitFor();
    await lineOf(page, "aa-first").waitFor();
    await page.getByRole("button", { name: "Next page" }).click();
    await page.getByText("51–100 of 5,001").waitFor();
    await lineOf(page, "sensor-51").waitFor();
    await page.getByRole("button", { name: "Device" }).click();
    await expect.poll(() => lines.first().innerText()).toContain("sensor-5000");
    await page.getByText("1–50 of 5,001").waitFor();
    await find(page, "SENSOR NUMERO");
    await expect.poll(() => lines.count()).toBe(1);
    await lineOf(page, "Sensor número 1").press("Enter");
    await screenshot(page, "devices-one-wide");
    await find(page, "nobody");
    await page.getByText("No device matches.").waitFor();

    await page.emulateMedia({ colorScheme: "dark" });
    await page.setViewportSize({ width: 360, height: 740 });
    // The chosen one is still there, though it is on no page of the list.
    const details = page.getByRole("region", { name: "Device", exact: true });
    await details.getByRole("heading", { name: "Sensor número 1" }).waitFor();
    await screenshot(page, "devices-one-phone");
    const beyond = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
    expect(await page.evaluate(beyond)).toBe(0);
    await page.getByRole("link", { name: "Back to the devices" }).click();
    await find(page, "");
    await page.getByText("1–50 of 5,001").waitFor();
    await screenshot(page, "devices-phone");
    expect(await page.evaluate(beyond)).toBe(0);
    for (const [name, sight] of [
      ["Live", page.getByLabel("Show topics that contain")],
      ["Clients", page.locator(".client-lines a").first()],
      ["Overview", page.getByTitle("MAXIMUM_SESSIONS")],
      ["API", page.getByText("/credentials").first()],
    ] as const) {
      await page.getByRole("link", { name, exact: true }).click();
      await sight.waitFor();
      await screenshot(page, `${name.toLowerCase()}-5000-phone`);
      expect(await page.evaluate(beyond)).toBe(0);
    }
    expect(errors).toEqual([]);
  }, 60_000);

  it("shows who is connected by what the broker knows, whatever a device says of itself [B170]", async () => {
    const { page } = await openPage();
    const identifier = page.getByLabel("Identifier");
    await page.getByLabel("Name of the device").fill("주방");
    expect(await identifier.inputValue()).toMatch(/^device-[0-9a-z]{4}$/);
    await page.getByLabel("Name of the device").fill("ZZ número 1");
    expect(await identifier.inputValue()).toBe("zz-numero-1");
    await page.getByRole("button", { name: "Add", exact: true }).click();
    await page.getByText("Waiting for ZZ número 1").waitFor();
    await find(page, "numero 1");
    await lineOf(page, "zz-numero-1").getByText("ZZ número 1").waitFor();
    await page.getByRole("button", { name: "Done" }).click();
    const own = await make("zz-kitchen", "주방");
    const liar = await make("zz-liar");
    const status = { topic: "devices/zz-liar/status", payload: "online", retain: true, qos: 1 };
    await dashboard.api("POST", "/publish", status);
    await find(page, "zz-");
    await lineOf(page, "zz-liar").getByText("says online").waitFor();
    await lineOf(page, "zz-liar").getByText("never").waitFor();
    await lineOf(page, "주방").getByText("never").waitFor();

    const device = await connect("zz-kitchen", "zz-kitchen", own.token);
    await lineOf(page, "주방").getByText("connected").waitFor();
    device.stream.destroy();
    await lineOf(page, "주방")
      .getByText(/just now|ago/)
      .waitFor();
    await expect(connect("zz-liar", "zz-liar", "wrong")).rejects.toThrow();
    await lineOf(page, "zz-liar")
      .getByText(/refused .*: wrong token or password/)
      .waitFor();

    await lineOf(page, "zz-liar").click();
    const details = page.getByRole("region", { name: "Device", exact: true });
    await details.getByLabel("Name, for people").fill("말썽꾼");
    await details.getByRole("button", { name: "Rename" }).click();
    await lineOf(page, "말썽꾼").waitFor();
    await dashboard.api("DELETE", `/credentials/${liar.id}`);
    await details.waitFor({ state: "detached" });
  }, 60_000);

  it("asks often enough to be right within two seconds", () => {
    expect(presenceEveryMs + sharedMs).toBeLessThanOrEqual(2_000);
  });
});
