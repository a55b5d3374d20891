// The Live page: what becomes of what strangers publish, what it is subscribed to, and what is in view.

import { readFile } from "node:fs/promises";
import mqtt from "mqtt";
import type { Locator, Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { hasBrowser } from "../support/chromium.ts";
import { useDashboard } from "./support/dashboard.ts";
import { images } from "./support/images.ts";

const laptop = { viewport: { width: 1280, height: 720 }, permissions: ["clipboard-read", "clipboard-write"] };
const phone = { viewport: { width: 360, height: 740 } };

describe.skipIf(!hasBrowser)("the Live page", () => {
  const dashboard = useDashboard();
  const publish = (topic: string, payload: string, more: object = {}) =>
    dashboard.api("POST", "/publish", { topic, payload, ...more });

  async function look(page: Page, topic: string): Promise<void> {
    await page.goto(`${dashboard.url}/#/live/${encodeURIComponent(topic)}`);
    await page.getByRole("heading", { name: topic }).waitFor();
  }

  describe("a payload", () => {
    const markup = "<img src=x onerror=\"document.title='run'\">";

    it("is text, whatever it looks like", async () => {
      const { page, errors } = await dashboard.shared(laptop);
      await publish(markup, markup, { retain: true });
      await publish("json", JSON.stringify({ [markup]: markup }));
      const svg = `<svg xmlns="http://www.w3.org/2000/svg"><script>document.title='run'</script></svg>`;
      await publish("picture.svg", svg, { contentType: "image/svg+xml" });
      await publish("page.html", `<!doctype html>${markup}`, { contentType: "text/html" });
      await page.getByRole("treeitem").filter({ hasText: "json" }).click();
      await page.locator("pre.payload").filter({ hasText: "onerror" }).waitFor();
      await page.getByRole("treeitem").filter({ hasText: "<img" }).first().click();
      await page.getByRole("heading", { name: markup }).waitFor();
      expect(await page.locator("pre.payload").innerText()).toBe(markup);
      for (const topic of ["picture.svg", "page.html"]) {
        await look(page, topic);
        expect(await page.getByLabel("Payload as").locator("option").allInnerTexts()).toEqual(["text", "hex"]);
        expect(await page.locator("main :is(img, iframe, object, embed, svg:not(.icon))").count()).toBe(0);
      }
      expect(await page.title()).toBe("Live · durable-mqtt");
      expect(errors).toEqual([]);
    });

    it("is shown in hexadecimal if it is no text, or as whatever is chosen", async () => {
      const { page } = await dashboard.shared(laptop);
      await publish("bytes", "/9j/AEE=", { encoding: "base64" });
      await page.getByRole("treeitem").filter({ hasText: "bytes" }).click();
      expect(await page.locator("pre.payload").innerText()).toMatch(/^0000 {2}ff d8 ff 00 41 +····A$/);
      await page.getByLabel("Payload as").selectOption("text");
      expect(await page.locator("pre.payload").innerText()).toBe("\ufffd\ufffd\ufffd\0A");
    });

    it("is shown as an image if it is one, and is downloaded as it came", async () => {
      const { page, errors } = await dashboard.shared(laptop);
      for (const [name, { bytes, type, width }] of Object.entries(images)) {
        const topic = `images/${name}`;
        await publish(topic, Buffer.from(bytes).toString("base64"), { encoding: "base64" });
        await look(page, topic);
        const image = page.getByRole("img", { name: "The payload" });
        await expect.poll(() => image.getAttribute("src")).toMatch(`data:${type};`);
        await expect.poll(() => image.evaluate(({ naturalWidth }) => naturalWidth)).toBe(width);
        const downloading = page.waitForEvent("download");
        await page.getByRole("button", { name: "Download the payload" }).click();
        const download = await downloading;
        expect(download.suggestedFilename()).toMatch(/^[A-Za-z-]+\.(png|jpg|gif|webp)$/);
        expect((await readFile(await download.path())).equals(Buffer.from(bytes))).toBe(true);
      }
      expect(errors).toEqual([]);
    });

    it("is not decoded as an image that claims to be too large, or that is broken", async () => {
      const { page } = await dashboard.shared(laptop);
      const png = Buffer.from(images.PNG?.bytes ?? []);
      const broken = Buffer.concat([png.subarray(0, 40), Buffer.alloc(20)]);
      await publish("images/broken", broken.toString("base64"), { encoding: "base64" });
      await look(page, "images/broken");
      await page.getByText("The browser cannot show this PNG image, 30 × 20: choose hex to see its bytes.").waitFor();
      png.writeUInt32BE(60_000, 16);
      png.writeUInt32BE(60_000, 20);
      await publish("images/bomb", png.toString("base64"), { encoding: "base64" });
      await look(page, "images/bomb");
      await page.getByText("PNG image, 60000 × 60000: too many pixels to show here.").waitFor();
      expect(await page.locator("main img").count()).toBe(0);
    });

    it("is copied and downloaded whole, however much of it is shown", async () => {
      const { page } = await dashboard.shared(laptop);
      const long = `{"text":"${"ü".repeat(100_000)}"}`;
      await publish("long", long);
      await look(page, "long");
      await page.getByText("The first 65.5 kB of 200 kB are shown. A copy or a download has all of it.").waitFor();
      await page.getByRole("button", { name: "Copy the payload" }).click();
      await page.getByText("Copied").waitFor();
      expect(await page.evaluate("navigator.clipboard.readText()")).toBe(long);
      const downloading = page.waitForEvent("download");
      await page.getByRole("button", { name: "Download the payload" }).click();
      expect(await readFile(await (await downloading).path(), "utf8")).toBe(long);
    });
  });

  it("has messages wait while it is paused", async () => {
    const { page } = await dashboard.shared(laptop);
    await page.getByRole("button", { name: "Pause" }).click();
    await publish("while/paused", "1");
    await page.getByText("1 waiting").waitFor();
    expect(await page.getByRole("treeitem").filter({ hasText: "paused" }).count()).toBe(0);
    await page.getByRole("button", { name: "Resume" }).click();
    await page.getByRole("treeitem").filter({ hasText: "paused" }).waitFor();
  });

  it("publishes MQTT 5 properties, and shows those that come", async () => {
    const { page, errors } = await dashboard.shared(laptop);
    const address = `${dashboard.url.replace("http", "ws")}/mqtt/listener`;
    const listener = await mqtt.connectAsync(address, { clientId: "listener", protocolVersion: 5 });
    try {
      await listener.subscribeAsync("ask/#");
      const arriving = new Promise<mqtt.IPublishPacket>((resolve) =>
        listener.once("message", (...[, , packet]) => resolve(packet)),
      );
      const form = page.getByRole("region", { name: "Publish" });
      await form.getByRole("button", { name: "MQTT 5 properties" }).click();
      await form.getByLabel("Content type").fill("text/plain");
      await form.getByLabel("Response topic").fill("answers/#");
      await form.getByLabel("Correlation data", { exact: true }).fill("01 ff");
      await form.getByLabel("Correlation data is in hex").check();
      await form.getByLabel("Message expiry, in seconds").fill("60");
      await form.getByLabel("Mark the payload as UTF-8").check();
      for (const [index, value] of ["first", "second"].entries()) {
        await form.getByRole("button", { name: "Add a user property" }).click();
        await form.getByLabel(`Name of user property ${index + 1}`).fill("source");
        await form.getByLabel(`Value of user property ${index + 1}`).fill(value);
      }
      await send(page, "ask/1", "grüße");
      await form.getByText("A response topic has no + or #.").waitFor();
      await form.getByLabel("Response topic").fill("answers/1");
      await send(page, "ask/1", "grüße");
      await form.getByText(/^Published at/).waitFor();
      const { payload, properties } = await arriving;
      expect(String(payload)).toBe("grüße");
      expect({ ...properties, userProperties: { ...properties?.userProperties } }).toEqual({
        contentType: "text/plain",
        responseTopic: "answers/1",
        correlationData: Buffer.of(1, 255),
        messageExpiryInterval: 60,
        payloadFormatIndicator: true,
        userProperties: { source: ["first", "second"] },
      });
      await look(page, "ask/1");
      const lines = page.getByRole("group").filter({ hasText: "MQTT 5 properties" }).locator("dl > div");
      await expect
        .poll(async () => (await lines.allInnerTexts()).map((line) => line.replaceAll("\n", ": ")))
        .toEqual([
          "Content type: text/plain",
          "Response topic: answers/1",
          "Correlation data: 0x 01 ff",
          expect.stringMatching(/^Message expiry: 60 s after it was received, at \d\d:\d\d:\d\d$/),
          "Payload format: 1: UTF-8 text",
          "User property source: first",
          "User property source: second",
          expect.stringMatching(/^Subscription identifier: \d+: #$/),
        ]);
      await form.getByRole("button", { name: "MQTT 5 properties (7)" }).click();
      expect(errors).toEqual([]);
    } finally {
      await listener.endAsync();
    }
  });

  it("keeps the message and the form in view, whatever the topic's length", async () => {
    const topic = `a/${"long-".repeat(600)}`;
    const payload = JSON.stringify({ temperature: 21.5, wifi: { rssi: -60 } });
    await publish(topic, payload, {
      retain: true,
      userProperties: Array.from({ length: 20 }, (_, i) => [`n${i}`, "x"]),
    });
    const { page } = await dashboard.shared(laptop);
    await look(page, topic);
    for (const part of [
      page.locator(".payload"),
      publishForm(page).getByLabel("Topic", { exact: true }),
      publishButton(page),
    ])
      await expect.poll(() => isInView(part)).toBe(true);
    const small = (await dashboard.signedIn(phone)).page;
    await look(small, topic);
    await expect.poll(() => isInView(small.locator(".payload"))).toBe(true);
    expect(await isInView(publishButton(small))).toBe(false);
    await small.getByRole("region", { name: "Topic" }).getByRole("button", { name: "Publish" }).click();
    for (const part of [small.getByLabel("Payload", { exact: true }), publishButton(small)])
      await expect.poll(() => isInView(part)).toBe(true);
    expect(await small.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")).toBe(0);
  });

  // The last test with the shared page: it is no longer subscribed to everything.
  it("is looked through by topic, and subscribed to by filters, with the keyboard alone", async () => {
    const { page, errors } = await dashboard.shared(laptop);
    for (const topic of ["a/one", "a/two", "b/one", "c,d/#".replace("#", "x")])
      await publish(topic, "1", { retain: true });
    await page.getByRole("treeitem").filter({ hasText: "two" }).waitFor();
    await page.getByLabel("Show topics that contain").fill("one");
    await expect.poll(() => page.getByRole("treeitem").filter({ hasText: "two" }).count()).toBe(0);
    await page.getByLabel("Show topics that contain").fill("");
    const subscribe = async (filter: string) => {
      await page.getByLabel("Topic filter").fill(filter);
      await page.keyboard.press("Enter");
    };
    await page.getByRole("button", { name: "Unsubscribe from #", exact: true }).press("Enter");
    await page.getByText("Add a topic filter, such as # for everything.").waitFor();
    await subscribe("+/two");
    await expect.poll(() => page.getByRole("treeitem").allInnerTexts()).toEqual(["a", "two\n1"]);
    await page.getByRole("tree").focus();
    for (const key of ["ArrowDown", "ArrowDown", "Enter"]) await page.keyboard.press(key);
    await page.getByRole("heading", { name: "a/two" }).waitFor();
    await page.getByText(/^published \d\d:\d\d:\d\d, received \d\d:\d\d:\d\d$/).waitFor();
    await publish("a/two", "2", { retain: true });
    await page.getByText(/^received \d\d:\d\d:\d\d$/).waitFor();
    await publish("a/two", "1", { retain: true });
    for (const key of ["Home", "ArrowLeft"]) await page.keyboard.press(key);
    await expect.poll(() => page.getByRole("treeitem").count()).toBe(1);
    await subscribe("a/#/b");
    await page.getByRole("alert").getByText("# can only be the last level.").waitFor();
    expect(await page.getByLabel("Topic filter").inputValue()).toBe("a/#/b");

    await subscribe("+/one, c,d/#");
    await page.getByText("Is this one filter, or are these 3?").waitFor();
    await subscribe("b/one, +/nothing");
    await page.getByRole("button", { name: "2 filters" }).press("Enter");
    await subscribe("c,d/#");
    await page.getByRole("button", { name: "One filter" }).press("Enter");
    const chips = page.getByRole("list", { name: "Subscribed to" }).getByRole("listitem");
    await expect.poll(() => chips.allInnerTexts()).toEqual(["+/two", "b/one", "+/nothing", "c,d/#"]);
    await page.getByRole("treeitem").filter({ hasText: "c,d" }).waitFor();
    await page.getByRole("button", { name: "Unsubscribe from +/two" }).press("Enter");
    await expect.poll(() => page.getByRole("treeitem").allInnerTexts()).toEqual(["b", "one\n1", "c,d", "x\n1"]);
    expect(errors).toEqual([]);
  });
});

function publishForm(page: Page): Locator {
  return page.getByRole("region", { name: "Publish" });
}

function publishButton(page: Page): Locator {
  return publishForm(page).getByRole("button", { name: "Publish" });
}

async function send(page: Page, topic: string, payload: string): Promise<void> {
  await publishForm(page).getByLabel("Topic", { exact: true }).fill(topic);
  await publishForm(page).getByLabel("Payload", { exact: true }).fill(payload);
  await publishButton(page).click();
}

/** Whole, and not behind anything. */
function isInView(part: Locator): Promise<boolean> {
  return part.evaluate((element) => {
    const { left, top, right, bottom, width, height } = element.getBoundingClientRect();
    const { innerWidth, innerHeight } = element.ownerDocument.defaultView;
    const isAt = (x: number, y: number) => element.contains(element.ownerDocument.elementFromPoint(x, y));
    const isWithin = left >= 0 && top >= 0 && right <= innerWidth && bottom <= innerHeight;
    return width > 0 && height > 0 && isWithin && isAt(left + width / 2, top + 2) && isAt(left + width / 2, bottom - 2);
  });
}
