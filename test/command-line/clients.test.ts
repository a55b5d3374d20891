// `durable-mqtt pub`, `sub` and `add-device` with a broker that takes clients with credentials only.

import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, describe, expect, it } from "vitest";
import { WebSocketServer } from "ws";
import { identifierOf } from "../../tools/device-setup/device-setup.ts";
import { adminToken, apiOf } from "../support/api.ts";
import { useBroker } from "../support/broker.ts";
import { unique } from "../support/connect.ts";
import { makeCredential } from "../support/credentials.ts";
import { expectOneLine, killed, outputUntil, run, runHere, runToEnd } from "../support/program.ts";
import { undoAfterTest } from "../support/undo.ts";

const folder = mkdtempSync(path.join(tmpdir(), "durable-mqtt-test-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const root = path.join(import.meta.dirname, "../..");
const broker = useBroker({ variables: { ADMIN_TOKEN: adminToken, ALLOW_ANONYMOUS: "0" } });

const passwordVariable = "DURABLE_MQTT_PASSWORD";

/** For all programs that the test runs from now on. */
function usePassword(password: string): void {
  process.env[passwordVariable] = password;
  undoAfterTest(() => {
    delete process.env[passwordVariable];
  });
}

async function credentialFlags(): Promise<string[]> {
  const { login } = await makeCredential(broker);
  usePassword(String(login.password));
  return ["--to", broker.ws, "-u", login.username];
}

describe("pub and sub", () => {
  it("carry messages, also to a session whose client is away", { timeout: 60_000 }, async () => {
    const flags = await credentialFlags();
    const topic = unique("topic");
    const durable = [...flags, "-t", `${topic}/#`, "-q", "1", "-c", "-i", unique("sub")];
    // A retained message says that the session is there, and subscribed.
    await runHere(["pub", ...flags, "-t", `${topic}/ready`, "-m", "ready", "-r", "-q", "1"]);
    expect(await runToEnd(["sub", ...durable, "-C", "1"])).toMatchObject({ out: "ready\n", exitCode: 0 });
    const file = path.join(folder, "payload");
    writeFileSync(file, "from a file");
    for (const [runPub, ...payload] of [
      [runToEnd, "-m", "hello"],
      [runHere, "-f", file],
      [runHere, "-n"],
    ] as const) {
      const { exitCode, error } = await runPub(["pub", ...flags, "-t", `${topic}/x`, "-q", "1", ...payload]);
      expect(error).toBe("");
      expect(exitCode).toBe(0);
    }
    const out = await outputUntil(run(["sub", ...durable, "-v"]), /x \n/);
    expect(out).toMatch(new RegExp(`^${topic}/x hello\n${topic}/x from a file\n${topic}/x \n`));
  });

  it("say on a terminal that sub is connected and waits", { timeout: 30_000 }, async () => {
    const flags = [...(await credentialFlags()), "-t", unique("a"), unique("b"), "-W", "1"];
    const line = `subscribed to ${flags.at(-4)}, ${flags.at(-3)}, waiting; Ctrl-C ends it\n`;
    const { isTTY } = process.stderr;
    undoAfterTest(() => Object.assign(process.stderr, { isTTY }));
    for (const [isTerminal, expected] of [
      [true, line],
      [false, ""],
    ] as const) {
      Object.assign(process.stderr, { isTTY: isTerminal });
      const { out, error } = await runHere(["sub", ...flags]);
      expect([out, error]).toEqual(["", `${expected}The 1 s of -W are over.\n`]);
    }
  });

  it("end after a number of messages, and show retained ones", { timeout: 30_000 }, async () => {
    const flags = await credentialFlags();
    const topic = unique("topic");
    await runHere(["pub", ...flags, "-t", topic, "-m", "kept", "-r", "-q", "2"]);
    const { exitCode, out } = await runHere(["sub", ...flags, "-t", topic, "-C", "1"]);
    expect(out).toBe("kept\n");
    expect(exitCode).toBe(0);
  });

  it.each([
    ["a wrong password", 3, ["-u", "nobody"], ["refused this client", "Bad User Name or Password"]],
    ["a broker that is not there", 2, ["--to", "ws://127.0.0.1:1/mqtt"], ["ECONNREFUSED"]],
    ["an address that is none", 1, ["--to", "127.0.0.1:8787/elsewhere"], ["--to", "wss://mqtt.example.org/mqtt"]],
  ])("say in one line what is wrong with %s", async (_what, expected, flags, parts) => {
    const to = ["--to", broker.ws];
    for (const [runIt, ...command] of [
      [runToEnd, "pub", "-m", "x"],
      [runHere, "sub"],
    ] as const) {
      const login: Record<string, string> = flags.includes("nobody") ? { [passwordVariable]: "wrong" } : {};
      const { exitCode, out, error } = await runIt([...command, "-t", "x", ...to, ...flags], login);
      expectOneLine(error, ...parts);
      expect(out).toBe("");
      expect(exitCode).toBe(expected);
    }
  });

  it("say in one line that a port is not MQTT's", async () => {
    const { port } = new URL(broker.http);
    const { exitCode, error } = await runHere(["pub", "-h", "127.0.0.1", "-p", port, "-t", "x", "-m", "x"]);
    expectOneLine(error, `mqtt://127.0.0.1:${port}`, "is this its MQTT port?");
    expect(exitCode).toBe(2);
  });

  it.each(["0", "1"])(
    "say in one line that a message at QoS %s is too large for the broker",
    {
      timeout: 30_000,
    },
    async (qos) => {
      const file = path.join(folder, "large");
      const flags = [...(await credentialFlags()), "-t", unique("topic"), "-f", file, "-q", qos];
      // The broker's limit is for the whole packet: the payload alone is below it, and the broker is who refuses it.
      for (const [payloadBytes, runPub, part] of [
        [2_000_000, runHere, "1900000"],
        [1_899_980, runToEnd, "Packet too large"],
      ] as const) {
        writeFileSync(file, Buffer.alloc(payloadBytes));
        const { exitCode, error } = await runPub(["pub", ...flags]);
        expectOneLine(error, "not published", part);
        expect(exitCode).toBe(4);
      }
    },
  );

  it("pub says that the broker is gone before it has a message at QoS 0", { timeout: 30_000 }, async () => {
    const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
    undoAfterTest(() => server.close());
    await once(server, "listening");
    server.on("connection", (socket) => {
      let received = "";
      socket.once("message", () => socket.send(Buffer.from([0x20, 3, 0, 0, 0]))); // CONNACK
      socket.on("message", (part) => {
        received += part;
        if (received.includes("lost/topic")) socket.terminate();
      });
    });
    const { port } = server.address() as AddressInfo;
    const { exitCode, error } = await runHere(["pub", "--to", `ws://127.0.0.1:${port}`, "-t", "lost/topic", "-m", "x"]);
    expectOneLine(error, "not published", "connection was lost");
    expect(exitCode).toBe(2);
  });

  it.each(["pub", "sub"])("%s lists its exit codes, and pub what QoS 0 does not report", async (command) => {
    const { out, exitCode } = await runHere([command, "--help"]);
    expect(exitCode).toBe(0);
    expect(out).toContain("Exit codes:\n  0   done\n  1   ");
    if (command === "pub") expect(out).toContain("At QoS 0 a broker does not say");
  });

  it("say that the connection was lost, and is back", { timeout: 30_000 }, async () => {
    const id = unique("cut-off");
    const flags = [...(await credentialFlags()), "-i", id, "-t", unique("topic")];
    await runHere(["pub", ...flags, "-m", "kept", "-r", "-q", "1"]);
    const subscriber = run(["sub", ...flags]);
    await outputUntil(subscriber, /kept\n/);
    const said = outputUntil(
      { stdout: subscriber.stderr },
      /^The connection is lost: trying again\.\nConnected again\.$/m,
    );
    expect(await apiOf(broker).call("POST", `/clients/${id}/disconnect`)).toMatchObject({ status: 204 });
    await said;
  });

  it.each([["sub"], ["sub -c"]])(
    "%s ends when another client takes its identifier",
    { timeout: 30_000 },
    async (command) => {
      const topic = unique("topic");
      const id = unique("twice");
      const flags = [...command.split(" ").slice(1), ...(await credentialFlags()), "-i", id, "-t", topic];
      await runHere(["pub", ...flags.filter((flag) => flag !== "-c"), "-m", "kept", "-r", "-q", "1"]);
      const first = run(["sub", ...flags]);
      const [said, ended] = [text(first.stderr), once(first, "exit")];
      await outputUntil(first, /kept\n/);
      const second = run(["sub", ...flags, "-v"]);
      await outputUntil(second, new RegExp(`${topic} kept\n`));
      expect(await ended).toEqual([5, null]);
      expectOneLine(await said, id, "0x8e", "-i");
      expect(second.exitCode).toBeNull();
    },
  );

  it("sub ends without a word when nobody reads any more", { timeout: 30_000 }, async () => {
    const flags = [...(await credentialFlags()), "-t", unique("topic")];
    await runHere(["pub", ...flags, "-m", "kept", "-r", "-q", "1"]);
    const subscriber = run(["sub", ...flags]);
    const [said, ended] = [text(subscriber.stderr), once(subscriber, "exit")];
    await outputUntil(subscriber, /kept\n/);
    subscriber.stdout.destroy();
    await runHere(["pub", ...flags, "-m", "unread", "-q", "1"]);
    expect(await ended).toEqual([0, null]);
    expect(await said).toBe("");
  });

  it.each([
    ["localhost:8787", "ws://localhost:8787/mqtt or wss://localhost:8787/mqtt"],
    ["mqtt.example.org", "wss://mqtt.example.org/mqtt or ws://mqtt.example.org/mqtt"],
    ["192.168.1.20:8787/ns/farm", "ws://192.168.1.20:8787/ns/farm/mqtt or wss://"],
    ["no address", "such as wss://mqtt.example.org/mqtt"],
  ])("say at once what to write instead of --to %s", async (address, part) => {
    for (const args of [["pub", "-t", "x", "-m", "x"], ["sub", "-t", "x"], ["add-device", "kitchen"], ["gateway"]]) {
      const { exitCode, error } = await runHere([...args, "--to", address]);
      expectOneLine(error, "--to", `"${address}"`, part);
      expect(exitCode).toBe(1);
    }
  });

  it("say in one line what the rules do not allow", async () => {
    const { login } = await makeCredential(broker, { rules: { publish: { allow: ["mine"] } } });
    const flags = ["--to", broker.ws, "-u", login.username];
    const password = { DURABLE_MQTT_PASSWORD: String(login.password) };
    const pub = await runHere(["pub", ...flags, "-t", "yours", "-m", "x", "-q", "1"], password);
    expectOneLine(pub.error, "not published", "Not authorized");
    const sub = await runHere(["sub", ...flags, "-t", "yours"], password);
    expectOneLine(sub.error, "refused the subscription");
    expect([pub.exitCode, sub.exitCode]).toEqual([4, 4]);
  });

  it.each<[string, string[], string[], string?]>([
    ["no topic to publish to", ["pub", "-t", "", "-m", "x"], ["--topic", '""']],
    ["a topic that MQTT cannot carry", ["pub", "-t", "x".repeat(65_536), "-m", "x"], ["--topic", "65536", "65535"]],
    ["a filter to publish to", ["pub", "-t", "a/+", "-m", "x"], ["--topic", '"a/+"']],
    ["a password in the arguments", ["pub", "-t", "x", "-m", "x", "-P", "x"], ["-P", "DURABLE_MQTT_PASSWORD=…"]],
    ["a Will without a topic", ["pub", "-t", "x", "-m", "x", "--will-payload", "x"], ["--will-topic"]],
    ["a host that is none", ["pub", "-t", "x", "-m", "x", "-h", "a:1"], ["--host", '"a:1"', "-p"]],
    ["a conversion that is none", ["sub", "-t", "x", "-F", "%t %y"], ["--format", '"%y"', "%p"]],
    [
      "a property that is none",
      ["pub", "-t", "x", "-m", "x", "-D", "publish", "colour", "red"],
      ["colour", "content-type"],
    ],
    [
      "a property of another packet",
      ["pub", "-t", "x", "-m", "x", "-D", "connect", "user-property", "a", "b"],
      ["connect"],
    ],
    ["a property without its value", ["pub", "-t", "x", "-m", "x", "-D", "publish", "user-property", "a"], ["lacks"]],
    ["a password of nobody", ["pub", "-t", "x", "-m", "x"], ["-u", "DURABLE_MQTT_PASSWORD"], "x"],
    ["no payload", ["pub", "-t", "x"], ["-m", "-f", "-s", "-n"]],
    ["two payloads", ["pub", "-t", "x", "-m", "x", "-n"], ["--message", "--empty"]],
    ["no topic", ["sub"], ["--topic"]],
    ["a filter that is none", ["sub", "-t", "a/#", "-t", "a#"], ["--topic", '"a#"', "last level"]],
    ["a QoS that is none", ["sub", "-t", "x", "-q", "3"], ["--qos", '"3"']],
    ["a durable session of chance", ["sub", "-t", "x", "-c"], ["-c", "-i"]],
    ["an authority that is not there", ["sub", "-t", "x", "--cafile", "/nothing"], ["--cafile", "/nothing", "ENOENT"]],
  ])("refuse %s in one line", async (_what, args, parts, password = "") => {
    const { exitCode, error } = await runHere(args, { [passwordVariable]: password });
    expectOneLine(error, ...parts);
    expect(exitCode).toBe(1);
  });
});

describe("pub and sub with mosquitto's options", () => {
  /** Over TCP, as mosquitto's clients connect. */
  async function mosquittoFlags(topic: string): Promise<string[]> {
    const { hostname, port } = new URL(broker.tcp);
    const [, , ...login] = await credentialFlags();
    return ["-h", hostname, "-p", port, ...login, "-t", topic];
  }

  it("publish each line, and write them in a format", { timeout: 30_000 }, async () => {
    const flags = await mosquittoFlags(unique("topic"));
    const lines = path.join(folder, "lines");
    writeFileSync(lines, Buffer.concat([Buffer.from("first\n\nsecond\n"), Buffer.from([0xff]), Buffer.from("\n")]));
    const durable = [...flags, "-i", unique("sub"), "-c", "-q", "1"];
    // A retained message of another topic says that the session is there, and subscribed.
    const ready = unique("ready");
    await runHere(["pub", ...flags, "-t", ready, "-m", "ready", "-r", "-q", "1"]);
    expect(await runHere(["sub", ...durable, "-t", ready, "-C", "1"])).toMatchObject({ out: "ready\n" });
    expect(await runToEnd(["pub", ...flags, "-l", "-q", "1"], {}, lines)).toMatchObject({ exitCode: 0, error: "" });
    const { out } = await runHere(["sub", ...durable, "-C", "3", "-F", "%t\\t%q%r %l %x %%"]);
    const topic = flags.at(-1);
    expect(out).toBe(["5 6669727374", "6 7365636f6e64", "1 ff"].map((end) => `${topic}\t10 ${end} %\n`).join(""));
  });

  it("carry properties, which %j and %J show", { timeout: 30_000 }, async () => {
    const flags = await mosquittoFlags(unique("topic"));
    const properties = ["content-type text/x", "user-property a b", "user-property a c", "response-topic answer"];
    const given = properties.flatMap((property) => ["-D", "publish", ...property.split(" ")]);
    await runHere(["pub", ...flags, "-m", '{"t": 21}', "-q", "1", "-r", ...given]);
    const { out } = await runHere(["sub", ...flags, "-C", "1", "-F", "%j\\n%J\\n%p %C %R"]);
    const [text = "", parsed = "", plain] = out.split("\n");
    const expected = {
      topic: flags.at(-1),
      qos: 0,
      retain: 1,
      payloadlen: 9,
      properties: { contentType: "text/x", responseTopic: "answer", userProperties: { a: ["b", "c"] } },
    };
    expect(JSON.parse(text)).toMatchObject({ ...expected, payload: '{"t": 21}' });
    expect(JSON.parse(parsed)).toMatchObject({ ...expected, payload: { t: 21 } });
    expect(plain).toBe('{"t": 21} text/x answer');
  });

  it("leave out retained messages with -R", { timeout: 30_000 }, async () => {
    const flags = await mosquittoFlags(unique("topic"));
    await runHere(["pub", ...flags, "-m", "kept", "-r", "-q", "1"]);
    const subscriber = run(["sub", ...flags, "-R", "-d", "-C", "1"]);
    const out = text(subscriber.stdout);
    await outputUntil({ stdout: subscriber.stderr }, /received PUBLISH .*retain=true/);
    await runHere(["pub", ...flags, "-m", "live", "-q", "1"]);
    expect(await out).toBe("live\n");
  });

  it("end after the time of -W, with a code of its own", { timeout: 30_000 }, async () => {
    const { exitCode, out, error } = await runToEnd(["sub", ...(await mosquittoFlags(unique("topic"))), "-W", "1"]);
    expect({ exitCode, out }).toEqual({ exitCode: 27, out: "" });
    expectOneLine(error, "-W");
  });

  it("have a Will, and with -d write the packets but no password", { timeout: 30_000 }, async () => {
    const [topic, id] = [unique("topic"), unique("dying")];
    const flags = await mosquittoFlags(topic);
    const will = ["--will-topic", topic, "--will-payload", "gone", "--will-qos", "1", "--will-retain"];
    const dying = run(["sub", ...flags, "-i", id, "-d", ...will]);
    const said = await outputUntil({ stdout: dying.stderr }, /received SUBACK/);
    expect(said).toMatch(new RegExp(`^sent CONNECT clientId=${id}\nreceived CONNACK reasonCode=0\n`));
    expect(said).not.toContain(process.env[passwordVariable]);
    await killed(dying);
    expect(await runHere(["sub", ...flags, "-C", "1"])).toMatchObject({ out: "gone\n", exitCode: 0 });
  });

  it("take the host from -h alone, at mosquitto's port", async () => {
    for (const [more, address] of [
      [["-h", "127.0.0.1", "-p", "1"], "mqtt://127.0.0.1:1 "],
      [["-p", "1"], "mqtt://localhost:1 "],
      [["--to", "mqtt://127.0.0.1:1"], "mqtt://127.0.0.1:1 "],
    ] as const) {
      const { exitCode, error } = await runHere(["pub", ...more, "-t", "x", "-m", "x"]);
      expectOneLine(error, address, "ECONNREFUSED");
      expect(exitCode).toBe(2);
    }
  });
});

describe("add-device", () => {
  it("makes a credential for topics of its own, and prints the sketch's settings", { timeout: 30_000 }, async () => {
    const name = unique("device");
    const to = ["--to", broker.ws];
    const { out } = await runToEnd(["add-device", name, ...to], { ADMIN_TOKEN: adminToken });
    const { port } = new URL(broker.ws);
    const [, token = ""] = /#define DEVICE_TOKEN "(.*)"/.exec(out) ?? [];
    for (const line of [`MY_BROKER_PORT ${port}`, "MY_BROKER_TLS 0", `DEVICE_ID "${name}"`]) {
      expect(out).toContain(`#define ${line}\n`);
    }
    const pub = (topic: string, id: string) =>
      runHere(["pub", ...to, "-i", id, "-u", name, "-t", topic, "-m", "x", "-q", "1"], {
        DURABLE_MQTT_PASSWORD: token,
      });
    expect(await pub(`devices/${name}/x`, name)).toMatchObject({ exitCode: 0, error: "" });
    expectOneLine((await pub("devices/other/x", name)).error, "Not authorized");
    expectOneLine((await pub(`devices/${name}/x`, "other")).error, "refused this client");
  });

  it("says in one line what is wrong", { timeout: 30_000 }, async () => {
    const to = ["--to", broker.ws];
    const refusals: [string[], Record<string, string>, string[]][] = [
      [["device", "--id", "a/b", ...to], { ADMIN_TOKEN: adminToken }, ['"a/b"', "letters"]],
      [[" ", ...to], { ADMIN_TOKEN: adminToken }, ["empty"]],
      [["x".repeat(201), ...to], { ADMIN_TOKEN: adminToken }, ["201", "200"]],
      [["device", ...to], { ADMIN_TOKEN: "a-wrong-admin-token" }, ["401"]],
      [["device", ...to, "--data", folder], {}, ["admin-token", "--data", "ADMIN_TOKEN"]],
      [["device", "--to", "wss://mqtt.example.org"], {}, ["ADMIN_TOKEN"]],
      [["device", "--to", "ws://127.0.0.1:2"], { ADMIN_TOKEN: adminToken }, ["ECONNREFUSED", "--to"]],
    ];
    for (const [args, variables, parts] of refusals) {
      const { exitCode, out, error } = await runHere(["add-device", ...args], variables);
      expectOneLine(error.replace(/^A board cannot.*\n/, ""), ...parts);
      expect(out).toBe("");
      expect(exitCode).toBe(1);
    }
  });
});

describe("a device with a name in any script", () => {
  const admin = { ADMIN_TOKEN: adminToken };

  it("has an identifier that is made of the name where its letters allow", { timeout: 60_000 }, async () => {
    const to = ["--to", broker.ws];
    const place = unique("Cocina número");
    const identifier = identifierOf(place);
    expect(identifier).toMatch(/^cocina-numero-[a-z0-9-]+$/);
    const made = await runHere(["add-device", place, ...to], admin);
    expect(made.out).toContain(`#define DEVICE_ID "${identifier}"`);
    expect(made.error).toContain(`${place} is ${identifier}`);
    const chosen = unique("kitchen");
    expect((await runHere(["add-device", "부엌", "--id", chosen, ...to], admin)).exitCode).toBe(0);
    const shown = (await runHere(["device", "show", "부엌", ...to], admin)).out;
    expect(shown).toMatch(new RegExp(`^device +${chosen}\\nname +부엌\\n`));
    const arbitrary = await runHere(["add-device", "부엌", ...to], admin);
    expect(arbitrary.out).toMatch(/^#define DEVICE_ID "device-[0-9a-z]{4}"$/m);
    const several = await runHere(["device", "show", "부엌", ...to], admin);
    expectOneLine(several.error, "Several", chosen);

    const list = (await runHere(["device", "list", ...to], admin)).out;
    expect(list).toMatch(new RegExp(`^${identifier} .*, ${place}$`, "m"));
    expect(list).toMatch(/^device-[0-9a-z]{4} .*, 부엌$/m);
  });
});

describe("device", () => {
  const admin = { ADMIN_TOKEN: adminToken };
  const device = (...args: string[]) => runHere(["device", ...args, "--to", broker.ws], admin);

  it("lists, shows, renews and revokes what add-device made", { timeout: 60_000 }, async () => {
    const name = unique("device");
    await runHere(["add-device", name, "--to", broker.ws], admin);
    const again = await runHere(["add-device", name, "--to", broker.ws], admin);
    expectOneLine(again.error, name, "already");
    expect(again.exitCode).toBe(1);
    // As it is printed, it goes to the same broker.
    const proposed = [...again.error.matchAll(/"npx durable-mqtt (.*?)"/g)].map(([, line = ""]) => line);
    expect(proposed.map((line) => line.split(" ")[1])).toEqual(["token", "revoke"]);
    for (const line of proposed) expect(await runHere(line.split(" "), admin)).toMatchObject({ exitCode: 0 });
    const first = await runHere(["add-device", name, "--to", broker.ws], admin);
    const list = await runToEnd(["device", "list", "--to", broker.ws], admin);
    expect(list.exitCode).toBe(0);
    expect(list.out).toMatch(new RegExp(`^${name} +never connected, token, since .*Z$`, "m"));
    const elsewhere = await runHere(["device", "list"], { ...admin, DURABLE_MQTT_BROKER: broker.ws });
    expect(elsewhere.out).toContain(name);
    const all = JSON.parse((await device("list", "--json")).out) as { username: string }[];
    expect(all.map(({ username }) => username)).toContain(name);
    const shown = (await device("show", name)).out;
    expect(shown).toMatch(new RegExp(`^publishes +devices/${name}/#$`, "m"));
    expect(shown).toMatch(new RegExp(`^connects as ${name}$`, "m"));

    const renewed = await device("token", name);
    const tokenIn = (out: string) => /#define DEVICE_TOKEN "(.*)"/.exec(out)?.[1] ?? "";
    expect(tokenIn(renewed.out)).not.toBe(tokenIn(first.out));
    const pub = (token: string) =>
      runHere(["pub", "--to", broker.ws, "-i", name, "-u", name, "-t", `devices/${name}/x`, "-m", "x", "-q", "1"], {
        [passwordVariable]: token,
      });
    expect([(await pub(tokenIn(first.out))).exitCode, (await pub(tokenIn(renewed.out))).exitCode]).toEqual([3, 0]);

    expect(await device("revoke", name)).toMatchObject({ exitCode: 0, error: "" });
    expect((await pub(tokenIn(renewed.out))).exitCode).toBe(3);
    const gone = await device("show", name);
    expectOneLine(gone.error, name, "device list");
    expect(gone.exitCode).toBe(1);
  });

  it("shows what %c stands for if it may connect as several clients", async () => {
    const username = unique("device");
    const rules = { publish: { allow: ["%u/a", "%c/b"] }, clientIds: ["%u-*"] };
    await makeCredential(broker, { username, rules });
    const { out } = await device("show", username);
    expect(out).toContain(`publishes   ${username}/a, %c/b (%c is its client identifier)\n`);
    expect(out).toContain(`connects as ${username}-*\n`);
  });

  it("is done with the lines of docs/CLIENTS.md", async () => {
    const document = await readFile(path.join(root, "docs/CLIENTS.md"), "utf8");
    const [, lines = ""] = /```sh\n((?:npx durable-mqtt device .*\n)+)```/.exec(document) ?? [];
    const name = unique("device");
    await runHere(["add-device", name, "--to", broker.ws], admin);
    const commands = lines.trim().split("\n");
    expect(commands).toHaveLength(4);
    for (const line of commands) {
      const [, , ...args] = line.replace("kitchen", name).split(" ");
      expect(await runHere([...args, "--to", broker.ws], admin)).toMatchObject({ exitCode: 0 });
    }
  });
});

it("a device of README's subscribes with the line that is there", { timeout: 30_000 }, async () => {
  const document = await readFile(path.join(root, "README.md"), "utf8");
  const [, add = "", sub = ""] =
    /npx durable-mqtt (add-device \w+)\nDURABLE_MQTT_PASSWORD=dmq_… npx durable-mqtt (sub .*)\n/.exec(document) ?? [];
  const to = ["--to", broker.ws];
  const { out } = await runHere([...add.split(" "), ...to], { ADMIN_TOKEN: adminToken });
  const [, token = ""] = /#define DEVICE_TOKEN "(.*)"/.exec(out) ?? [];
  const args = sub.replaceAll("'", "").split(" ");
  const login = args.slice(args.indexOf("-u"), args.indexOf("-t"));
  const password = { [passwordVariable]: token };
  const topic = `${args[args.indexOf("-t") + 1]?.replace("#", "x")}`;
  await runHere(["pub", ...to, ...login, "-t", topic, "-m", "kept", "-r", "-q", "1"], password);
  expect(await runHere([...args, ...to, "-C", "1"], password)).toMatchObject({ out: `${topic} kept\n` });
});
