// The dashboard's doors and walls: who gets in, what its addresses answer, how it fits a phone.

import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { gzipSync } from "node:zlib";
import mqtt from "mqtt";
import type { Page, Response } from "playwright-core";
import { describe, expect, it } from "vitest";
import { bundleWorker } from "../../tools/local-server/bundle.ts";
import { hasBrowser } from "../support/chromium.ts";
import { lookAgain, startWith, useDashboard } from "./support/dashboard.ts";

const phone = { viewport: { width: 360, height: 740 } };

/** What reaches beyond the right edge of the screen. */
const overflowPx = (page: Page) =>
  page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth");

async function signInWith(page: Page, token: string, namespace = ""): Promise<void> {
  await page.getByLabel("Token").fill(token);
  await page.getByLabel("Namespace").fill(namespace);
  await page.getByRole("button", { name: "Sign in" }).click();
}

it("is small", async () => {
  const { dashboardFolder = "" } = await bundleWorker();
  const files = (await readdir(dashboardFolder, { recursive: true, withFileTypes: true })).filter((file) =>
    file.isFile(),
  );
  const sizes = files.map(async ({ parentPath, name }) => gzipSync(await readFile(path.join(parentPath, name))).length);
  const bytes = (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
  expect(bytes).toBeGreaterThan(50_000);
  expect(bytes).toBeLessThan(200_000);
});

describe.skipIf(!hasBrowser)("a broker with its dashboard", () => {
  const dashboard = useDashboard();

  describe("signing in", () => {
    it("takes the token out of the address, and out of the browser's history", async () => {
      const { page } = await dashboard.signedIn();
      expect(page.url()).toBe(`${dashboard.url}/#/live`);
      expect(await page.evaluate("history.length")).toBe(2); // about:blank, and this.
      await page.reload();
      await page.getByRole("status").getByText("Connected").waitFor();
    });

    it.each(["not-the-token-of-this-broker", "tökén", `dmq_${"a".repeat(43)}`])(
      "says what to do for %s",
      async (token) => {
        const { page } = await dashboard.newPage();
        await page.goto(dashboard.url);
        await signInWith(page, token);
        const line = page.getByRole("alert");
        expect(await line.innerText()).toMatch(
          /^This token is not valid here\. npm start prints the right one[^\n]*\.$/,
        );
        await signInWith(page, dashboard.token);
        await page.getByRole("status").getByText("Connected").waitFor();
      },
    );

    it("is for one namespace", async () => {
      const { page } = await dashboard.newPage();
      await page.goto(dashboard.url);
      await signInWith(page, dashboard.token, "other");
      await page.getByRole("status").getByText("Connected").waitFor();
      await page.getByText("other", { exact: true }).waitFor();
      await publish(page, "from/other", "1");
      await page.getByRole("treeitem", { name: "other 1" }).waitFor();
      expect(await dashboard.api("GET", "/retained")).toMatchObject({ items: [] });
    });

    it("ends when the token is no longer valid", async () => {
      const scopes = ["clients:read", "credentials:read", "credentials:write", "stats:read"];
      const made = await dashboard.api<{ id: string; token: string }>("POST", "/tokens", { name: "short", scopes });
      const { page } = await dashboard.newPage();
      await page.goto(`${dashboard.url}/#token=${made.token}`);
      await page.getByRole("status").getByText("Connected").waitFor();
      await dashboard.api("DELETE", `/tokens/${made.id}`);
      await page.getByRole("link", { name: "Overview" }).click();
      await page.getByText("This token is no longer valid. Sign in with another one.").waitFor();
    });

    it("makes a credential that goes with signing out", async () => {
      const { page } = await dashboard.signedIn();
      const clientId = await page.evaluate("JSON.parse(sessionStorage.getItem('durable-mqtt.credential')).clientId");
      const usernames = async () => {
        const { items } = await dashboard.api<{ items: { username: string }[] }>("GET", "/credentials");
        return items.map(({ username }) => username);
      };
      expect(await usernames()).toContain(clientId);
      await page.getByRole("button", { name: "Sign out" }).click();
      await page.getByLabel("Token").waitFor();
      await expect.poll(usernames).not.toContain(clientId);
      expect(await page.evaluate("sessionStorage.length")).toBe(0);
    });
  });

  describe("an address", () => {
    it.each(["#/nonsense", "#/nonsense/x", "#nonsense"])(
      "that is unknown, %s, leads to the dashboard",
      async (hash) => {
        const { page, errors } = await dashboard.shared();
        await page.goto(`${dashboard.url}/${hash}`);
        await expect.poll(() => page.url()).toBe(`${dashboard.url}/#/live`);
        await page.getByText("Choose a topic to see its messages.").waitFor();
        await page.goto("about:blank");
        await page.goto(`${dashboard.url}/nonsense${hash}`);
        await expect.poll(() => page.url()).toBe(`${dashboard.url}/#/live`);
        await page.getByRole("status").getByText("Connected").waitFor();
        expect(errors).toEqual([]);
      },
    );

    it("is answered with compressed files, less than 200 kB for the first load", async () => {
      const { page } = await dashboard.newPage();
      const responses: Response[] = [];
      page.on("response", (response) => responses.push(response));
      await page.goto(`${dashboard.url}/#token=${dashboard.token}`);
      await page.getByRole("status").getByText("Connected").waitFor();
      let bytes = 0;
      for (const response of responses.filter((one) => !one.url().includes("/api/"))) {
        const { headers } = await fetch(response.url(), { headers: { "Accept-Encoding": "gzip" } });
        expect(headers.get("Content-Encoding"), response.url()).toBe("gzip");
        expect(headers.get("Vary"), response.url()).toContain("Accept-Encoding");
        bytes += (await response.request().sizes()).responseBodySize;
      }
      expect(bytes).toBeGreaterThan(50_000);
      expect(bytes).toBeLessThan(200_000);
      for (const takes of ["identity", "gzip;q=0, identity"]) {
        const plain = await fetch(dashboard.url, { headers: { "Accept-Encoding": takes } });
        expect(plain.headers.get("Content-Encoding")).toBeNull();
        expect(await plain.text()).toContain("<!doctype html>");
      }
      const etag = (await fetch(dashboard.url)).headers.get("ETag") ?? "";
      expect((await fetch(dashboard.url, { headers: { "If-None-Match": etag } })).status).toBe(304);
      const nowhere = await fetch(`${dashboard.url}/nonsense`);
      expect([nowhere.status, await nowhere.text()]).toEqual([
        404,
        "nothing is here: MQTT over WebSocket is at /mqtt\n",
      ]);
    });
  });

  it("describes the API to everybody, with a search and commands for this server", async () => {
    const { page, errors } = await dashboard.newPage(phone);
    const { paths } = await dashboard.api<{ paths: Record<string, object> }>("GET", "/openapi.json");
    const count = Object.values(paths).flatMap((methods) => Object.keys(methods)).length;
    await page.goto(dashboard.url);
    await page.getByRole("link", { name: "What the HTTP API can do" }).click();
    const operations = page.locator("details.operation");
    await expect.poll(() => operations.count()).toBe(count);
    await page.getByLabel("Find operations and fields").fill("correlationData publish");
    await page.getByText(`of ${count}`).waitFor();
    const publish = operations.filter({ hasText: "Publish a message" });
    await publish.locator("summary").click();
    await publish.getByText(`curl ${dashboard.url}/api/v1/publish -H "Authorization`).waitFor();
    await publish.getByRole("list", { name: "Body" }).getByText("messageExpirySec", { exact: true }).waitFor();
    await publish.getByRole("list", { name: "Answer 200" }).getByText("matched", { exact: true }).waitFor();
    expect(page.url()).toBe(`${dashboard.url}/#/api/publish`);
    expect(await overflowPx(page)).toBe(0);
    await page.reload();
    await publish.getByRole("list", { name: "Body" }).waitFor();
    await page.route("**/openapi.json", (request) => request.abort());
    await page.reload();
    await page.getByRole("alert").getByText("The broker does not answer.").waitFor();
    await page.unroute("**/openapi.json");
    await page.getByRole("button", { name: "Try again" }).click();
    await publish.waitFor();
    expect(errors.filter((line) => !line.includes("ERR_FAILED"))).toEqual([]);
    await page.getByRole("link", { name: "Sign in" }).click();
    await signInWith(page, dashboard.token);
    await page.getByRole("link", { name: "API", exact: true }).click();
    await expect.poll(() => operations.count()).toBe(count);
  });

  describe("on a phone", () => {
    const longWord = "a-word-without-an-end-".repeat(12);

    it.each(["#/live", `#/live/${longWord}%2F${longWord}`, "#/devices", "#/clients", "#/overview"])(
      "nothing of %.14s reaches beyond the edge",
      async (address) => {
        const { page } = await dashboard.shared(phone);
        await dashboard.api("POST", "/publish", { topic: `${longWord}/${longWord}`, payload: longWord, retain: true });
        const { status } = await postCredential(longWord.slice(0, 64));
        expect([201, 409]).toContain(status);
        await page.goto(`${dashboard.url}/${address}`);
        const name = address.split("/")[1] ?? "";
        await expect.poll(() => page.title()).toBe(`${name[0]?.toUpperCase()}${name.slice(1)} · durable-mqtt`);
        await page.locator("main .card:visible").first().waitFor();
        await expect.poll(() => overflowPx(page)).toBe(0);
      },
    );

    it("nothing of a new device reaches beyond the edge", async () => {
      const { page } = await dashboard.shared(phone);
      await page.getByRole("link", { name: "Devices" }).click();
      await page.getByLabel("Name of the device").fill("x".repeat(64));
      await page.getByRole("button", { name: "Add" }).click();
      for (const name of await page.getByRole("tab").allInnerTexts()) {
        await page.getByRole("tab", { name }).click();
        expect(await overflowPx(page), name).toBe(0);
      }
    });

    it("the shared limits stay within the edge, and say who holds most of each", async () => {
      const clientId = longWord.slice(0, 200);
      const address = `${dashboard.url.replace("http", "ws")}/mqtt/${clientId}`;
      const client = await mqtt.connectAsync(address, { clientId, protocolVersion: 4 });
      try {
        await client.publishAsync("limits/a", "x".repeat(2_000), { qos: 1, retain: true });
        const { page, errors } = await dashboard.shared(phone);
        await page.goto(`${dashboard.url}/#/overview`);
        await lookAgain(page);
        const holdersOf = (name: string) => page.getByRole("list", { name: `Largest holders: ${name}` });
        await holdersOf("Retained bytes").getByText(`anonymous/${clientId}`).waitFor();
        const card = page.getByRole("region", { name: "Shared limits" });
        await card.getByText(/^Sessions$/).waitFor();
        await card.getByText(/ kB of 1\.07 GB/).waitFor();
        expect(await card.locator(".limit.unused").allInnerTexts()).toContainEqual(
          expect.stringContaining("Messages for sessions out of reach"),
        );
        expect(await overflowPx(page)).toBe(0);
        expect(errors).toEqual([]);
      } finally {
        await client.endAsync();
      }
    });

    async function postCredential(username: string): Promise<globalThis.Response> {
      const headers = { Authorization: `Bearer ${dashboard.token}`, "Content-Type": "application/json" };
      const body = JSON.stringify({ username, rules: {} });
      return fetch(`${dashboard.url}/api/v1/credentials`, { method: "POST", headers, body });
    }
  });
});

describe.skipIf(!hasBrowser)("without an ADMIN_TOKEN", () => {
  const dashboard = useDashboard(startWith({}));

  it("the page says how to set one", async () => {
    const { page } = await dashboard.newPage();
    await page.goto(dashboard.url);
    await signInWith(page, "whatever-it-may-be");
    await page.getByText("npx wrangler secret put ADMIN_TOKEN").waitFor();
  });
});

async function publish(page: Page, topic: string, payload: string): Promise<void> {
  const form = page.getByRole("region", { name: "Publish" });
  await form.getByLabel("Topic").fill(topic);
  await form.getByLabel("Payload").fill(payload);
  await form.getByRole("button", { name: "Publish" }).click();
  await form.getByText(/^Published at/).waitFor();
}
