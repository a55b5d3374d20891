// Home Assistant's pattern, with the clients that it and its add-ons use. There are hundreds of retained
// configurations, and thousands of subscriptions in packets of 500. The server is killed, and after the reconnect
// everything comes again.

import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { createInterface } from "node:readline";
import mqtt, { type MqttClient } from "mqtt";
import { afterAll, beforeAll, describe, it } from "vitest";
import { hasPythonModule, pythonPath } from "../programs/installed.ts";
import { connect, unique } from "../support/connect.ts";
import { type CrashingServer, startCrashingServer } from "./crashing-server.ts";

const configurations = 600;
const subscriptions = 5_000;
const perPacket = 500;
const lastState = `home/${subscriptions - 1}/state`;

let server: CrashingServer;
beforeAll(async () => {
  server = await startCrashingServer({});
  const publisher = await connect(server.url("TCP", ""));
  const payload = JSON.stringify({ name: "x".repeat(2_000) });
  for (let index = 0; index < configurations; index += 1) {
    const topic = `homeassistant/sensor/${index}/config`;
    publisher.sendPublish(topic, payload, { qos: 1, retain: true });
  }
  for (let index = 0; index < configurations; index += 1) await publisher.receive({ cmd: "puback" });
  publisher.end();
}, 60_000);
afterAll(() => server.close());

/** A client of Home Assistant's kind, which reconnects and subscribes again by itself. */
type Home = {
  /** What it has seen, a line each: `granted 5000 1`, `retained 600`, `live TOPIC PAYLOAD`. */
  until(line: string, times: number): Promise<void>;
  end(): Promise<void>;
};

const homes: [name: string, start: (clientId: string) => Promise<Home>][] = [["MQTT.js", startMqttJs]];
if (hasPythonModule("Home Assistant's pattern with paho", "paho.mqtt.client")) homes.push(["paho", startPaho]);

describe.each(homes)("Home Assistant's pattern with %s", (_name, start) => {
  it(`is granted ${subscriptions} subscriptions, and has lost nothing after a kill of the server`, async () => {
    const clientId = unique("home");
    const home = await start(clientId);
    await home.until(`granted ${subscriptions} 1`, 1);
    await home.until(`retained ${configurations}`, 1);
    await publish("before", lastState);
    await home.until(`live ${lastState} before`, 1);

    await server.crash();
    // Whether the client is back already or not: its session is durable.
    await publish("after", "home/1/state", lastState);
    await home.until(`live home/1/state after`, 1);
    await home.until(`live ${lastState} after`, 1);
    await home.until(`granted ${subscriptions} 1`, 2);
    await home.until(`retained ${configurations}`, 2);
    await publish("again", lastState);
    await home.until(`live ${lastState} again`, 1);
    await home.end();
  }, 60_000);
});

/** At QoS 1, as soon as the server is there. */
async function publish(payload: string, ...topics: string[]): Promise<void> {
  const client = await mqtt.connectAsync(server.url("TCP", ""), { reconnectPeriod: 100, clientId: unique("state") });
  for (const topic of topics) await client.publishAsync(topic, payload, { qos: 1 });
  await client.endAsync();
}

/** Collects lines, and waits for one to have come so often. */
function linesOf(): { add(line: string): void; until(line: string, times: number): Promise<void> } {
  const seen = new Map<string, number>();
  let arrived = () => {};
  return {
    add(line) {
      seen.set(line, (seen.get(line) ?? 0) + 1);
      arrived();
    },
    async until(line, times) {
      const endMs = performance.now() + 30_000;
      while ((seen.get(line) ?? 0) < times) {
        const leftMs = endMs - performance.now();
        if (leftMs <= 0)
          throw new Error(`${times} times "${line}" did not come: ${JSON.stringify([...seen].slice(-20))}`);
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, leftMs);
          arrived = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
    },
  };
}

async function startPaho(clientId: string): Promise<Home> {
  const { hostname, port } = new URL(server.url("TCP", ""));
  const script = path.join(import.meta.dirname, "../support/paho_home.py");
  // Debian's own Python is the one that has its packages.
  const args = [script, hostname, port, clientId, `${subscriptions}`];
  const program: ChildProcessWithoutNullStreams = spawn(pythonPath, args);
  program.stderr.pipe(process.stderr);
  const { add, until } = linesOf();
  createInterface({ input: program.stdout }).on("line", add);
  return {
    until,
    async end() {
      program.stdin.end();
      if (program.exitCode === null) await once(program, "exit");
    },
  };
}

async function startMqttJs(clientId: string): Promise<Home> {
  const filters = ["homeassistant/#"];
  for (let index = 1; index < subscriptions; index += 1) filters.push(`home/${index}/state`);
  const { add, until } = linesOf();
  const client: MqttClient = mqtt.connect(server.url("TCP", ""), {
    clientId,
    clean: false,
    reconnectPeriod: 1_000,
    // Home Assistant subscribes by itself: this client does as well, in packets of its own.
    resubscribe: false,
  });
  const retained = new Set<string>();
  client.on("connect", async () => {
    retained.clear();
    const granted: number[] = [];
    try {
      for (let start = 0; start < filters.length; start += perPacket) {
        const answered = await client.subscribeAsync(filters.slice(start, start + perPacket), { qos: 1 });
        granted.push(...answered.map(({ qos }) => qos));
      }
      add(`granted ${granted.length} ${[...new Set(granted)].sort().join(" ")}`);
    } catch {
      // The connection is lost: it begins again with the next.
    }
  });
  client.on("message", (topic, payload) => {
    if (topic.startsWith("home/")) {
      add(`live ${topic} ${payload}`);
      return;
    }
    const isNew = !retained.has(topic);
    retained.add(topic);
    if (isNew && retained.size % 100 === 0) add(`retained ${retained.size}`);
  });
  return { until, end: () => client.endAsync(true) };
}
