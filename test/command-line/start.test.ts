import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, readdir, readFile, readlink, rm, writeFile } from "node:fs/promises";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { setImmediate as nextTurn } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { ownNames } from "../../tools/local-server/addresses.ts";
import { connect, connectPacket } from "../support/connect.ts";
import { Conversation } from "../support/conversation.ts";
import { refusedUpgrade, upgrade } from "../support/handshake.ts";
import {
  expectOneLine,
  killed,
  outputUntil,
  type Program,
  run,
  runForFile,
  runHere,
  runToEnd,
} from "../support/program.ts";

/** To the server another host than this machine, which it is all the same. */
const otherHost = "127.1";
/** The first start of all bundles the Worker. */
const startTimeoutMs = 60_000;

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "durable-mqtt-test-"));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

type Ready = Awaited<ReturnType<typeof untilReady>>;

const anyPort = ["start", "--port", "0", "--tcp", "0"];

/** It is ended after the test. */
const runUntilReady = (...args: string[]) => untilReady(run([...anyPort, "--data", folder, ...args]));

/** For several tests, which end it. */
const startUntilReady = (...args: string[]) => untilReady(runForFile([...anyPort, "--data", folder, ...args]));

async function untilReady(child: Program) {
  const error = text(child.stderr);
  const failed = once(child, "exit").then(async () => Promise.reject(new Error(await error)));
  failed.catch(() => {}); // When it ends later, the test knows.
  return { child, ...(await Promise.race([readGreeting(child), failed])) };
}

/** What it says when it is ready, up to the last line. */
async function readGreeting(child: { readonly stdout: Readable }) {
  const out = await outputUntil(child, /^ {2}data .*\n/m);
  const port = (pattern: RegExp) => Number(pattern.exec(out)?.[1]);
  return { out, webSocketPort: port(/ws:\/\/[^:]*:(\d+)/), tcpPort: port(/mqtt:\/\/[^:]*:(\d+)/) };
}

/** Ends it, and with it its clients' connections, within two seconds. */
async function expectEndOn(signal: NodeJS.Signals, { child, webSocketPort }: Pick<Ready, "child" | "webSocketPort">) {
  const closed = await connectedUntilClosed(webSocketPort);
  const begunAt = performance.now();
  child.kill(signal);
  const [exitCode] = await once(child, "exit");
  expect(exitCode).toBe(0);
  expect(performance.now() - begunAt).toBeLessThan(2_000);
  await closed();
}

/** @returns waits until the connection is closed */
async function connectedUntilClosed(port: number): Promise<() => Promise<unknown>> {
  const webSocket = new WebSocket(`ws://127.0.0.1:${port}/mqtt/sensor`, "mqtt");
  await once(webSocket, "open");
  webSocket.on("error", () => {});
  const closed = once(webSocket, "close");
  return () => closed;
}

/** As often as Miniflare starts one. */
async function killRuntimesOf({ pid }: ChildProcess) {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8").catch(() => "");
  for (const each of children.split(" ").filter(Boolean)) {
    const program = await readlink(`/proc/${each}/exe`).catch(() => "");
    if (path.basename(program) === "workerd") process.kill(Number(each), "SIGKILL");
  }
}

const keptToken = async () => (await readFile(path.join(folder, "admin-token"), "utf8")).trim();

const openOrNot = ["--allow-anonymous", "--require-credentials"];

