// The dashboard in a real browser, on a broker that was just started with `npm start`.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll } from "vitest";
import { startServer } from "../../../tools/local-server/server.ts";
import { chromiumPath } from "../../support/chromium.ts";
import { outputUntil } from "../../support/program.ts";

const commandLine = path.join(import.meta.dirname, "../../../tools/command-line/main.ts");
const screenshotFolder = path.join(import.meta.dirname, "../../../dist/screenshots");

/** `errors` is what the page's console has against it. */
export type OpenPage = { readonly page: Page; readonly errors: string[] };

export type Dashboard = {
  readonly url: string;
  /** For MQTT over TCP; none with `startWith`. */
  readonly tcpPort: number | undefined;
  readonly token: string;
  /** A page of a browser that has never been here. */
  newPage(options?: BrowserContextOptions): Promise<OpenPage>;
  /** That has signed in by the address that `npm start` prints. */
  signedIn(options?: BrowserContextOptions): Promise<OpenPage>;
  /** Signed in once for all tests of a file that ask with the same options: a fresh page takes a second or two. */
  shared(options?: BrowserContextOptions): Promise<OpenPage>;
  api<Answer>(method: string, path: string, body?: object): Promise<Answer>;
};

type Started = Pick<Dashboard, "url" | "tcpPort" | "token"> & { close(): Promise<unknown> };

/** As a reader of the README does, and takes the address that it prints. */
export async function npmStart(dataDir: string): Promise<Started> {
  const { ADMIN_TOKEN: _, ...env } = process.env;
  const args = [commandLine, "start", "--port", "0", "--tcp", "0", "--data", dataDir];
  const program = spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "inherit"] });
  const out = await outputUntil(program, /^ {2}data .*\n/m);
  const [, url = "", token = ""] = /^ {2}dashboard {2}(\S+)\/#token=(\S+)$/m.exec(out) ?? [];
  const close = async () => {
    const ended = once(program, "exit");
    program.kill("SIGTERM");
    await ended;
  };
  const tcpPort = Number(/mqtt:\/\/127\.0\.0\.1:(\d+)/.exec(out)?.[1]);
  return { url, tcpPort, token, close };
}

/** A broker in this process, with these variables. Without ADMIN_TOKEN: as it is before its owner has set one. */
export function startWith(variables: Readonly<Record<string, string>>): (dataDir: string) => Promise<Started> {
  return async (dataDir) => {
    const server = await startServer({ host: "127.0.0.1", port: 0, tcpPort: undefined, dataDir, variables });
    return {
      url: server.url,
      tcpPort: server.tcpPort,
      token: variables.ADMIN_TOKEN ?? "",
      close: () => server.close(),
    };
  };
}

function launchBrowser(): Promise<Browser> {
  const quiet = ["background-networking", "component-update", "sync", "gpu", "quic"].map((name) => `--disable-${name}`);
  const args = ["--headless", "--no-sandbox", "--no-first-run", ...quiet];
  return chromium.launch({ executablePath: chromiumPath, args });
}

/** One broker and one browser, for all tests of a file that say nothing else. */
export function useDashboard(start = npmStart): Dashboard {
  let browser: Browser;
  let server: Started;
  let folder: string;
  const shared = new Map<string, OpenPage>();
  const keptContexts = new Set<BrowserContext>();
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "durable-mqtt-test-"));
    const starting = start(path.join(folder, "data"));
    browser = await launchBrowser();
    server = await starting;
  }, 60_000);
  afterEach(async () => {
    for (const context of browser.contexts()) if (!keptContexts.has(context)) await context.close();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const newPage = async (options: BrowserContextOptions = {}, isKept: boolean): Promise<OpenPage> => {
    const context = await browser.newContext(options);
    if (isKept) keptContexts.add(context);
    const page = await context.newPage();
    page.setDefaultTimeout(10_000);
    const errors: string[] = [];
    page.on("pageerror", ({ message }) => errors.push(message));
    page.on("console", (message) => {
      if (message.type() === "error") errors.push(message.text());
    });
    return { page, errors };
  };
  const signedIn = async (options: BrowserContextOptions | undefined, isKept: boolean): Promise<OpenPage> => {
    const { page, errors } = await newPage(options, isKept);
    await page.goto(`${server.url}/#token=${server.token}`);
    await page.getByRole("status").getByText("Connected").waitFor();
    return { page, errors };
  };

  const dashboard: Dashboard = {
    get url() {
      return server.url;
    },
    get tcpPort() {
      return server.tcpPort;
    },
    get token() {
      return server.token;
    },
    newPage: (options) => newPage(options, false),
    signedIn: (options) => signedIn(options, false),
    async shared(options = {}) {
      const key = JSON.stringify(options);
      const known = shared.get(key);
      if (known !== undefined) return known;
      const { page, errors } = await signedIn(options, true);
      shared.set(key, { page, errors });
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

/** As when somebody comes back to the page: it asks for its numbers at once, and not only every five seconds. */
export async function lookAgain(page: Page): Promise<void> {
  await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))");
}

export async function screenshot(page: Page, name: string): Promise<void> {
  await mkdir(screenshotFolder, { recursive: true });
  await page.screenshot({ path: path.join(screenshotFolder, `${name}.png`) });
}
