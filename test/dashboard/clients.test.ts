// The Clients page: its columns, its search over all pages, and the place of the dashboard's own session.

import mqtt, { type MqttClient } from "mqtt";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hasBrowser } from "../support/chromium.ts";
import { screenshot, useDashboard } from "./support/dashboard.ts";

const phone = { viewport: { width: 390, height: 844 } };
/** More than one page of 50. */
const others = 55;

describe.skipIf(!hasBrowser)("the Clients page", () => {
  const dashboard = useDashboard();
  const clients: MqttClient[] = [];
  const connect = async (clientId: string, login: object = {}) => {
    const address = `${dashboard.url.replace("http", "ws")}/mqtt/${clientId}`;
    clients.push(await mqtt.connectAsync(address, { clientId, protocolVersion: 5, ...login }));
  };
  beforeAll(async () => {
    const rules = { publish: { allow: ["#"] }, subscribe: { allow: ["#"] } };
    const made = { username: "cook", rules };
    const { token } = await dashboard.api<{ token: string }>("POST", "/credentials", made);
    await connect("zz-in-the-kitchen", { username: "cook", password: token });
  }, 60_000);
  afterAll(() => {
    for (const client of clients) client.end(true);
  });

  it("names its columns and users, and has the dashboard's own session last", async () => {
    for (const look of [{ colorScheme: "light" }, { ...phone, colorScheme: "dark" }] as const) {
      const { page, errors } = await dashboard.signedIn(look);
      await page.getByRole("link", { name: "Clients" }).click();
      const lines = page.locator(".client-lines a");
      await page.getByText("cook", { exact: true }).waitFor();
      await expect.poll(() => lines.last().innerText()).toMatch(/^dashboard-[\s\S]*this dashboard/);
      expect((await page.locator(".client-heads").innerText()).split("\n")).toEqual(
        expect.arrayContaining([
          "Client",
          "MQTT",
          "Since",
          ...(look.colorScheme === "light" ? ["User", "Address", "Queue"] : []),
        ]),
      );
      await screenshot(page, `clients-columns-${look.colorScheme}`);
      const beyond = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
      expect(await page.evaluate(beyond)).toBe(0);
      expect(errors).toEqual([]);
      await page.getByRole("button", { name: "Sign out" }).click();
      await page.getByLabel("Token").waitFor();
    }
  }, 60_000);

  it("finds clients of other pages, by identifier and by username", async () => {
    for (let index = 0; index < others; index++) await connect(`a-${index}`);
    const { page } = await dashboard.signedIn();
    await page.getByRole("link", { name: "Clients" }).click();
    const names = page.locator(".client-lines a .mono");
    await expect.poll(() => names.count()).toBe(50);
    for (const text of ["KITCHEN", "cook"]) {
      await page.getByLabel("Find clients").fill(text);
      await expect.poll(() => names.allInnerTexts()).toEqual(["zz-in-the-kitchen"]);
    }
    await page.getByLabel("Find clients").fill("nobody");
    await page.getByText("No clients.").waitFor();
    await page.getByLabel("Find clients").fill("");
    await expect.poll(() => names.count()).toBe(50);
    expect(await names.last().innerText()).toMatch(/^a-/);
    await page.getByRole("button", { name: "Next page" }).click();
    await expect.poll(() => names.last().innerText()).toMatch(/^dashboard-/);
  }, 60_000);
});
