// The Will: when it is published, when it is not, and what it carries. MQTT 5.0 section 3.1.2.5.

import type { IConnectPacket } from "mqtt-packet";
import { describe, expect, it } from "vitest";
import { isForeign, paths, useBroker } from "../support/broker.ts";
import { type Connected, type ConnectOptions, connect, connectPacket, unique } from "../support/connect.ts";
import { versionName, versions } from "../support/mqttjs.ts";
import { timed } from "../support/time.ts";

const broker = useBroker();

type Will = NonNullable<IConnectPacket["will"]>;
type Scene = { watcher: Connected; client: Connected; topic: string; options: ConnectOptions };

/** A client with a Will to a new topic, and a watcher of that topic. */
async function scene(
  will: Partial<Will> = {},
  options: ConnectOptions = {},
  url?: (id: string) => string,
): Promise<Scene> {
  const topic = unique("will");
  const clientId = unique("mortal");
  const watcher = await connect(broker.tcp);
  await watcher.subscribe(topic, { qos: 2 });
  const all = { clientId, will: { topic, payload: "gone", qos: 0 as const, retain: false, ...will }, ...options };
  const client = await connect(url?.(clientId) ?? broker.tcp, all);
  return { watcher, client, topic, options: { ...all, clean: false } };
}

describe.each(paths)("over %s the Will", (path) => {
  const url = (clientId: string) => broker.url(path, clientId);

  it("is published when the connection breaks off [MQTT-3.1.2-8]", async () => {
    const { watcher, client, topic } = await scene({}, {}, url);
    client.drop();
    await watcher.message({ topic, payload: "gone", qos: 0, retain: false });
    await watcher.expectNothingMore(); // [MQTT-3.1.2-10]
  });

  it("is published when the connection is closed without DISCONNECT [MQTT-3.1.2-8]", async () => {
    const { watcher, client, topic } = await scene({}, { version: 4 }, url);
    client.end();
    await watcher.message({ topic, payload: "gone" });
  });

  it("is discarded by DISCONNECT [MQTT-3.14.4-3]", async () => {
    const { watcher, client } = await scene({}, {}, url);
    await client.disconnect();
    await watcher.expectNothingMore();
  });

  it("is published after DISCONNECT with reason 0x04", async () => {
    const { watcher, client, topic } = await scene({}, {}, url);
    await client.disconnect(0x04);
    await watcher.message({ topic, payload: "gone" });
  });

  it.each([4, 5] as const)(
    "is published when a version %i client falls silent for 1.5 times its keep alive [MQTT-3.1.2-22]",
    async (version) => {
      const { watcher, client, topic } = await scene({}, { keepalive: 1, version }, url);
      const elapsedMs = await timed(watcher.message({ topic, payload: "gone" }, { timeoutMs: 9000 }));
      expect(elapsedMs).toBeGreaterThan(1300);
      expect(elapsedMs).toBeLessThan(isForeign ? 8000 : 4000);
      if (version === 5 && !isForeign) await client.receive({ cmd: "disconnect", reasonCode: 0x8d });
      if (!isForeign) await client.closed();
    },
    10_000,
  );

  it("is not published while the client keeps alive", async () => {
    const { watcher, client } = await scene({}, { keepalive: 1 }, url);
    const beat = setInterval(() => client.send({ cmd: "pingreq" }), 400);
    await watcher.expectNothing(2500).finally(() => clearInterval(beat));
  });

  it.skipIf(isForeign)("is published when the client breaks the protocol", async () => {
    const { watcher, client, topic, options } = await scene({}, {}, url);
    client.send(connectPacket(options));
    await watcher.message({ topic, payload: "gone" });
  });
});

