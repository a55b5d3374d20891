// Mosquitto as a bridge, with the lines that docs/CLIENTS.md gives. `house` is Mosquitto, `cloud` is this broker.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import mqtt, { type IClientOptions, type MqttClient } from "mqtt";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type CrashingServer, startCrashingServer } from "../crash/crashing-server.ts";
import { hasInstalled, programPath } from "../programs/installed.ts";
import { adminToken } from "../support/api.ts";
import { unique } from "../support/connect.ts";
import { connectMqttJs, type Inbox, inboxOf } from "../support/mqttjs.ts";
import { undoAfterTest } from "../support/undo.ts";
import { startGateway, unusedPort } from "../tcp-gateway/target.ts";

const hasMosquitto = hasInstalled("a bridge", "mosquitto");

const host = "127.0.0.1";
const timeoutMs = 60_000;

let server: CrashingServer;
beforeAll(async () => {
  if (hasMosquitto) server = await startCrashingServer({ ALLOW_ANONYMOUS: "0", ADMIN_TOKEN: adminToken });
}, timeoutMs);
afterAll(() => server?.close());

describe.skipIf(!hasMosquitto).each(["local server", "gateway"] as const)("a Mosquitto bridge by the %s", (way) => {
  it(
    "carries everything both ways once, and nothing in circles [B64]",
    async () => {
      const { house, cloud } = await bridged(way);
      await house.client.publishAsync(`${house.root}/from-house`, "1", { qos: 1 });
      await cloud.client.publishAsync(`${house.root}/from-cloud`, "2", { qos: 1 });
      await expectOnce(house, cloud, ["from-house", "from-cloud"]);
    },
    timeoutMs,
  );

  it(
    "brings what is retained, and each change of it, as retained [B64]",
    async () => {
      const { house, cloud } = await bridged(way);
      const sides = [house, cloud];
      for (const [publisher, other] of [sides, sides.toReversed()] as [Side, Side][]) {
        const topic = `${house.root}/${publisher.name}`;
        for (const text of ["old", "new"]) {
          await publisher.client.publishAsync(topic, text, { qos: 1, retain: true });
          await heard(other, topic, text);
          expect(await retainedAt(other, topic)).toBe(text);
        }
        await publisher.client.publishAsync(topic, "", { qos: 1, retain: true });
        await heard(other, topic, "");
        expect(await retainedAt(other, topic)).toBeUndefined();
      }
    },
    timeoutMs,
  );

  it(
    "says in the cloud whether it is connected [B100]",
    async () => {
      const { cloud, bridgeId, mosquitto } = await bridged(way);
      const watcher = await cloud.other();
      const states = inboxOf(watcher);
      await watcher.subscribeAsync("$SYS/broker/connection/+/state", { qos: 1 });
      const nextState = async () => {
        for (;;) {
          const [packet] = await states.take(1, 20_000);
          if (packet?.topic === `$SYS/broker/connection/${bridgeId}/state`) return String(packet.payload);
        }
      };
      expect(await nextState()).toBe("1");
      mosquitto.kill("SIGKILL");
      expect(await nextState()).toBe("0");
      expect(await retainedAt(cloud, `$SYS/broker/connection/${bridgeId}/state`)).toBe("0");
    },
    timeoutMs,
  );

  it(
    "brings what came while the house was away, once",
    async () => {
      const { house, cloud, endMosquitto, startMosquitto } = await bridged(way);
      await house.client.endAsync();
      await endMosquitto();
      await cloud.client.publishAsync(`${house.root}/meanwhile`, "3", { qos: 1 });
      await cloud.client.publishAsync(`${house.root}/state`, "fresh", { qos: 1, retain: true });
      await startMosquitto();
      const again = await house.back();
      await expectOnce(again, cloud, ["meanwhile"]);
      await expectRetained(again, `${house.root}/state`, "fresh");
    },
    timeoutMs,
  );

  it(
    "brings what came while the cloud was away, once, and the house keeps its fresh values [B101]",
    async () => {
      const { house, cloud, line } = await bridged(way);
      await house.client.publishAsync(`${house.root}/state`, "old", { qos: 1, retain: true });
      await cloud.inbox.take(1);
      await house.inbox.take(1);
      await line.cut();
      for (let index = 0; index < 50; index += 1) {
        await house.client.publishAsync(`${house.root}/meanwhile/${index}`, String(index), { qos: 1 });
      }
      await house.client.publishAsync(`${house.root}/state`, "fresh", { qos: 1, retain: true });
      await server.crash();
      const again = await cloud.back();
      await line.mend();
      const names = Array.from({ length: 50 }, (_, index) => `meanwhile/${index}`);
      await expectOnce(house, again, names);
      await expectRetained(again, `${house.root}/state`, "fresh");
      await expectRetained(house, `${house.root}/state`, "fresh");
    },
    timeoutMs,
  );

  it(
    "with what is retained on both sides, swaps a value that changed in the cloud alone while the line was away, as documented",
    async () => {
      const { house, cloud, line } = await bridged(way);
      const topic = `${house.root}/state`;
      await house.client.publishAsync(topic, "old", { qos: 1, retain: true });
      await heard(cloud, topic, "old");
      await line.cut();
      await cloud.client.publishAsync(topic, "fresh", { qos: 1, retain: true });
      await line.mend();
      const both = async () => [await retainedAt(house, topic), await retainedAt(cloud, topic)];
      await expect.poll(both, { timeout: 40_000, interval: 500 }).toEqual(["fresh", "old"]);
    },
    timeoutMs,
  );
});

