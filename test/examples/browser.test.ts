// The example of a web page, in a browser, from a web server that is not the broker. MQTT.js comes from the project's own
// packages in the place of unpkg.com, which is not reached here.

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { chromium } from "playwright-core";
import { describe, expect, it } from "vitest";
import { adminToken, apiOf } from "../support/api.ts";
import { startBroker } from "../support/broker.ts";
import { chromiumPath, hasBrowser } from "../support/chromium.ts";
import { freePort } from "../support/free-port.ts";
import { jwtSecret } from "../support/jwt.ts";
import { connectMqttJs, inboxOf } from "../support/mqttjs.ts";
import { runInFolder } from "../support/program-in-folder.ts";
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

  it("is refused where its origin is not named, and says which setting names it", async () => {
    const origin = await serveExample();
    const broker = await startBroker();
    undoAfterTest(() => broker.close());
    const page = await openPage(origin);
    await page.getByLabel("Broker").fill(broker.ws);
    await page.getByRole("button", { name: "Connect" }).click();
    await page
      .getByRole("status")
      .getByText(/^HTTP 403: .*ALLOWED_ORIGINS/)
      .waitFor();
  });
});

describe.skipIf(!hasBrowser)("the page of docs/CLIENTS.md whose server makes JSON Web Tokens", () => {
  it("connects, and comes back with another token", async () => {
    const document = await readFile(path.join(import.meta.dirname, "../../docs/CLIENTS.md"), "utf8");
    const section = document.slice(document.indexOf("## A web page"));
    const codeOf = (language: string) => new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(section)?.[1] ?? "";
    const port = String(await freePort());
    const origin = `http://127.0.0.1:${port}`;
    const variables = { ALLOWED_ORIGINS: origin, ALLOW_ANONYMOUS: "0", ADMIN_TOKEN: adminToken, JWT_SECRET: jwtSecret };
    const broker = await startBroker({ variables });
    undoAfterTest(() => broker.close());
    const files = { "server.mjs": codeOf("js"), "index.html": codeOf("html").replace("wss://HOST/mqtt", broker.ws) };
    await runInFolder(process.execPath, ["server.mjs"], { files, variables: { JWT_SECRET: jwtSecret, PORT: port } });
    await expect
      .poll(
        () =>
          fetch(origin).then(
            ({ ok }) => ok,
            () => false,
          ),
        { timeout: 10_000 },
      )
      .toBe(true);

    const page = await openPage(origin);
    const api = apiOf(broker);
    const publish = (payload: string) =>
      expect
        .poll(async () => (await api.call("POST", "/publish", { topic: "visitors/alice/x", payload, qos: 1 })).body, {
          timeout: 10_000,
        })
        .toEqual({ matched: true });
    await publish("first");
    await page.getByText("visitors/alice/x first").waitFor();
    const { body } = await api.call("GET", "/clients");
    const another = page.waitForRequest(`${origin}/token`);
    await api.call("POST", `/clients/${body.items[0].clientId}/disconnect`);
    await another;
    await publish("second");
    await page.getByText("visitors/alice/x second").waitFor();
  });
});

it("names the version of MQTT.js that the project has", async () => {
  expect(await exampleText("browser/index.html")).toContain(`https://unpkg.com/mqtt@${mqttVersion}/dist/mqtt.esm.js`);
  expect(await readFile(path.join(import.meta.dirname, "../../docs/CLIENTS.md"), "utf8")).toContain(
    `https://unpkg.com/mqtt@${mqttVersion}/dist/mqtt.esm.js`,
  );
  expect(JSON.parse(await exampleText("node/package.json")).dependencies).toEqual({ mqtt: mqttVersion });
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
