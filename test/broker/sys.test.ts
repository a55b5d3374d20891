// `$SYS/broker/…`: what the broker says of itself, to mosquitto_sub; and who else can say anything there.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import { hasInstalled } from "../programs/installed.ts";
import { adminToken } from "../support/api.ts";
import { type Broker, useBroker } from "../support/broker.ts";
import { connect, connectPacket, durable, unique } from "../support/connect.ts";
import { Conversation } from "../support/conversation.ts";

// Two topic objects, so that both kinds of topics of $SYS are there: at the subscriber's shard, and elsewhere.
const settings = { TOPIC_SHARDS: "2", TOPIC_EPOCH: "2" };
const broker = useBroker({ variables: { ...settings, SYS_INTERVAL_SEC: "1" } });
const still = useBroker({ variables: { ...settings, SYS_INTERVAL_SEC: "0", ADMIN_TOKEN: adminToken } });

const itWithMosquitto = it.skipIf(!hasInstalled("what mosquitto_sub hears of $SYS", "mosquitto_sub"));

type Line = { readonly isRetained: boolean; readonly topicName: string; readonly payload: string };

/** What mosquitto_sub gets until it has `count` messages, or until the time is over. */
async function heard({ tcp }: Broker, filters: readonly string[], ...flags: string[]): Promise<Line[]> {
  const topics = filters.flatMap((filter) => ["-t", filter]);
  const format = ["-F", "%r\t%t\t%p"];
  const { port } = new URL(tcp);
  const child = spawn("mosquitto_sub", ["-h", "127.0.0.1", "-p", port, "-V", "5", ...topics, ...format, ...flags]);
  const out = text(child.stdout);
  await once(child, "exit");
  return (await out)
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [retain, topicName = "", payload = ""] = line.split("\t");
      return { isRetained: retain === "1", topicName, payload };
    });
}

async function numberOf(name: string): Promise<number> {
  const [line] = await heard(still, [`$SYS/broker/${name}`], "-C", "1", "-W", "5");
  return Number(line?.payload);
}

const patience = { timeout: 10_000, interval: 100 };

describe("a subscription to $SYS", () => {
  itWithMosquitto("is told the present values at once, as retained messages, each once", async () => {
    const lines = await heard(still, ["$SYS/#"], "-W", "2");
    expect(lines.every(({ isRetained }) => isRetained)).toBe(true);
    const values = Object.fromEntries(lines.map(({ topicName, payload }) => [topicName, payload]));
    expect(lines).toHaveLength(Object.keys(values).length);
    expect(values["$SYS/broker/version"]).toMatch(/^durable-mqtt version \d/);
    expect(values["$SYS/broker/clients/connected"]).toBe("1");
    expect(values["$SYS/broker/load/messages/sent/15min"]).toMatch(/^\d+\.\d\d$/);
  });

  itWithMosquitto("is told what has happened before", async () => {
    const before = await numberOf("publish/messages/received");
    const bytes = await numberOf("publish/bytes/received");
    const client = await connect(still.tcp);
    for (let sent = 0; sent < 3; sent += 1) await client.publish(unique("topic"), "12345", { qos: 1 });
    await client.disconnect();
    await expect.poll(() => numberOf("publish/messages/received"), patience).toBe(before + 3);
    expect(await numberOf("publish/bytes/received")).toBe(bytes + 15);
  });

  itWithMosquitto("counts clients, subscriptions and retained messages", async () => {
    // The subscription that asks is one of them.
    await expect.poll(() => numberOf("subscriptions/count"), patience).toBe(1);
    const away = await numberOf("clients/disconnected");
    const retained = await numberOf("retained messages/count");
    const client = await connect(still.tcp);
    await client.subscribe([unique("a"), `${unique("b")}/#`, `$share/g/${unique("c")}`]);
    expect(await numberOf("subscriptions/count")).toBe(4);
    expect(await numberOf("shared_subscriptions/count")).toBe(1);
    await client.publish(unique("c"), "x", { qos: 1, retain: true });
    expect(await numberOf("retained messages/count")).toBe(retained + 1);
    const sleeper = await connect(still.tcp, durable());
    await sleeper.disconnect(0, { sessionExpiryInterval: 600 });
    await expect.poll(() => numberOf("clients/disconnected"), patience).toBe(away + 1);
    await client.disconnect();
  });

  itWithMosquitto("is told what changes while it lasts, by live messages", async () => {
    const lines = await heard(broker, ["$SYS/broker/uptime", "$SYS/broker/version"], "-C", "4", "-W", "10");
    const uptimes = lines.filter(({ topicName }) => topicName === "$SYS/broker/uptime");
    expect(lines.filter(({ isRetained }) => isRetained)).toHaveLength(2);
    expect(uptimes.map(({ isRetained }) => isRetained)).toEqual([true, false, false]);
    expect(new Set(uptimes.map(({ payload }) => payload)).size).toBe(3);
  });

  it("gets nothing at once that does not ask for it: Retain Handling 2, or a shared subscription", async () => {
    const client = await connect(still.tcp);
    await client.subscribe("$SYS/broker/version", { rh: 2 });
    await client.subscribe("$share/g/$SYS/broker/version");
    // The directory answers in order: this comes after what would have been sent to the other.
    const other = await connect(still.tcp);
    await other.subscribe("$SYS/broker/version");
    await other.message({ topic: "$SYS/broker/version", retain: true });
    await client.expectNothingMore();
  });

  it.each(["#", "+/broker/uptime", "+/#"])("is none with a wildcard before: %s [MQTT-4.7.2-1]", async (filter) => {
    const client = await connect(broker.tcp);
    const watcher = await connect(broker.tcp);
    await client.subscribe(filter);
    await watcher.subscribe("$SYS/broker/uptime");
    for (let times = 0; times < 2; times += 1) await watcher.message({ topic: "$SYS/broker/uptime" });
    // UNSUBACK comes first: there was nothing before it.
    await client.unsubscribe(filter);
    await Promise.all([client.disconnect(), watcher.disconnect()]);
  });
});

describe("nobody but the broker", () => {
  itWithMosquitto("publishes to $SYS: not by PUBLISH, retained or not, and not by a Will", async () => {
    const topic = `$SYS/broker/${unique("spoof")}`;
    const watcher = await connect(still.tcp);
    await watcher.subscribe("$SYS/broker/#");
    const client = await connect(still.tcp);
    for (const retain of [false, true]) expect(await client.publish(topic, "x", { qos: 1, retain })).toBe(0x87);
    const will = { topic, payload: Buffer.from("x"), qos: 0, retain: true } as const;
    const spoofer = await Conversation.open(still.tcp);
    spoofer.send(connectPacket({ will }));
    await spoofer.receive({ cmd: "connack", reasonCode: 0x87 });
    const seen = await watcher.collect((await heard(still, ["$SYS/broker/#"], "-W", "2")).length);
    expect(seen.map((message) => message.topic)).not.toContain(topic);
    expect((await heard(still, ["$SYS/#"], "-W", "2")).map(({ topicName }) => topicName)).not.toContain(topic);
    await watcher.expectNothingMore();
  });

  it("publishes to $SYS: not by the API", async () => {
    const body = JSON.stringify({ topic: "$SYS/broker/version", payload: "x" });
    const headers = { Authorization: `Bearer ${adminToken}`, "Content-Type": "application/json" };
    const response = await fetch(`${still.http}/api/v1/publish`, { method: "POST", headers, body });
    expect(response.status).toBeGreaterThanOrEqual(400);
  });
});