type Side = {
  readonly name: string;
  /** What the test publishes is below it. */
  readonly root: string;
  readonly client: MqttClient;
  readonly inbox: Inbox;
  /** Another client on this side. */
  other(): Promise<MqttClient>;
  /** The client and its session, after a pause. */
  back(): Promise<Side>;
};

/** Mosquitto and this broker, bridged as the document says; a client on either side, whose session is kept. */
async function bridged(way: "local server" | "gateway") {
  const bridgeId = unique("bridge");
  const root = unique("topic");
  const bridgeToken = await credential(bridgeId);
  const clientToken = await credential(`${bridgeId}-client`);
  const line = await lineTo(await tcpPortOf(way));
  const port = await unusedPort();
  const folder = await mkdtemp(path.join(tmpdir(), "durable-mqtt-test-"));
  undoAfterTest(() => rm(folder, { recursive: true, force: true }));
  const file = path.join(folder, "mosquitto.conf");
  const lines = await documentedLines({ bridgeId, token: bridgeToken, address: `${host}:${line.port}` });
  const own = `listener ${port} ${host}\nallow_anonymous true\nuser root\npersistence_location ${folder}/\n`;
  // Tests are in a hurry.
  await writeFile(file, `${own}${lines}restart_timeout 1\n`);

  let mosquitto = await startMosquitto(file);
  const cloudLogin = { username: `${bridgeId}-client`, password: clientToken };
  return {
    bridgeId,
    line,
    mosquitto,
    endMosquitto: () => endMosquitto(mosquitto),
    startMosquitto: async () => {
      mosquitto = await startMosquitto(file);
    },
    house: await sideOf("house", root, `tcp://${host}:${port}`, {}),
    cloud: await sideOf("cloud", root, server.url("TCP", ""), cloudLogin),
  };
}

/** Where the bridge connects to: a gateway of its own, or the one that the local server has. */
async function tcpPortOf(way: "local server" | "gateway"): Promise<number> {
  if (way === "local server") return Number(new URL(server.url("TCP", "")).port);
  const target = { url: server.url("relayed WebSocket", ""), giveUpAfterMs: 10_000 };
  const { ports } = await startGateway(target);
  return ports[0] as number;
}

