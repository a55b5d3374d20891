// The dashboard in a real browser, on a server of its own that lets nobody in without a credential.

import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll } from "vitest";
import { type LocalServer, startServer } from "../../../tools/local-server/server.ts";

const chromiumPath = "/usr/bin/chromium";
export const hasBrowser = existsSync(chromiumPath);
if (!hasBrowser)
  console.warn(`The dashboard's browser tests are skipped: there is no ${chromiumPath} (apt install chromium).`);

const screenshotFolder = path.join(import.meta.dirname, "../../../dist/screenshots");

export type Dashboard = {
  readonly url: string;
  readonly token: string;
  /** A page of a browser that has never been here; `errors` is what the page's console has against it. */
  newPage(options?: BrowserContextOptions): Promise<{ page: Page; errors: string[] }>;
  /** That has signed in by the address that `npm start` prints. */
  signedIn(options?: BrowserContextOptions): Promise<{ page: Page; errors: string[] }>;
  api<Answer>(method: string, path: string, body?: object): Promise<Answer>;
};

/** One server and one browser for all tests of a file. */
export function useDashboard(variables: Record<string, string> = {}, { keepsAdminToken = true } = {}): Dashboard {
  let browser: Browser;
  let server: LocalServer;
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "durable-mqtt-test-"));
    const here = { host: "127.0.0.1", port: 0, tcpPort: undefined, dataDir: folder };
    server = await startServer({ ...here, variables, keepsAdminToken });
    const quiet = ["background-networking", "component-update", "sync", "gpu", "quic"].map(
      (name) => `--disable-${name}`,
    );
    const args = ["--headless", "--no-sandbox", "--no-first-run", ...quiet];
    browser = await chromium.launch({ executablePath: chromiumPath, args });
  }, 60_000);
  afterEach(async () => {
    for (const context of browser.contexts()) await context.close();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const dashboard: Dashboard = {
    get url() {
      return server.url;
    },
    get token() {
      return server.adminToken?.token ?? "";
    },
    async newPage(options = {}) {
      const context = await browser.newContext(options);
      const page = await context.newPage();
      page.setDefaultTimeout(10_000);
      const errors: string[] = [];
      page.on("pageerror", ({ message }) => errors.push(message));
      page.on("console", (message) => {
        if (message.type() === "error") errors.push(message.text());
      });
      return { page, errors };
    },
    async signedIn(options) {
      const { page, errors } = await dashboard.newPage(options);
      await page.goto(`${server.url}/#token=${dashboard.token}`);
      await page.getByRole("status").getByText("Connected").waitFor();
      return { page, errors };
    },
    async api<Answer>(method: string, path: string, body?: object) {
      const response = await fetch(`${server.url}/api/v1${path}`, {
        method,
        headers: { Authorization: `Bearer ${dashboard.token}`, "Content-Type": "application/json" },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return (response.status === 204 ? undefined : await response.json()) as Answer;
    },
  };
  return dashboard;
}

export async function screenshot(page: Page, name: string): Promise<void> {
  await mkdir(screenshotFolder, { recursive: true });
  await page.screenshot({ path: path.join(screenshotFolder, `${name}.png`) });
}