describe("npm start, told something it cannot do", () => {
  it.each([
    ["an unknown flag", ["--prot", "8787"], ["--prot", "--help"]],
    ["a flag without its value", ["--port"], ["--port", "--help"]],
    ["a word that is no flag", ["8787"], ["8787", "--help"]],
    ["a port that is no number", ["--port", "mqtt"], ["--port", '"mqtt"', "0 to 65535"]],
    ["a port that is too large", ["--tcp", "65536"], ["--tcp", '"65536"', "0 to 65535"]],
    ["one port for two listeners", ["--port", "1883"], ["--port", "--tcp"]],
    ["a setting without a value", ["--set", "TOPIC_SHARDS"], ["--set", "NAME=VALUE"]],
    [
      "a setting with a bad value",
      ["--port", "0", "--tcp", "0", "--set", "TOPIC_SHARDS=many"],
      ["TOPIC_SHARDS", '"many"'],
    ],
    [
      "a host that does not exist",
      ["--port", "0", "--host", "host.invalid", "--allow-anonymous"],
      ["host.invalid", "--host"],
    ],
    [
      "an address of another machine",
      ["--port", "0", "--host", "192.0.2.1", "--allow-anonymous"],
      ["192.0.2.1", "--host"],
    ],
    ["every address, for strangers too", ["--host", "0.0.0.0"], openOrNot],
    ["the same, said by a setting", ["--host", "0.0.0.0", "--set", "ALLOW_ANONYMOUS=1"], openOrNot],
    ["an address of IPv6, for strangers too", ["--host", "::"], openOrNot],
    ["to be open and closed", openOrNot, openOrNot],
    ["to be open and closed by a setting", ["--allow-anonymous", "--set", "ALLOW_ANONYMOUS=0"], ["ALLOW_ANONYMOUS"]],
    ["the key to the API on the command line", ["--set", "ADMIN_TOKEN=x"], ["ADMIN_TOKEN", "environment", ".dev.vars"]],
    ["users of SCRAM there", ["--set", "SCRAM_USERS=x"], ["SCRAM_USERS", "environment", ".dev.vars"]],
    [
      "a jurisdiction, which only Cloudflare can keep",
      ["--port", "0", "--tcp", "0", "--set", "JURISDICTION=eu"],
      ["JURISDICTION", "Cloudflare"],
    ],
    ["every name", ["--allow-host", "*"], ["--allow-host", '"*"', "*.lan"]],
    ["a name with a port", ["--allow-host", "mybox.lan:8787"], ["--allow-host", '"mybox.lan:8787"', "without scheme"]],
    ["an address of a page", ["--allow-host", "http://mybox.lan"], ["--allow-host", "without scheme"]],
    ["a name with a blank", ["--allow-host", "my box"], ["--allow-host", '"my box"']],
    ["the key of JWTs there", ["--set", "JWT_SECRET=x"], ["JWT_SECRET", "environment", ".dev.vars"]],
  ])("refuses %s in one line", async (_what, args, parts) => {
    const { exitCode, out, error } = await runHere(["start", ...args]);
    expectOneLine(error, ...parts);
    expect(out).toBe("");
    expect(exitCode).toBe(1);
  });

  it("ends with 1 when it refuses", async () => {
    const { exitCode, out, error } = await runToEnd(["start", "--prot", "8787"]);
    expect({ exitCode, out }).toEqual({ exitCode: 1, out: "" });
    expectOneLine(error, "--prot", "durable-mqtt start --help");
  });

  it.each(["--port", "--tcp"])("refuses a port in use in one line (%s)", async (flag) => {
    const holder = net.createServer().listen(0, "127.0.0.1");
    await once(holder, "listening");
    const port = String((holder.address() as net.AddressInfo).port);
    const otherFlag = flag === "--port" ? "--tcp" : "--port";
    const { exitCode, error } = await runHere(["start", flag, port, otherFlag, "0", "--data", folder]);
    holder.close();
    expectOneLine(error, port, "in use", flag);
    expect(exitCode).toBe(1);
  });

  it.each([
    ["/dev/null/data", runHere],
    ["/proc/x", runToEnd], // It took for ever.
    ["/proc/x/y", runHere],
  ])(
    "refuses a data folder that cannot be made in one line (%s)",
    { timeout: startTimeoutMs },
    async (place, runIt) => {
      const { exitCode, error } = await runIt(["start", "--port", "0", "--tcp", "0", "--data", place]);
      expectOneLine(error, place, "--data");
      expect(exitCode).toBe(1);
    },
  );
});

it("npm start explains its flags", async () => {
  const { exitCode, out, error } = await runHere(["start", "--help"]);
  const flags = ["--port", "--tcp", "--no-tcp", "--data", "--host", "--allow-host", ...openOrNot, "--set"];
  for (const part of [...flags, "ADMIN_TOKEN"]) expect(out).toContain(part);
  expect(error).toBe("");
  expect(exitCode).toBe(0);
});