/** A connection that can be cut and mended, to a port of this machine. */
async function lineTo(targetPort: number) {
  const sockets = new Set<net.Socket>();
  const relay = net.createServer((socket) => {
    const target = net.connect(targetPort, host);
    for (const end of [socket, target]) {
      sockets.add(end);
      end.on("error", () => {}).on("close", () => sockets.delete(end));
    }
    socket.pipe(target).pipe(socket);
    socket.on("close", () => target.destroy());
    target.on("close", () => socket.destroy());
  });
  const cut = async () => {
    const closed = once(relay, "close");
    relay.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  const mend = async (port: number) => {
    relay.listen(port, host);
    await once(relay, "listening");
  };
  await mend(0);
  undoAfterTest(() => relay.listening && cut());
  const { port } = relay.address() as net.AddressInfo;
  return { port, cut, mend: () => mend(port) };
}

async function sideOf(name: string, root: string, url: string, login: IClientOptions): Promise<Side> {
  const clientId = unique(name);
  /** What waits for it comes right behind CONNACK. */
  const join = async () => {
    // A broker that was just killed cuts off whoever comes before it is there again.
    const client = mqtt.connect(url, { ...login, clientId, clean: false, reconnectPeriod: 500 });
    undoAfterTest(() => client.endAsync(true));
    const inbox = inboxOf(client);
    await new Promise((resolve) => client.once("connect", resolve).on("error", () => {}));
    client.options.reconnectPeriod = 0;
    return { client, inbox };
  };
  const back = async (): Promise<Side> => ({ ...side, ...(await join()) });
  const other = async () => {
    const client = await connectMqttJs(url, 4, login);
    undoAfterTest(() => client.endAsync(true));
    return client;
  };
  const side: Side = { name, root, other, back, ...(await join()) };
  await side.client.subscribeAsync(`${root}/#`, { qos: 1 });
  return side;
}

/** The message has come; what the side has published itself comes to it as well. */
async function heard({ inbox }: Side, topic: string, text: string): Promise<void> {
  for (;;) {
    const [packet] = await inbox.take(1);
    if (packet?.topic === topic && String(packet.payload) === text) return;
  }
}

/** A bridge carries what was kept message by message, so the last one may still be under way. */
function expectRetained(side: Side, topic: string, text: string): Promise<void> {
  return expect.poll(() => retainedAt(side, topic), { timeout: 10_000 }).toBe(text);
}

/** What a new subscription gets as retained, if anything. */
async function retainedAt(side: Side, topic: string): Promise<string | undefined> {
  const client = await side.other();
  const inbox = inboxOf(client);
  const mark = unique("mark");
  await client.subscribeAsync([topic, mark], { qos: 1 });
  await client.publishAsync(mark, "", { qos: 1 });
  let text: string | undefined;
  for (;;) {
    const [packet] = await inbox.take(1);
    if (packet?.topic === mark) break;
    if (packet?.retain) text = String(packet.payload);
  }
  await client.endAsync();
  return text;
}

/**
 * Each of `names` has come once to either side, and nothing else has, except retained messages. MQTT sends these again
 * with a SUBSCRIBE, and Mosquitto whenever its bridge is back. Behind everything that was published before it comes a
 * mark from either side: then nothing is under way.
 */
async function expectOnce(house: Side, cloud: Side, names: readonly string[]): Promise<void> {
  const marks = ["mark-of-house", "mark-of-cloud"];
  const inboxes = [house, cloud].map(({ inbox }) => inbox);
  await house.client.publishAsync(`${house.root}/mark-of-house`, "", { qos: 1 });
  const heard: string[][] = [[], []];
  const hear = async (side: number, last: string) => {
    while (heard[side]?.at(-1) !== last) {
      const [packet] = (await inboxes[side]?.take(1, 30_000)) ?? [];
      heard[side]?.push(packet?.topic.slice(house.root.length + 1) ?? "");
    }
  };
  await hear(1, "mark-of-house");
  await cloud.client.publishAsync(`${house.root}/mark-of-cloud`, "", { qos: 1 });
  await hear(0, "mark-of-cloud");
  await hear(1, "mark-of-cloud");
  for (const side of heard)
    expect(side.filter((name) => name !== "state").toSorted()).toEqual([...names, ...marks].toSorted());
}

/** May publish and subscribe to everything, but for `$SYS`. */
async function credential(username: string): Promise<string> {
  const every = { allow: ["#"] };
  const response = await fetch(`${server.http.replace(/\/$/, "")}/api/v1/credentials`, {
    method: "POST",
    headers: { Authorization: `Bearer ${adminToken}`, "Content-Type": "application/json" },
    body: JSON.stringify({ username, rules: { publish: every, subscribe: { allow: ["#", "$SYS/#"] } } }),
  });
  const { token } = (await response.json()) as { token: string };
  return token;
}

/** What the document says, with the names, the token and the address of the test in it. */
async function documentedLines(values: { bridgeId: string; token: string; address: string }): Promise<string> {
  const text = await readFile(path.join(import.meta.dirname, "../../docs/CLIENTS.md"), "utf8");
  const [, lines = ""] = /```conf\n([\s\S]*?connection [\s\S]*?)```/.exec(text) ?? [];
  return lines
    .replaceAll("home-bridge", values.bridgeId)
    .replace("127.0.0.1:1884", values.address)
    .replace("TOKEN", values.token);
}

type Mosquitto = ReturnType<typeof spawn>;

async function startMosquitto(file: string): Promise<Mosquitto> {
  const mosquitto = spawn(programPath("mosquitto"), ["-c", file, "-v"], { stdio: ["ignore", "ignore", "pipe"] });
  undoAfterTest(() => endMosquitto(mosquitto));
  let said = "";
  await new Promise<void>((resolve, reject) => {
    mosquitto.stderr?.setEncoding("utf8").on("data", (part: string) => {
      said += part;
      if (said.includes("Received SUBACK from local.")) resolve();
    });
    mosquitto.once("exit", () => reject(new Error(said)));
  });
  return mosquitto;
}

async function endMosquitto(mosquitto: Mosquitto): Promise<void> {
  if (mosquitto.exitCode !== null || mosquitto.signalCode !== null) return;
  mosquitto.kill("SIGTERM");
  await once(mosquitto, "exit");
}
