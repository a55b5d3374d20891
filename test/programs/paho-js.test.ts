// Eclipse Paho's JavaScript library in a browser, on a page of another origin than the broker's.

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { chromium, type Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { useClosedBroker } from "../examples/support.ts";
import { chromiumPath } from "../support/chromium.ts";
import { undoAfterTest } from "../support/undo.ts";
import { hasInstalled, installedPath } from "./installed.ts";

const library = installedPath("paho-mqtt/paho-mqtt.js");
const isInstalled = hasInstalled("Paho's JavaScript library", library, "chromium");

/** A browser is slow on a busy machine. */
const patientMs = 15_000;

describe.skipIf(!isInstalled)("Paho's JavaScript library", { timeout: patientMs * 8 }, () => {
  const closed = useClosedBroker({ ALLOWED_ORIGINS: "*" });
  const addresses = {
    "/mqtt": () => closed.broker.ws,
    "/mqtt/{clientId}": (clientId: string) => closed.broker.wsNative(clientId),
    "a URL whose path is /": () => `${closed.broker.ws.replace("/mqtt", "")}/`,
  };
  const ways = Object.keys(addresses) as (keyof typeof addresses)[];

  it("publishes, takes a command and is missed, by each address, at 3.1 and 3.1.1", async () => {
    const page = await openPage();
    for (const [index, way] of ways.entries()) {
      const mqttVersion = index === 0 ? 3 : 4;
      const name = `paho-js-${index}`;
      const { watcher, inbox } = await closed.watch(name);
      const { username, token } = await closed.addDevice(name);
      const login = { clientId: name, userName: username, password: token, mqttVersion };
      await page.goto(page.url());
      await loadDevice(page);
      expect(await connectInPage(page, { uri: addresses[way](name), ...login }), way).toBe("connected");
      expect((await inbox.take(1, patientMs)).map(contentOf), way).toEqual(["status online"]);
      await watcher.publishAsync(`devices/${name}/command`, "on", { qos: 1 });
      await page.getByText(`devices/${name}/command on`).waitFor();
      await inbox.take(1, patientMs);
      await page.goto("about:blank");
      expect((await inbox.take(1, patientMs)).map(contentOf), way).toEqual(["status offline"]);
      await page.goBack();
    }
  });

  it("says that its token is not right", async () => {
    const page = await openPage();
    await loadDevice(page);
    const { username } = await closed.addDevice("paho-js-wrong");
    const login = { clientId: "paho-js-wrong", userName: username, password: "dmq_wrong", mqttVersion: 4 };
    expect(await connectInPage(page, { uri: closed.broker.ws, ...login })).toMatch(/bad user ?name or password/i);
  });
});

type Login = { uri: string; clientId: string; userName: string; password: string; mqttVersion: number };

function connectInPage(page: Page, login: Login): Promise<string> {
  return page.evaluate(`connectDevice(${JSON.stringify(login)})`);
}

async function loadDevice(page: Page): Promise<void> {
  for (const file of [library, path.join(import.meta.dirname, "paho-page.js")]) await page.addScriptTag({ path: file });
}

function contentOf({ topic, payload }: { topic: string; payload: string | Buffer }): string {
  return `${topic.split("/").at(-1)} ${payload}`;
}

async function openPage(): Promise<Page> {
  const server = createServer((_, response) => response.setHeader("Content-Type", "text/html").end("<body></body>"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  undoAfterTest(() => server.close());
  const browser = await chromium.launch({ executablePath: chromiumPath, args: ["--headless", "--no-sandbox"] });
  undoAfterTest(() => browser.close());
  const page = await browser.newPage();
  page.setDefaultTimeout(patientMs);
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  return page;
}