describe("npm start on this machine", () => {
  let server: Ready;
  beforeAll(async () => {
    const names = [
      "--allow-host",
      "Mybox.LAN.",
      "--allow-host",
      "*.m\u00fcller.lan",
      "--set",
      "ALLOWED_HOSTS=other.lan",
    ];
    server = await startUntilReady(...names);
  }, startTimeoutMs);
  afterAll(() => killed(server.child));

  it("says where clients connect, one address a line, and by which names", async () => {
    const { out, webSocketPort, tcpPort } = server;
    const names = [...ownNames(), "other.lan", "mybox.lan", "*.xn--mller-kva.lan"];
    expect(out).toBe(
      [
        "durable-mqtt is ready",
        `  dashboard  http://127.0.0.1:${webSocketPort}/#token=${await keptToken()}`,
        `  WebSocket  ws://127.0.0.1:${webSocketPort}/mqtt`,
        `  WebSocket  ws://127.0.0.1:${webSocketPort}/mqtt/{clientId}  (one hop less)`,
        `  TCP        mqtt://127.0.0.1:${tcpPort}`,
        `  API        http://127.0.0.1:${webSocketPort}/api/v1`,
        `  names      any address, ${names.join(", ")}; another: --allow-host NAME`,
        `  token      ${folder}/admin-token`,
        "  clients    everyone who can reach this server",
        `  data       ${folder}`,
        "",
      ].join("\n"),
    );
    const webSocket = new WebSocket(`ws://127.0.0.1:${webSocketPort}/mqtt/sensor`, "mqtt");
    await once(webSocket, "open");
    webSocket.terminate();
    const [, api = ""] = /^ {2}API +(\S+)$/m.exec(out) ?? [];
    expect(await (await fetch(`${api}/health`)).json()).toMatchObject({ status: "ok" });
    const topic = "printed/address";
    for (const [, address = ""] of out.matchAll(/^ {2}(?:WebSocket|TCP) +(\S+:\d+(?:\/mqtt)?)$/gm)) {
      await runHere(["pub", "--to", address, "-t", topic, "-m", address, "-q", "1", "-r"]);
      const subscriber = await runHere(["sub", "--to", address, "-t", topic, "-C", "1"]);
      expect(subscriber).toMatchObject({ out: `${address}\n`, exitCode: 0 });
    }
  });

  it("takes the names of --allow-host and of the setting, and no others", async () => {
    const url = `ws://127.0.0.1:${server.webSocketPort}/mqtt`;
    for (const Host of ["mybox.lan", "a.xn--mller-kva.lan", "other.lan"])
      (await upgrade(url, { Host })).socket.destroy();
    expect((await refusedUpgrade(url, { Host: "evil.example" })).status).toBe(421);
  });

  it("takes every client", async () => {
    await (await connect(`tcp://127.0.0.1:${server.tcpPort}`)).disconnect();
  });

  it("has its data folder for itself: another server refuses it in one line", async () => {
    const { exitCode, error } = await runHere(["start", "--port", "0", "--tcp", "0", "--data", folder]);
    expectOneLine(error, folder, "in use", "--data");
    expect(exitCode).toBe(1);
  });
});

describe("npm start without TCP, and with a given ADMIN_TOKEN", () => {
  const ADMIN_TOKEN = "given-by-the-environment";

  it("says neither a TCP address nor the token, makes none, and ends on SIGINT", {
    timeout: startTimeoutMs,
  }, async () => {
    const data = path.join(folder, "given");
    const { child, out, webSocketPort } = await untilReady(
      run(["start", "--port", "0", "--no-tcp", "--data", data], { ADMIN_TOKEN }),
    );
    expect(out).toContain(`ws://127.0.0.1:${webSocketPort}/mqtt\n`);
    expect(out).not.toContain("mqtt://");
    expect(out).toContain("  token      the one in ADMIN_TOKEN\n");
    expect(out).not.toContain(ADMIN_TOKEN);
    expect(await readdir(data)).not.toContain("admin-token");
    await expectEndOn("SIGINT", { child, webSocketPort });
  });
});

