// The dashboard's MQTT connection: what it does not send, and that the header says what is so.

import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { adminToken } from "../support/api.ts";
import { hasBrowser } from "../support/chromium.ts";
import { startWith, useDashboard } from "./support/dashboard.ts";

describe.skipIf(!hasBrowser)("the connection of the page", () => {
  // A small limit: a browser takes seconds to lay out a text of megabytes.
  const dashboard = useDashboard(startWith({ ADMIN_TOKEN: adminToken, MAXIMUM_PACKET_BYTES: "100000" }));

  it("survives a topic and a payload that are too large, and each is named", async () => {
    const { page, errors } = await dashboard.signedIn();
    const form = page.getByRole("region", { name: "Publish" });
    await publish(page, "t".repeat(65_536), "1");
    await form.getByText("The topic has 65,536 bytes: MQTT takes at most 65,535.").waitFor();
    await publish(page, "small", "x".repeat(200_000));
    await form
      .getByText(/^The payload has 200,000 bytes: this server takes at most 99,98\d for this topic\.$/)
      .waitFor();
    await page.getByLabel("Topic filter").fill("f".repeat(65_536));
    await page.keyboard.press("Enter");
    await page.getByText("The topic filter has 65,536 bytes: MQTT takes at most 65,535.").waitFor();
    await publish(page, "small", "1");
    await form.getByText(/^Published at/).waitFor();
    expect(await page.getByRole("status").getByText("Connected").count()).toBe(1);
    expect(errors).toEqual([]);
  });

  it("is not called Connected when the library has stopped working, and is made again", async () => {
    const { page } = await dashboard.newPage();
    // Sockets that go dumb: what is sent goes nowhere, and nothing is reported.
    await page.addInitScript(`
      const { send } = WebSocket.prototype;
      WebSocket.prototype.send = function (bytes) { if (!window.isDumb) send.call(this, bytes); };
    `);
    await page.goto(`${dashboard.url}/#token=${dashboard.token}`);
    await page.getByRole("status").getByText("Connected", { exact: true }).waitFor();
    await page.evaluate("window.isDumb = true; setTimeout(() => { throw new Error('as the library may'); });");
    // What was on its way before is no answer.
    await dashboard.api("POST", "/publish", { topic: "on/its/way", payload: "x", qos: 0 });
    await page.getByText("The server does not answer. Connecting again …").waitFor();
    await page.evaluate("window.isDumb = false");
    await page.getByRole("status").getByText("Connected", { exact: true }).waitFor({ timeout: 30_000 });
  }, 60_000);
});

async function publish(page: Page, topic: string, payload: string): Promise<void> {
  const form = page.getByRole("region", { name: "Publish" });
  await form.getByLabel("Topic").fill(topic);
  await form.getByLabel("Payload").fill(payload);
  await form.getByRole("button", { name: "Publish" }).click();
}
