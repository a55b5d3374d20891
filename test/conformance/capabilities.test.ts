// Brokers that offer less than MQTT has, and what they tell of themselves. MQTT 5.0 sections 3.2.2.3.4, 3.2.2.3.5 and
// 3.2.2.3.11 to 3.2.2.3.15.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generate } from "mqtt-packet";
import { afterAll, describe, expect, it } from "vitest";
import { startBroker } from "../support/broker.ts";
import { connect, connectPacket, durable, unique } from "../support/connect.ts";
import { expectRefused } from "./refusal.ts";
import { isGiven, useTarget, withSettings } from "./target.ts";

const target = useTarget();
const older = [3, 4] as const;

/** An encoded CONNECT whose Will has these fields. */
function connectBytes(version: 3 | 4 | 5, fields: { qos?: 0 | 1 | 2; retain?: boolean }): Uint8Array {
  const will = { topic: unique("will"), payload: Buffer.from("will"), qos: 0 as const, retain: false, ...fields };
  const packet = connectPacket({ version, will });
  return new Uint8Array(generate(packet, { protocolVersion: version }));
}

describe("Response Information", () => {
  it.each([undefined, false])(
    "is not given to a client whose request is %s [MQTT-3.1.2-28]",
    async (requestResponseInformation) => {
      const properties = requestResponseInformation === undefined ? {} : { requestResponseInformation };
      const { connack } = await connect(target.url, { properties });
      expect(connack.properties).not.toHaveProperty("responseInformation");
    },
  );
});

const asking = { properties: { requestResponseInformation: true } };

withSettings({ RESPONSE_INFORMATION: "answers/%c" }, (own) => {
  it("a client that asks is told where its own answers go, on each address [B62]", async () => {
    for (const url of [own.url, ...own.webSocketUrls("asking-board")]) {
      const { connack } = await connect(url, { ...asking, clientId: "asking-board" });
      expect(connack.properties).toMatchObject({ responseInformation: "answers/asking-board" });
    }
  });

  it("it is told by the identifier it was assigned", async () => {
    const { connack } = await connect(own.url, { ...asking, clientId: "" });
    const assigned = connack.properties?.assignedClientIdentifier;
    expect(connack.properties?.responseInformation).toBe(`answers/${assigned}`);
  });

  it.each(["other/board", "+", "#"])("a client that is named %s is told nothing [B62]", async (clientId) => {
    const { connack } = await connect(own.url, { ...asking, clientId });
    expect(connack.properties).not.toHaveProperty("responseInformation");
  });

  it("a client that takes no more bytes gets CONNACK without it [MQTT-3.1.2-24]", async () => {
    const whole = await connect(own.url, asking);
    expect(whole.connack.properties).toHaveProperty("responseInformation");
    const { length = 0 } = whole.connack;
    const properties = { ...asking.properties, maximumPacketSize: length };
    // As long as the other, so that CONNACK would have the same length.
    const { connack } = await connect(own.url, { properties, clientId: "x".repeat(whole.clientId.length) });
    expect(connack.properties).toMatchObject({ receiveMaximum: expect.any(Number) });
    expect(connack.properties).not.toHaveProperty("responseInformation");
  });

  it("a request is answered there [B62]", async () => {
    const asker = await connect(own.url, asking);
    const answerer = await connect(own.url);
    const responseTopic = `${asker.connack.properties?.responseInformation}/1`;
    const topic = unique("request");
    await asker.subscribe(responseTopic);
    await answerer.subscribe(topic);
    await asker.publish(topic, "what?", { properties: { responseTopic } });
    const request = await answerer.message({ topic });
    await answerer.publish(request.properties?.responseTopic ?? "", "that");
    await asker.message({ topic: responseTopic, payload: "that" });
  });
});

withSettings({ RESPONSE_INFORMATION: "%c".repeat(100) }, (long) => {
  it("a client that is told much is heard as any other", async () => {
    const properties = { requestResponseInformation: true, sessionExpiryInterval: 600 };
    const options = { clientId: unique("x".repeat(190)), clean: false, properties };
    for (const sessionPresent of [false, true]) {
      const client = await connect(long.url, options);
      expect(client.connack.properties?.responseInformation).toBe(client.clientId.repeat(100));
      expect(client.connack.sessionPresent).toBe(sessionPresent);
      await client.ping();
      await client.disconnect();
    }
  });
});