describe("npm start ends", () => {
  it("when npm, which passes no signal on, is ended", { timeout: startTimeoutMs }, async () => {
    const cwd = path.join(import.meta.dirname, "../..");
    const data = path.join(folder, "npm");
    const args = ["start", "--", "--port", "0", "--tcp", "0", "--data", data];
    const npm = spawn("npm", args, { cwd, stdio: ["ignore", "pipe", "ignore"] });
    const { webSocketPort } = await readGreeting(npm);
    const closed = await connectedUntilClosed(webSocketPort);
    npm.kill("SIGTERM");
    await closed();
  });

  it("with one line when its runtime ends again and again", { timeout: startTimeoutMs }, async () => {
    const { child } = await runUntilReady("--data", path.join(folder, "failing"));
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

  it("and leaves port and folder free, even when it is killed", { timeout: startTimeoutMs }, async () => {
    const data = ["--data", path.join(folder, "killed")];
    const first = await runUntilReady(...data);
    first.child.kill("SIGKILL");
    await once(first.child, "exit");
    const again = await runUntilReady(...data, "--port", String(first.webSocketPort));
    await expectEndOn("SIGTERM", again);
  });
});

describe("npm start for clients with credentials, and for other machines", () => {
  it.each([
    ["127.0.0.1", ["--set", "ALLOW_ANONYMOUS=0"]],
    [otherHost, ["--require-credentials"]],
  ])(
    "on %s with %j lets nobody else in, and says how to add a device",
    { timeout: startTimeoutMs },
    async (host, closed) => {
      const data = path.join(folder, `closed-${closed.length}`);
      const { child, out, tcpPort } = await runUntilReady("--host", host, "--data", data, ...closed);
      const [, line = ""] = /^ {2}clients {4}with credentials: npx durable-mqtt (add-device NAME .*)$/m.exec(out) ?? [];
      // As printed: it finds this server and its token, on other ports and in another folder than the usual ones.
      const added = await runHere(line.replace("NAME", "board").split(" "));
      expect(added).toMatchObject({ exitCode: 0 });
      expect(added.out).toContain(`#define MY_BROKER_PORT ${/--to ws:\/\/[^:]*:(\d+)/.exec(line)?.[1]}\n`);
      expect(await outcomeOf(tcpPort)).toBe(5);
      await expectTokenShown(out, data, host === "127.0.0.1");
      await killed(child);
    },
  );

  it("lets all in with --allow-anonymous, and does not print the token", { timeout: startTimeoutMs }, async () => {
    const data = path.join(folder, "open");
    const { child, out, tcpPort } = await runUntilReady("--host", otherHost, "--data", data, "--allow-anonymous");
    await expectTokenShown(out, data, false);
    expect(await outcomeOf(tcpPort)).toBe(0);
    await killed(child);
  });

  async function expectTokenShown(out: string, data: string, isShown: boolean): Promise<void> {
    const token = (await readFile(path.join(data, "admin-token"), "utf8")).trim();
    expect(out).toContain(`  token      ${data}/admin-token\n`);
    expect(out.includes(token)).toBe(isShown);
  }

  async function outcomeOf(port: number): Promise<number> {
    const client = await Conversation.open(`tcp://127.0.0.1:${port}`);
    client.send(connectPacket({ version: 4 }));
    const { returnCode } = await client.receive({ cmd: "connack" });
    client.drop();
    return returnCode as number;
  }
});

it("a kept token that others could have read is refused in one line", async () => {
  const data = await mkdtemp(path.join(folder, "data-"));
  await writeFile(path.join(data, "admin-token"), `${"x".repeat(43)}\n`);
  await chmod(path.join(data, "admin-token"), 0o644);
  const { exitCode, out, error } = await runHere(["start", "--port", "0", "--tcp", "0", "--data", data]);
  expectOneLine(error, path.join(data, "admin-token"), "remove it");
  expect(out).toBe("");
  expect(exitCode).toBe(1);
});
