import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, readlink, rm, writeFile } from "node:fs/promises";
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
import { expectOneLine, outputUntil, run, runToEnd } from "../support/program.ts";

/** To the server another host than this machine, which it is all the same. */
const otherHost = "127.1";
/** The first start of all bundles the Worker. */
const startTimeoutMs = 60_000;

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "durable-mqtt-test-"));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

async function runUntilReady(...args: string[]) {
  return untilReady(run(["start", "--port", "0", "--tcp", "0", "--data", folder, ...args]));
}

async function untilReady(child: ReturnType<typeof run>) {
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
    ["every address, for nobody knows whom", ["--host", "0.0.0.0"], openOrNot],
    ["the same, said by a setting", ["--host", "0.0.0.0", "--set", "ALLOW_ANONYMOUS=1"], openOrNot],
    ["an address of IPv6, for nobody knows whom", ["--host", "::"], openOrNot],
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
    const { exitCode, out, error } = await runToEnd(["start", ...args]);
    expectOneLine(error, ...parts);
    expect(out).toBe("");
    expect(exitCode).toBe(1);
  });

  it.each(["--port", "--tcp"])("refuses a port in use in one line (%s)", async (flag) => {
    const holder = net.createServer().listen(0, "127.0.0.1");
    await once(holder, "listening");
    const port = String((holder.address() as net.AddressInfo).port);
    const otherFlag = flag === "--port" ? "--tcp" : "--port";
    const { exitCode, error } = await runToEnd(["start", flag, port, otherFlag, "0", "--data", folder]);
    holder.close();
    expectOneLine(error, port, "in use", flag);
    expect(exitCode).toBe(1);
  });

  it.each(["/dev/null/data", "/proc/x", "/proc/x/y"])(
    "refuses a data folder that cannot be made in one line (%s)",
    { timeout: startTimeoutMs },
    async (place) => {
      const { exitCode, error } = await runToEnd(["start", "--port", "0", "--tcp", "0", "--data", place]);
      expectOneLine(error, place, "--data");
      expect(exitCode).toBe(1);
    },
  );

  it("refuses a data folder that another server has in one line", { timeout: startTimeoutMs }, async () => {
    await runUntilReady();
    const { exitCode, error } = await runToEnd(["start", "--port", "0", "--tcp", "0", "--data", folder]);
    expectOneLine(error, folder, "in use", "--data");
    expect(exitCode).toBe(1);
  });
});

describe("npm start", () => {
  it("explains its flags", async () => {
    const { exitCode, out, error } = await runToEnd(["start", "--help"]);
    for (const flag of [
      "--port",
      "--tcp",
      "--no-tcp",
      "--data",
      "--host",
      "--allow-host",
      ...openOrNot,
      "--set",
      "ADMIN_TOKEN",
    ]) {
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
        `  dashboard  http://127.0.0.1:${webSocketPort}/#token=${await keptToken()}`,
        `  WebSocket  ws://127.0.0.1:${webSocketPort}/mqtt`,
        `  WebSocket  ws://127.0.0.1:${webSocketPort}/mqtt/{clientId}  (one hop less)`,
        `  TCP        mqtt://127.0.0.1:${tcpPort}`,
        `  API        http://127.0.0.1:${webSocketPort}/api/v1`,
        `  names      any address, ${ownNames().join(", ")}; another: --allow-host NAME`,
        `  token      ${folder}/admin-token`,
        "  clients    all that can reach it",
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

  it("takes the names of --allow-host, and those of the settings, and says so", {
    timeout: startTimeoutMs,
  }, async () => {
    const names = [
      "--allow-host",
      "Mybox.LAN.",
      "--allow-host",
      "*.m\u00fcller.lan",
      "--set",
      "ALLOWED_HOSTS=other.lan",
    ];
    const { out, webSocketPort } = await runUntilReady(...names);
    expect(out).toContain(", other.lan, mybox.lan, *.xn--mller-kva.lan; another: --allow-host NAME\n");
    const url = `ws://127.0.0.1:${webSocketPort}/mqtt`;
    for (const Host of ["mybox.lan", "a.xn--mller-kva.lan", "other.lan"])
      (await upgrade(url, { Host })).socket.destroy();
    expect((await refusedUpgrade(url, { Host: "evil.example" })).status).toBe(421);
  });

  it("leaves TCP off when told to", { timeout: startTimeoutMs }, async () => {
    const child = run(["start", "--port", "0", "--no-tcp", "--data", folder]);
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

describe("who may connect", () => {
  const outcomeOf = async (port: number) => {
    const client = await Conversation.open(`tcp://127.0.0.1:${port}`);
    client.send(connectPacket({ version: 4 }));
    const { returnCode } = await client.receive({ cmd: "connack" });
    client.drop();
    return returnCode;
  };

  it("is everybody on this machine, unless told otherwise", { timeout: startTimeoutMs }, async () => {
    const { child, tcpPort } = await runUntilReady();
    await (await connect(`tcp://127.0.0.1:${tcpPort}`)).disconnect();
    await end(child, "SIGTERM");
    for (const closed of [["--require-credentials"], ["--set", "ALLOW_ANONYMOUS=0"]]) {
      const { child, out, tcpPort } = await runUntilReady(...closed);
      const [, line = ""] = /^ {2}clients {4}with credentials: npx durable-mqtt (add-device NAME .*)$/m.exec(out) ?? [];
      const name = `board-${closed.length}-${closed[0]?.length}`;
      // As printed: it finds this server and its token, on other ports and in another folder than the usual ones.
      const added = await runToEnd(line.replace("NAME", name).split(" "));
      expect(added).toMatchObject({ exitCode: 0 });
      expect(added.out).toContain(`#define MY_BROKER_PORT ${/--to ws:\/\/[^:]*:(\d+)/.exec(line)?.[1]}\n`);
      expect(await outcomeOf(tcpPort)).toBe(5);
      await end(child, "SIGTERM");
    }
  });

  it("is said for other machines, and the token is not", { timeout: startTimeoutMs }, async () => {
    for (const [flag, returnCode] of [
      ["--allow-anonymous", 0],
      ["--require-credentials", 5],
    ] as const) {
      const { child, out, tcpPort } = await runUntilReady("--host", otherHost, flag);
      expect(out).toContain(`  token      ${folder}/admin-token\n`);
      expect(out).not.toContain(await keptToken());
      expect(await outcomeOf(tcpPort)).toBe(returnCode);
      await end(child, "SIGTERM");
    }
  });
});

describe("the key to the API", () => {
  it("is not made where it is given, nor told", { timeout: startTimeoutMs }, async () => {
    const [ADMIN_TOKEN, data] = ["given-by-the-environment", path.join(folder, "given")];
    const child = run(["start", "--port", "0", "--tcp", "0", "--data", data], { ADMIN_TOKEN });
    const { out } = await untilReady(child);
    expect(out).toContain("  token      the one in ADMIN_TOKEN\n");
    expect(out).not.toContain(ADMIN_TOKEN);
    expect(await readdir(data)).not.toContain("admin-token");
  });

  it("refuses one that others could have read in one line", { timeout: startTimeoutMs }, async () => {
    const data = await mkdtemp(path.join(folder, "data-"));
    await writeFile(path.join(data, "admin-token"), `${"x".repeat(43)}\n`, { mode: 0o644 });
    const { exitCode, out, error } = await runToEnd(["start", "--port", "0", "--tcp", "0", "--data", data]);
    expectOneLine(error, path.join(data, "admin-token"), "remove it");
    expect(out).toBe("");
    expect(exitCode).toBe(1);
  });
});