withSettings({ MAXIMUM_QOS: "1" }, (lower) => {
  it("CONNACK tells of Maximum QoS [MQTT-3.2.2-9]", async () => {
    for (const url of [lower.url, ...lower.webSocketUrls("lower")]) {
      const { connack } = await connect(url, { clientId: "lower" });
      expect(connack.properties).toMatchObject({ maximumQoS: 1 });
    }
  });

  it.each([3, 4, 5] as const)("SUBSCRIBE of version %i is granted that at most [MQTT-3.2.2-10]", async (version) => {
    const client = await connect(lower.url, { version });
    const topics = [unique("lower"), unique("lower"), unique("lower")];
    for (const [qos, topic] of topics.entries()) {
      const { granted } = await client.subscribe(topic, { qos: qos as 0 | 1 | 2 });
      expect(granted).toEqual([Math.min(qos, 1)]);
    }
    const publisher = await connect(lower.url);
    for (const topic of topics) expect(await publisher.publish(topic, "m", { qos: 1 })).toBe(0);
    for (const [qos, topic] of topics.entries()) await client.message({ topic, qos: Math.min(qos, 1) });
  });

  it.each([3, 4, 5] as const)("PUBLISH of version %i above it ends the connection", async (version) => {
    const topic = unique("lower");
    const [watcher, client] = [await connect(lower.url), await connect(lower.url, { version })];
    await watcher.subscribe(topic, { qos: 2 });
    client.sendPublish(topic, "m", { qos: 2 });
    await client.ended(0x9b);
    await watcher.expectNothingMore();
  });

  it("a Will above it is refused, and so is its connection [MQTT-3.2.2-12]", async () => {
    await expectRefused(lower.url, connectBytes(5, { qos: 2 }), 5, 0x9b);
    for (const version of older) await expectRefused(lower.url, connectBytes(version, { qos: 2 }), version, 5);
    await connect(lower.url, { will: { topic: "w", payload: Buffer.from("w"), qos: 1, retain: false } });
  });
});

withSettings({ MAXIMUM_QOS: "0" }, (lowest) => {
  it("CONNACK tells of Maximum QoS, and SUBSCRIBE is granted 0 [MQTT-3.2.2-9] [MQTT-3.2.2-10]", async () => {
    const topic = unique("lowest");
    const client = await connect(lowest.url);
    expect(client.connack.properties).toMatchObject({ maximumQoS: 0 });
    expect(await client.subscribe(topic, { qos: 2 })).toMatchObject({ granted: [0] });
    await client.publish(topic, "m");
    await client.message({ topic, qos: 0 });
    client.sendPublish(topic, "m", { qos: 1 });
    await client.ended(0x9b);
  });

  it("a Will above it is refused [MQTT-3.2.2-12]", async () => {
    await expectRefused(lowest.url, connectBytes(5, { qos: 1 }), 5, 0x9b);
  });
});

withSettings({ RETAIN_AVAILABLE: "0" }, (without) => {
  it("CONNACK tells that messages are not retained", async () => {
    const { connack } = await connect(without.url);
    expect(connack.properties).toMatchObject({ retainAvailable: false });
  });

  it.each([3, 4, 5] as const)("PUBLISH of version %i with RETAIN ends the connection", async (version) => {
    const topic = unique("without/retain");
    const client = await connect(without.url, { version });
    client.sendPublish(topic, "m", { qos: 1, retain: true });
    await client.ended(0x9a);
    const later = await connect(without.url);
    await later.subscribe(topic);
    await later.expectNothingMore();
  });

  it("a Will with RETAIN is refused, and so is its connection [MQTT-3.2.2-13]", async () => {
    await expectRefused(without.url, connectBytes(5, { retain: true }), 5, 0x9a);
    for (const version of older) {
      await expectRefused(without.url, connectBytes(version, { retain: true }), version, 5);
    }
  });
});

