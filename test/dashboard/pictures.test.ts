// The dashboard with a house in it, as the README shows it: pictures in dist/screenshots, of which some are in docs/images,
// made smaller with pngquant. A topic that is busy on a page that is slow would show here, too.

import mqtt, { type MqttClient } from "mqtt";
import type { BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hasBrowser } from "../support/chromium.ts";
import { lookAgain, screenshot, useDashboard } from "./support/dashboard.ts";

const rooms = ["kitchen", "cellar", "garden"];
const readings = 40;
const topics = 3_000;
const plantNamespace = "plant";

const wide = { viewport: { width: 1280, height: 800 }, deviceScaleFactor: 2 };
const phone = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2 };
const screens: [string, BrowserContextOptions][] = [
  ["", wide],
  ["phone-", phone],
];
const colorSchemes = ["light", "dark"] as const;

describe.skipIf(!hasBrowser)("a house in the dashboard", () => {
  const dashboard = useDashboard();
  const boards: MqttClient[] = [];
  const boardOf = (index: number) => boards[index % rooms.length] as MqttClient;

  beforeAll(async () => {
    const own = { allow: ["devices/%c/#"] };
    for (const username of rooms) {
      const rules = { publish: own, subscribe: own, clientIds: [username] };
      await dashboard.api("POST", "/credentials", { username, rules });
      const address = `${dashboard.url.replace("http", "ws")}/mqtt/house-${username}`;
      boards.push(await mqtt.connectAsync(address, { clientId: `house-${username}`, protocolVersion: 4 }));
    }
    for (const [index, room] of rooms.entries()) {
      const status = room === "garden" ? "offline" : "online";
      await boardOf(index).publishAsync(`devices/${room}/status`, status, { qos: 1, retain: true });
    }
    const clientId = "display-in-the-hall";
    const address = `${dashboard.url.replace("http", "ws")}/mqtt/${clientId}`;
    const sleeper = await mqtt.connectAsync(address, { clientId, clean: false });
    await sleeper.subscribeAsync(["home/#", "devices/+/telemetry"], { qos: 1 });
    await sleeper.endAsync();
  });
  afterAll(() => {
    for (const board of boards) board.end(true);
  });

  it("is pictured: on a wide screen and a phone, light and dark", async () => {
    const looks = await Promise.all(
      screens.map(async ([prefix, options]) => ({ prefix, ...(await dashboard.signedIn(options)) })),
    );
    for (let index = 0; index < readings; index++) {
      await publishReadings(index);
      await looks[0]?.page.waitForTimeout(60); // A chart needs time on its axis.
    }
    for (const { prefix, page, errors } of looks) {
      for (const colorScheme of colorSchemes) {
        const look = prefix + colorScheme;
        await page.emulateMedia({ colorScheme });
        await page.goto(`${dashboard.url}/#/live/${encodeURIComponent("devices/kitchen/telemetry")}`);
        await page.getByRole("img", { name: /^temperature of/ }).waitFor();
        await screenshot(page, `live-topic-${look}`);
        await page.goto(`${dashboard.url}/#/live`);
        await page.getByRole("treeitem").first().waitFor();
        await screenshot(page, `live-${look}`);
        await page.goto(`${dashboard.url}/#/devices`);
        await page.locator(".device-lines").getByText("kitchen").waitFor();
        await screenshot(page, `devices-${look}`);
        await page.goto(`${dashboard.url}/#/clients/display-in-the-hall`);
        await page.getByText("2 subscriptions").waitFor();
        await screenshot(page, `clients-${look}`);
      }
      expect(errors).toEqual([]);
    }
  }, 60_000);

  it("is pictured with 3,000 topics, of which only the lines in view are in the page", async () => {
    await fillPlant();
    for (const [prefix, options, colorScheme] of [
      ["", wide, "light"],
      ["phone-", phone, "dark"],
    ] as const) {
      const { page, errors } = await dashboard.newPage({ ...options, colorScheme });
      await page.goto(`${dashboard.url}/#token=${dashboard.token}&namespace=${plantNamespace}`);
      await page.getByText("3,001 topics").waitFor();
      await page.getByLabel("Show topics that contain").fill("sensor");
      await page.getByRole("treeitem").filter({ hasText: "sensor-9" }).first().waitFor();
      await screenshot(page, `live-topics-${prefix}${colorScheme}`);
      const lines = page.getByRole("treeitem");
      expect(await lines.count()).toBeLessThan(60);
      await page.getByRole("tree").focus();
      await page.keyboard.press("End");
      await lines.filter({ hasText: /^sensor-9\s*2999$/ }).waitFor();
      expect(await lines.count()).toBeLessThan(60);
      await page.getByLabel("Show topics that contain").fill("line-10/machine-30/sensor-9");
      await expect.poll(() => lines.count()).toBe(4);
      expect(errors).toEqual([]);
    }
  }, 60_000);

  it("is pictured in numbers", async () => {
    const { page } = await dashboard.signedIn({ ...wide, colorScheme: "light" });
    await page.goto(`${dashboard.url}/#/overview`);
    const chart = page.getByRole("img", { name: "Messages a second over time" });
    let index = 0;
    const publishing = setInterval(() => void publishReadings(index++), 100);
    try {
      await expect.poll(() => lookAgain(page).then(() => chart.count()), { timeout: 20_000 }).toBe(1);
      await expect.poll(() => lookAgain(page).then(() => shownRate(page)), { timeout: 30_000 }).toBeGreaterThan(0);
    } finally {
      clearInterval(publishing);
    }
    await screenshot(page, "overview-light");
    await page.emulateMedia({ colorScheme: "dark" });
    await screenshot(page, "overview-dark");
  }, 60_000);

  it("stays usable while a thousand messages a second come", async () => {
    const { page } = await dashboard.signedIn(wide);
    const [board] = boards;
    const flood = setInterval(() => {
      for (let index = 0; index < 50; index++)
        board?.publish(`flood/${index % 500}/value`, String(Math.random()), { qos: 0 });
    }, 50);
    try {
      await page.getByRole("treeitem").filter({ hasText: "flood" }).waitFor();
      await expect.poll(() => messagesASecond(page), { timeout: 15_000 }).toBeGreaterThan(500);
      await page.getByLabel("Show topics that contain").fill("kitchen/status");
      await expect.poll(() => page.getByRole("treeitem").count()).toBe(3);
    } finally {
      clearInterval(flood);
    }
  }, 60_000);

  /** The 3,000 topics of another namespace. */
  async function fillPlant(): Promise<void> {
    const address = `${dashboard.url.replace("http", "ws")}/ns/${plantNamespace}/mqtt/plant`;
    const plant = await mqtt.connectAsync(address, { clientId: "plant", protocolVersion: 5 });
    const two = (number: number) => String(number).padStart(2, "0");
    for (let index = 0; index < topics; index++) {
      const machine = `line-${two(1 + Math.floor(index / 300))}/machine-${two(1 + (Math.floor(index / 10) % 30))}`;
      plant.publish(`plant/${machine}/sensor-${index % 10}`, String(index), { qos: 0, retain: true });
    }
    // The broker has taken all that was published when it answers this.
    await plant.publishAsync("plant/line-01", "running", { qos: 1, retain: true });
    await plant.endAsync();
  }

  async function publishReadings(index: number): Promise<void> {
    const publishings = rooms.map((name, room) => {
      const temperature = Number((20 + 2 * room + 1.5 * Math.sin(index / 6 + room)).toFixed(2));
      const reading = {
        temperature,
        humidity: 48 + ((index + room) % 5),
        wifi: { rssi: -57 - 4 * room },
        uptimeSec: 10 * index,
      };
      const options = { qos: 1, retain: true } as const;
      return boardOf(room).publishAsync(`devices/${name}/telemetry`, JSON.stringify(reading), options);
    });
    await Promise.all(publishings);
    await boardOf(0).publishAsync("home/door", index % 9 < 6 ? "closed" : "open");
    await boardOf(1).publishAsync("home/power/watts", (420 + 60 * Math.sin(index / 5)).toFixed(1));
    await boardOf(2).publishAsync("home/camera/thumbnail", Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 16, index % 256]));
  }
});

async function shownRate(page: Page): Promise<number> {
  return Number(await page.locator(".legend strong").first().innerText());
}

async function messagesASecond(page: Page): Promise<number> {
  return Number(
    (
      await page
        .getByText(/ a second$/)
        .first()
        .innerText()
    ).replaceAll(/\D/g, ""),
  );
}
