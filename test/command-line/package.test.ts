// What `npm pack` makes, installed in an empty folder and run there, as after `npm install durable-mqtt`.

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import { outputUntil } from "../support/program.ts";

const root = path.join(import.meta.dirname, "../..");
/** It compiles the project, and installs a Workers runtime and Node.js. */
const installTimeoutMs = 240_000;

let folder: string;
/** Without the project's cache of what Node.js has compiled: the package has its own. */
const { NODE_COMPILE_CACHE: _, ...env } = process.env;
const runThere = (program: string, ...args: string[]) => promisify(execFile)(program, args, { cwd: folder, env });
/** What npx runs, without the second that npx takes to find it. */
const durableMqtt = (...args: string[]) => runThere(path.join(folder, "node_modules/.bin/durable-mqtt"), ...args);

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "durable-mqtt-test-"));
  await promisify(execFile)("npm", ["pack", "--pack-destination", folder], { cwd: root });
  const [archive = ""] = await readdir(folder);
  await writeFile(path.join(folder, "package.json"), '{"type":"module"}\n');
  await runThere("npm", "install", "--no-audit", "--no-fund", "--prefer-offline", `./${archive}`);
}, installTimeoutMs);

afterAll(() => rm(folder, { recursive: true, force: true }));

it("starts a broker with its dashboard, and carries a message", { timeout: 60_000 }, async () => {
  const args = ["--no-install", "durable-mqtt", "start", "--port", "0", "--no-tcp"];
  const npx = spawn("npx", args, { cwd: folder, stdio: ["ignore", "pipe", "pipe"], detached: true, env });
  const said = text(npx.stderr);
  const ended = once(npx, "close");
  // As Ctrl-C does, to all that it started.
  onTestFinished(async () => {
    process.kill(-(npx.pid as number), "SIGINT");
    await ended;
    // Nothing else is shown for ten seconds, which would look like a fault.
    expect(await said).toContain("Bundling the broker: the first start");
  });
  const out = await outputUntil(npx, /^ {2}data .*\n/m);
  const [, http = ""] = /dashboard {2}(.*)\/#token=/.exec(out) ?? [];
  const to = ["--to", `${http.replace("http", "ws")}/mqtt`];
  const [, , first, second] = await Promise.all([
    fetch(http).then(async (page) => expect(await page.text()).toContain("<title>durable-mqtt</title>")),
    durableMqtt("pub", ...to, "-t", "home/x", "-m", "hello", "-q", "1", "-r"),
    durableMqtt("add-device", "sensor-1", ...to),
    durableMqtt("add-device", "sensor-2", "--sketch", ...to),
  ]);
  expect(first.stdout).toContain('#define DEVICE_TOKEN "dmq_');
  expect(second.stdout).toContain('"sensor-2"');
  expect((await durableMqtt("sub", ...to, "-t", "home/#", "-C", "1")).stdout).toBe("hello\n");
  // What was compiled is kept, so that the next start is faster.
  const cache = path.join(folder, "node_modules/durable-mqtt/node_modules/.cache/node-compile-cache");
  expect((await readdir(cache, { recursive: true })).length).toBeGreaterThan(100);
});

it("has a help for each command", { timeout: 60_000 }, async () => {
  const { stdout } = await runThere("npx", "--no-install", "durable-mqtt", "--help");
  const commands = ["start", "gateway", "add-device", "device", "pub", "sub", "deploy"];
  for (const command of commands) expect(stdout).toContain(`  ${command} `);
  // In one process: a start for each would cost more than the rest of the test.
  await writeFile(
    path.join(folder, "helps.js"),
    `import { runCommand } from "./node_modules/durable-mqtt/dist/tools/command-line/commands.js";
    for (const command of ${JSON.stringify(commands)}) await runCommand([command, "--help"]);`,
  );
  const helps = await runThere(path.join(folder, "node_modules/.bin/node"), "helps.js");
  for (const command of commands) expect(helps.stdout).toContain(`Usage: durable-mqtt ${command}`);
});

it("can be deployed, its dashboard built", { timeout: 60_000 }, async () => {
  expect((await durableMqtt("deploy", "--dry-run")).stdout).toContain("env.ASSETS");
});

it("starts a broker from a program", { timeout: 60_000 }, async () => {
  const program = `
    import { startServer } from "durable-mqtt/local-server";
    const server = await startServer({ host: "127.0.0.1", port: 0, tcpPort: undefined, dataDir: undefined, variables: {} });
    console.log(await (await fetch(server.url + "/api/v1/health")).text());
    await server.close();
  `;
  await writeFile(path.join(folder, "program.js"), program);
  const { stdout } = await runThere(path.join(folder, "node_modules/.bin/node"), "program.js");
  expect(stdout).toContain('"ok"');
});