withSettings({ WILDCARD_SUBSCRIPTION_AVAILABLE: "0" }, (without) => {
  it("CONNACK tells of it, and SUBSCRIBE with a wildcard ends the connection", async () => {
    for (const filter of ["#", "a/+/b", "$share/g/a/#"]) {
      const client = await connect(without.url);
      expect(client.connack.properties).toMatchObject({ wildcardSubscriptionAvailable: false });
      client.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: filter, qos: 0 }] });
      await client.ended(0xa2);
    }
  });

  it.each(older)("version %i is refused the filter alone [3.1.1 MQTT-3.8.3-2]", async (version) => {
    const topic = unique("without/wildcard");
    const client = await connect(without.url, { version });
    expect(await client.subscribe([topic, `${topic}/#`, "+"])).toMatchObject({ granted: [0, 0x80, 0x80] });
    await client.publish(`${topic}/x`, "not for it");
    await client.publish(topic, "for it");
    await client.message({ topic, payload: "for it" });
  });
});

withSettings({ SHARED_SUBSCRIPTION_AVAILABLE: "0" }, (without) => {
  it("CONNACK tells of it, and SUBSCRIBE with a share ends the connection", async () => {
    const client = await connect(without.url);
    expect(client.connack.properties).toMatchObject({ sharedSubscriptionAvailable: false });
    expect(await client.subscribe("+")).toMatchObject({ granted: [0] });
    client.send({ cmd: "subscribe", messageId: 9, subscriptions: [{ topic: "$share/g/a", qos: 0 }] });
    await client.ended(0x9e);
  });

  it.each(older)("version %i is refused the filter alone", async (version) => {
    const client = await connect(without.url, { version });
    expect(await client.subscribe(["a", "$share/g/a"])).toMatchObject({ granted: [0, 0x80] });
  });
});

withSettings({ SUBSCRIPTION_IDENTIFIERS_AVAILABLE: "0" }, (without) => {
  it("CONNACK tells of it, and SUBSCRIBE with an identifier ends the connection", async () => {
    const client = await connect(without.url);
    expect(client.connack.properties).toMatchObject({ subscriptionIdentifiersAvailable: false });
    expect(await client.subscribe("a/+")).toMatchObject({ granted: [0] });
    const properties = { subscriptionIdentifier: 7 };
    client.send({ cmd: "subscribe", messageId: 9, subscriptions: [{ topic: "a", qos: 0 }], properties });
    await client.ended(0xa1);
  });
});

describe.skipIf(isGiven)("a broker that offers less from a restart on", () => {
  let dataDir = "";
  afterAll(() => rm(dataDir, { recursive: true, force: true }));

  it("keeps to it for sessions and retained messages of before [B68]", async () => {
    dataDir = await mkdtemp(join(tmpdir(), "durable-mqtt-test-"));
    const topic = unique("less");
    const before = await startBroker({ dataDir });
    const subscriber = await connect(before.tcp, durable());
    expect(await subscriber.subscribe(`${topic}/#`, { qos: 2 })).toMatchObject({ granted: [2] });
    const publisher = await connect(before.tcp);
    await publisher.publish(`${topic}/retained`, "old", { qos: 2, retain: true });
    await subscriber.message({ payload: "old", qos: 2 });
    await subscriber.disconnect();
    await before.close();

    const variables = { MAXIMUM_QOS: "1", RETAIN_AVAILABLE: "0", WILDCARD_SUBSCRIPTION_AVAILABLE: "0" };
    const after = await startBroker({ dataDir, variables });
    const again = await connect(after.tcp, { ...durable(), clientId: subscriber.clientId });
    expect(again.connack.sessionPresent).toBe(true);
    const later = await connect(after.tcp);
    await later.subscribe(`${topic}/retained`);
    await later.publish(`${topic}/x`, "new", { qos: 1 });
    await again.message({ payload: "new", qos: 1 });
    await later.expectNothingMore();
    await again.disconnect();
    await after.close();
  });
});