describe("the Will", () => {
  it.each(versions)("of a version %i client is known to subscribers of every version", async (version) => {
    const { watcher, client, topic } = await scene({}, { version });
    const others = await Promise.all(versions.map((other) => connect(broker.tcp, { version: other })));
    for (const other of others) await other.subscribe(topic);
    client.drop();
    for (const each of [watcher, ...others]) await each.message({ topic, payload: "gone" });
    expect(versionName[version]).toBeDefined();
  });

  it.each([0, 1, 2] as const)("is delivered at its QoS %i [MQTT-3.1.2-12]", async (qos) => {
    const { watcher, client, topic } = await scene({ qos });
    client.drop();
    await watcher.message({ topic, payload: "gone", qos });
    await watcher.expectNothingMore();
  });

  it("is retained where it says so [MQTT-3.1.2-15]", async () => {
    const { watcher, client, topic } = await scene({ qos: 1, retain: true });
    client.drop();
    await watcher.message({ topic, payload: "gone", retain: false });
    const later = await connect(broker.tcp);
    await later.subscribe(topic);
    await later.message({ topic, payload: "gone", retain: true });
  });

  it("is not retained where it does not [MQTT-3.1.2-14]", async () => {
    const { watcher, client, topic } = await scene();
    client.drop();
    await watcher.message({ topic, payload: "gone", retain: false });
    const later = await connect(broker.tcp);
    await later.subscribe(topic);
    await later.expectNothingMore();
  });

  it("may be empty", async () => {
    const { watcher, client, topic } = await scene({ payload: Buffer.alloc(0) });
    client.drop();
    await watcher.message({ topic, payload: "" });
  });

  it("carries its properties", async () => {
    const properties = {
      payloadFormatIndicator: true,
      messageExpiryInterval: 100,
      contentType: "text/plain",
      responseTopic: "reply",
      correlationData: Buffer.from([1, 2, 3]),
      userProperties: { cause: ["one", "two"] },
    };
    const { watcher, client, topic } = await scene({ properties });
    client.drop();
    const message = await watcher.message({ topic, payload: "gone" });
    const { messageExpiryInterval, ...unaltered } = properties;
    expect(message.properties).toMatchObject(unaltered);
    expect(message.properties?.messageExpiryInterval).toBeGreaterThan(messageExpiryInterval - 5);
    expect(message.properties).not.toHaveProperty("willDelayInterval");
  });

  it("is published when another connection takes the client over", async () => {
    const { watcher, topic, options } = await scene();
    const { will: _, ...plain } = options;
    await connect(broker.tcp, { ...plain, clean: true });
    await watcher.message({ topic, payload: "gone" });
  });

  it("is replaced by that of the next connection", async () => {
    const { watcher, client, topic, options } = await scene();
    await client.disconnect();
    const next = await connect(broker.tcp, { ...options, will: { topic, payload: "next", qos: 0, retain: false } });
    next.drop();
    await watcher.message({ topic, payload: "next" });
    await watcher.expectNothingMore();
  });

  it("goes to its own client too, when that is connected again", async () => {
    const clientId = unique("own-will");
    const will = { topic: `${clientId}/gone`, payload: "gone", qos: 1 as const, retain: false };
    const properties = { sessionExpiryInterval: 600 };
    const client = await connect(broker.tcp, { clientId, will, properties });
    await client.subscribe(will.topic, { qos: 1 });
    client.drop();
    const watcher = await connect(broker.tcp, { clientId: `${clientId}-watcher` });
    await watcher.subscribe(will.topic, { rh: 2 });
    const again = await connect(broker.tcp, { clientId, clean: false, properties });
    await again.message({ topic: will.topic, payload: "gone" });
  });
});

describe("Will Delay Interval", () => {
  const kept = { properties: { sessionExpiryInterval: 600 } };
  const delayed = (willDelayInterval: number): Partial<Will> => ({ properties: { willDelayInterval } });

  it("holds the Will back [MQTT-3.1.2-8]", async () => {
    const { watcher, client, topic } = await scene(delayed(1), kept);
    client.drop();
    const elapsedMs = await timed(watcher.message({ topic, payload: "gone" }));
    expect(elapsedMs).toBeGreaterThan(isForeign ? 0 : 900);
    expect(elapsedMs).toBeLessThan(3000);
  });

  it("is cancelled by a reconnection in time [MQTT-3.1.3-9]", async () => {
    const { watcher, client, options } = await scene(delayed(1), kept);
    client.drop();
    const { will: _, ...plain } = options;
    const again = await connect(broker.tcp, plain);
    expect(again.connack.sessionPresent).toBe(true);
    await watcher.expectNothing(1500);
  });

  it("is cancelled by a takeover that resumes the session [MQTT-3.1.3-9]", async () => {
    const { watcher, options } = await scene(delayed(1), kept);
    const { will: _, ...plain } = options;
    await connect(broker.tcp, plain);
    await watcher.expectNothing(1500);
  });

  it.skipIf(isForeign)("ends with the session, when that is sooner [MQTT-3.1.2-8]", async () => {
    const { watcher, client, topic } = await scene(delayed(60), { properties: { sessionExpiryInterval: 1 } });
    client.drop();
    const elapsedMs = await timed(watcher.message({ topic, payload: "gone" }));
    expect(elapsedMs).toBeGreaterThan(900);
    expect(elapsedMs).toBeLessThan(3000);
  });

  it.skipIf(isForeign)("does not count for a session that ends with its connection", async () => {
    const { watcher, client, topic } = await scene(delayed(60));
    client.drop();
    await watcher.message({ topic, payload: "gone" });
  });

  it.skipIf(isForeign)("ends when a clean start ends the session [MQTT-3.1.2-4]", async () => {
    const { watcher, client, topic, options } = await scene(delayed(60), kept);
    client.drop();
    const { will: _, ...plain } = options;
    await connect(broker.tcp, { ...plain, clean: true });
    await watcher.message({ topic, payload: "gone" });
  });
});
