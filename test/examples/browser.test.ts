// The example of a web page, in a browser, from a web server that is not the broker. MQTT.js comes from the project's own
// packages in the place of unpkg.com, which is not reached here.

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { chromium } from "playwright-core";
import { describe, expect, it } from "vitest";
import { startBroker } from "../support/broker.ts";
import { chromiumPath, hasBrowser } from "../support/chromium.ts";
import { connectMqttJs, inboxOf } from "../support/mqttjs.ts";
import { undoAfterTest } from "../support/undo.ts";
import { exampleText } from "./support.ts";

const mqttModule = path.join(import.meta.dirname, "../../node_modules/mqtt/dist/mqtt.esm.js");
const { version: mqttVersion } = (await import("mqtt/package.json", { with: { type: "json" } })).default;
const contentTypes: Record<string, string> = { "index.html": "text/html", "page.js": "text/javascript" };

describe.skipIf(!hasBrowser)("a page that is a client", () => {
  it("connects from its own origin, publishes, and shows what comes as text", async () => {
    const origin = await serveExample();
    const broker = await startBroker({ variables: { ALLOWED_ORIGINS: origin } });
    undoAfterTest(() => broker.close());
    const page = await openPage(origin);
    await page.getByLabel("Broker").fill(broker.ws);
    await page.getByRole("button", { name: "Connect" }).click();
    await page.getByRole("status").getByText("connected", { exact: true }).waitFor();

    const client = await connectMqttJs(broker.tcp, 5);
    undoAfterTest(() => client.endAsync(true));
    const inbox = inboxOf(client);
    await client.subscribeAsync("home/hello", { qos: 1 });
    await page.getByRole("button", { name: "Publish" }).click();
    const [message] = await inbox.take(1);
    expect(String(message?.payload)).toBe("from a page");
    await client.publishAsync("home/markup", "<b>bold</b>", { qos: 1 });
    await page.getByText("home/markup <b>bold</b>").waitFor();
  });

  it("is refused where its origin is not named", async () => {
    const origin = await serveExample();
    const broker = await startBroker();
    undoAfterTest(() => broker.close());
    const page = await openPage(origin);
    await page.getByLabel("Broker").fill(broker.ws);
    const refused = page.waitForEvent("console", (message) => /403/.test(message.text()));
    await page.getByRole("button", { name: "Connect" }).click();
    await refused;
    expect(await page.getByRole("status").innerText()).not.toBe("connected");
  });
});

it("names the version of MQTT.js that the project has", async () => {
  expect(await exampleText("browser/index.html")).toContain(`https://unpkg.com/mqtt@${mqttVersion}/dist/mqtt.esm.js`);
  expect(await exampleText("node/README.md")).toContain(`mqtt@${mqttVersion}`);
});

async function serveExample(): Promise<string> {
  const server = createServer(async ({ url = "/" }, response) => {
    const name = url === "/" ? "index.html" : url.slice(1);
    const type = contentTypes[name];
    if (type === undefined) return response.writeHead(404).end();
    return response.writeHead(200, { "Content-Type": type }).end(await exampleText(`browser/${name}`));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  undoAfterTest(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function openPage(origin: string) {
  const browser = await chromium.launch({ executablePath: chromiumPath, args: ["--headless", "--no-sandbox"] });
  undoAfterTest(() => browser.close());
  const page = await browser.newPage();
  page.setDefaultTimeout(10_000);
  await page.route("https://unpkg.com/**", (route) =>
    route.fulfill({
      path: mqttModule,
      contentType: "text/javascript",
      headers: { "Access-Control-Allow-Origin": "*" },
    }),
  );
  await page.goto(origin);
  return page;
}
