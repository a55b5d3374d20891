import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, readlink, rm } from "node:fs/promises";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { setImmediate as nextTurn } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";

const program = path.join(import.meta.dirname, "../../tools/local-server/main.ts");
/** The first start of all bundles the Worker. */
const startTimeoutMs = 60_000;

let folder: string;
const running: ChildProcess[] = [];

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "durable-mqtt-test-"));
});

afterEach(async () => {
  for (const child of running.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill("SIGKILL");
    await once(child, "exit");
  }
});

afterAll(() => rm(folder, { recursive: true, force: true }));

function run(...args: string[]) {
  const child = spawn(process.execPath, [program, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  running.push(child);
  return child;
}

async function runToEnd(...args: string[]) {
  const child = run(...args);
  const [out, error] = [text(child.stdout), text(child.stderr)];
  const [exitCode] = await once(child, "exit");
  return { exitCode, out: await out, error: await error };
}

async function runUntilReady(...args: string[]) {
  const child = run("--port", "0", "--tcp", "0", "--data", folder, ...args);
  const error = text(child.stderr);
  const failed = once(child, "exit").then(async () => Promise.reject(new Error(await error)));
  failed.catch(() => {}); // When it ends later, the test knows.
  return { child, ...(await Promise.race([readGreeting(child), failed])) };
}

/** What it says when it is ready, up to the last line. */
async function readGreeting(child: { readonly stdout: Readable }) {
  let out = "";
  await new Promise<void>((resolve) => {
    child.stdout.setEncoding("utf8").on("data", (part) => {
      out += part;
      if (/^ {2}data .*\n/m.test(out)) resolve();
    });
  });
  const port = (pattern: RegExp) => Number(pattern.exec(out)?.[1]);
  return { out, webSocketPort: port(/ws:\/\/[^:]*:(\d+)/), tcpPort: port(/mqtt:\/\/[^:]*:(\d+)/) };
}

async function end(child: ChildProcess, signal: NodeJS.Signals) {
  const begunAt = performance.now();
  child.kill(signal);
  const [exitCode] = await once(child, "exit");
  return { exitCode, tookMs: performance.now() - begunAt };
}

/** As often as Miniflare starts one. */
async function killRuntimesOf({ pid }: ChildProcess) {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8").catch(() => "");
  for (const each of children.split(" ").filter(Boolean)) {
    const program = await readlink(`/proc/${each}/exe`).catch(() => "");
    if (path.basename(program) === "workerd") process.kill(Number(each), "SIGKILL");
  }
}

/** Exactly one line, that has all of these. */
function expectOneLine(written: string, ...parts: string[]) {
  expect(written).toMatch(/^[^\n]+\n$/);
  for (const part of parts) expect(written).toContain(part);
}

describe("npm start, told something it cannot do", () => {
  it.each([
    ["an unknown flag", ["--prot", "8787"], ["--prot", "--help"]],
    ["a flag without its value", ["--port"], ["--port", "--help"]],
    ["a word that is no flag", ["8787"], ["8787", "--help"]],
    ["a port that is no number", ["--port", "mqtt"], ["--port", '"mqtt"', "0 to 65535"]],
    ["a port that is too large", ["--tcp", "65536"], ["--tcp", '"65536"', "0 to 65535"]],
    ["one port for two listeners", ["--port", "1883"], ["--port", "--tcp"]],
    ["TCP on and off", ["--tcp", "1883", "--no-tcp"], ["--tcp", "--no-tcp"]],
    ["a setting without a value", ["--set", "TOPIC_SHARDS"], ["--set", "NAME=VALUE"]],
    ["a setting with a bad value", ["--set", "TOPIC_SHARDS=many"], ["TOPIC_SHARDS", '"many"']],
    ["a host that does not exist", ["--host", "host.invalid", "--allow-anonymous"], ["host.invalid", "--host"]],
    ["an address of another machine", ["--host", "192.0.2.1", "--allow-anonymous"], ["192.0.2.1", "--host"]],
    ["every address, open to anyone", ["--host", "0.0.0.0"], ["0.0.0.0", "--allow-anonymous"]],
  ])("refuses %s in one line", async (_what, args, parts) => {
    const { exitCode, out, error } = await runToEnd(...args);
    expectOneLine(error, ...parts);
    expect(out).toBe("");
    expect(exitCode).toBe(1);
  });

  it.each(["--port", "--tcp"])("refuses a port in use in one line (%s)", async (flag) => {
    const holder = net.createServer().listen(0, "127.0.0.1");
    await once(holder, "listening");
    const port = String((holder.address() as net.AddressInfo).port);
    const otherFlag = flag === "--port" ? "--tcp" : "--port";
    const { exitCode, error } = await runToEnd(flag, port, otherFlag, "0", "--data", folder);
    holder.close();
    expectOneLine(error, port, "in use", flag);
    expect(exitCode).toBe(1);
  });

  it("refuses a data folder that cannot be made in one line", { timeout: startTimeoutMs }, async () => {
    const { exitCode, error } = await runToEnd("--port", "0", "--tcp", "0", "--data", "/dev/null/data");
    expectOneLine(error, "/dev/null/data", "--data");
    expect(exitCode).toBe(1);
  });

  it("refuses a data folder that another server has in one line", { timeout: startTimeoutMs }, async () => {
    await runUntilReady();
    const { exitCode, error } = await runToEnd("--port", "0", "--tcp", "0", "--data", folder);
    expectOneLine(error, folder, "in use", "--data");
    expect(exitCode).toBe(1);
  });
});

describe("npm start", () => {
  it("explains its flags", async () => {
    const { exitCode, out, error } = await runToEnd("--help");
    for (const flag of ["--port", "--tcp", "--no-tcp", "--data", "--host", "--allow-anonymous", "--set"]) {
      expect(out).toContain(flag);
    }
    expect(error).toBe("");
    expect(exitCode).toBe(0);
  });

  it("says where clients connect, one address a line", { timeout: startTimeoutMs }, async () => {
    const { out, webSocketPort, tcpPort } = await runUntilReady();
    expect(out).toBe(
      [
        "durable-mqtt is ready",
        `  WebSocket  ws://127.0.0.1:${webSocketPort}/mqtt`,
        `  WebSocket  ws://127.0.0.1:${webSocketPort}/mqtt/{clientId}  (one hop less)`,
        `  TCP        mqtt://127.0.0.1:${tcpPort}`,
        `  data       ${folder}`,
        "",
      ].join("\n"),
    );
    const webSocket = new WebSocket(`ws://127.0.0.1:${webSocketPort}/mqtt/sensor`, "mqtt");
    await once(webSocket, "open");
    webSocket.terminate();
    const tcp = net.connect(tcpPort, "127.0.0.1");
    await once(tcp, "connect");
    tcp.destroy();
  });

  it("leaves TCP off when told to", { timeout: startTimeoutMs }, async () => {
    const child = run("--port", "0", "--no-tcp", "--data", folder);
    let out = "";
    for await (const part of child.stdout.setEncoding("utf8")) {
      out += part;
      if (out.includes(folder)) break;
    }
    expect(out).toContain("ws://");
    expect(out).not.toContain("mqtt://");
  });

  it.each(["SIGTERM", "SIGINT"] as const)(
    "ends on %s within two seconds",
    { timeout: startTimeoutMs },
    async (signal) => {
      const { child, webSocketPort, tcpPort } = await runUntilReady();
      const webSocket = new WebSocket(`ws://127.0.0.1:${webSocketPort}/mqtt/sensor`, "mqtt");
      await once(webSocket, "open");
      webSocket.on("error", () => {});
      const closed = once(webSocket, "close");
      const tcp = net.connect(tcpPort, "127.0.0.1");
      await once(tcp, "connect");

      const { exitCode, tookMs } = await end(child, signal);
      expect(exitCode).toBe(0);
      expect(tookMs).toBeLessThan(2_000);
      await closed;
      tcp.destroy();
    },
  );

  it("ends when npm, which passes no signal on, is ended", { timeout: startTimeoutMs }, async () => {
    const cwd = path.join(import.meta.dirname, "../..");
    const args = ["start", "--", "--port", "0", "--tcp", "0", "--data", folder];
    const npm = spawn("npm", args, { cwd, stdio: ["ignore", "pipe", "ignore"] });
    running.push(npm);
    const { webSocketPort } = await readGreeting(npm);
    const webSocket = new WebSocket(`ws://127.0.0.1:${webSocketPort}/mqtt/sensor`, "mqtt");
    await once(webSocket, "open");
    webSocket.on("error", () => {});
    const closed = once(webSocket, "close");
    npm.kill("SIGTERM");
    await closed;
  });

  it("ends with one line when its runtime ends again and again", { timeout: startTimeoutMs }, async () => {
    const { child } = await runUntilReady();
    const gone = once(child, "exit");
    const lines: string[] = [];
    child.stderr.setEncoding("utf8").on("data", (part) => lines.push(part));
    while (child.exitCode === null) {
      await killRuntimesOf(child);
      await nextTurn();
    }
    expect((await gone)[0]).toBe(1);
    expect(lines.join("")).toMatch(/^The Workers runtime ended and could not be started again\. .*$/m);
  });

  it("leaves port and folder free even when it is killed", { timeout: startTimeoutMs }, async () => {
    const killed = await runUntilReady();
    await end(killed.child, "SIGKILL");
    const { child } = await runUntilReady("--port", String(killed.webSocketPort));
    expect((await end(child, "SIGTERM")).exitCode).toBe(0);
  });
});
