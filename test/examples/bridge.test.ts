// Mosquitto as a bridge, with the lines that docs/CLIENTS.md gives, through the TCP gateway.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import mqtt from "mqtt";
import { expect, it } from "vitest";
import { connectMqttJs, inboxOf } from "../support/mqttjs.ts";
import { undoAfterTest } from "../support/undo.ts";
import { unusedPort } from "../tcp-gateway/target.ts";
import { connect, useClosedBroker } from "./support.ts";

const mosquittoPath = "/usr/sbin/mosquitto";
const hasMosquitto = existsSync(mosquittoPath);
if (!hasMosquitto)
  console.warn(`The test of a bridge is skipped: there is no ${mosquittoPath} (apt install mosquitto).`);

const closed = useClosedBroker();
/** Its session outlives Mosquitto's restart. */
const display = { clientId: "display", clean: false };
const own = { allow: ["site/#"] };

it.skipIf(!hasMosquitto)(
  "a Mosquitto bridge carries both ways, what came while it was away too, and nothing in circles",
  async () => {
    const login = await closed.makeCredential({ username: "home-bridge", rules: { publish: own, subscribe: own } });
    const all = { allow: ["#"] };
    const away = await closed.makeCredential({ username: "away", rules: { publish: all, subscribe: all } });
    const cloud = await connect(closed.broker.tcp, { ...away, clientId: "away", protocolVersion: 5 });
    const cloudInbox = inboxOf(cloud);
    await cloud.subscribeAsync("site/#", { qos: 1 });

    const port = await unusedPort();
    const folder = await mkdtemp(path.join(tmpdir(), "durable-mqtt-test-"));
    undoAfterTest(() => rm(folder, { recursive: true, force: true }));
    const file = path.join(folder, "mosquitto.conf");
    await writeFile(
      file,
      `listener ${port} 127.0.0.1\nallow_anonymous true\nuser root\npersistence true\npersistence_location ${folder}/\n${await bridgeLines(login.password)}`,
    );

    const first = await startMosquitto(file);
    const lan = await connectMqttJs(`tcp://127.0.0.1:${port}`, 4, display);
    undoAfterTest(() => lan.endAsync(true));
    const lanInbox = inboxOf(lan);
    await lan.subscribeAsync(["house/#", "cloud/#"], { qos: 1 });
    await lan.publishAsync("house/from-lan", "1", { qos: 1 });
    expect((await cloudInbox.take(1)).map(({ topic }) => topic)).toEqual(["site/house/from-lan"]);
    await lanInbox.take(1);
    await cloud.publishAsync("site/cloud/from-cloud", "2", { qos: 1 });
    expect((await lanInbox.take(1)).map(({ topic }) => topic)).toEqual(["cloud/from-cloud"]);
    await cloudInbox.take(1);

    await lan.endAsync(true);
    await endMosquitto(first);
    await cloud.publishAsync("site/cloud/meanwhile", "3", { qos: 1 });
    await startMosquitto(file);
    // What waited for it comes right behind CONNACK.
    const again = mqtt.connect(`tcp://127.0.0.1:${port}`, display);
    undoAfterTest(() => again.endAsync(true));
    const againInbox = inboxOf(again);
    await again.publishAsync("house/last", "4", { qos: 1 });
    // Were anything sent in circles it would be among these.
    expect((await cloudInbox.take(2)).map(({ topic }) => topic)).toEqual(["site/cloud/meanwhile", "site/house/last"]);
    const received = (await againInbox.take(2)).map(({ topic }) => topic);
    expect(received.toSorted()).toEqual(["cloud/meanwhile", "house/last"]);
  },
  30_000,
);

/** What the document says, with the gateway of the test and the token in it. */
async function bridgeLines(token: string): Promise<string> {
  const text = await readFile(path.join(import.meta.dirname, "../../docs/CLIENTS.md"), "utf8");
  const [, lines = ""] = /```conf\n(connection [\s\S]*?)```/.exec(text) ?? [];
  const { host, port } = closed.gateway;
  return lines.replace("127.0.0.1:1884", `${host}:${port}`).replace("TOKEN", token);
}

async function startMosquitto(file: string) {
  const mosquitto = spawn(mosquittoPath, ["-c", file, "-v"], { stdio: ["ignore", "ignore", "pipe"] });
  undoAfterTest(() => endMosquitto(mosquitto));
  let said = "";
  await new Promise<void>((resolve, reject) => {
    mosquitto.stderr.setEncoding("utf8").on("data", (part: string) => {
      said += part;
      if (said.includes("Received SUBACK from local.")) resolve();
    });
    mosquitto.once("exit", () => reject(new Error(said)));
  });
  return mosquitto;
}

async function endMosquitto(mosquitto: Awaited<ReturnType<typeof startMosquitto>> | ReturnType<typeof spawn>) {
  if (mosquitto.exitCode !== null || mosquitto.signalCode !== null) return;
  mosquitto.kill("SIGTERM");
  await once(mosquitto, "exit");
}
