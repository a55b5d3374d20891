// Retained messages. MQTT 5.0 section 3.3.1.3.

import { describe, expect, it } from "vitest";
import { isForeign, useBroker } from "../support/broker.ts";
import { connect, unique } from "../support/connect.ts";
import { versionName, versions } from "../support/mqttjs.ts";
import { passed } from "../support/time.ts";

const broker = useBroker();

/** A new topic with one retained message. */
async function retained(payload: string, qos: 0 | 1 | 2 = 1): Promise<string> {
  const topic = unique("retained/topic");
  const publisher = await connect(broker.tcp);
  await publisher.publish(topic, payload, { qos, retain: true });
  if (qos === 0) await publisher.expectNothingMore(); // no acknowledgement: wait until it has been handled
  await publisher.disconnect();
  return topic;
}

describe("a retained message", () => {
  it.each([0, 1, 2] as const)("published at QoS %i comes with a later subscription [MQTT-3.3.1-9]", async (qos) => {
    const topic = await retained("kept", qos);
    const subscriber = await connect(broker.ws);
    await subscriber.subscribe(topic, { qos: 2 });
    await subscriber.message({ topic, payload: "kept", qos, retain: true, dup: false });
    await subscriber.expectNothingMore();
  });

  it.each([0, 1, 2] as const)("is downgraded to QoS %i where no more is granted [MQTT-3.8.4-8]", async (qos) => {
    const topic = await retained("kept", 2);
    const subscriber = await connect(broker.tcp, { version: 4 });
    await subscriber.subscribe(topic, { qos });
    await subscriber.message({ topic, qos, retain: true });
  });

  it("is replaced by the next one [MQTT-3.3.1-5]", async () => {
    const topic = await retained("old");
    const [publisher, subscriber] = [await connect(broker.tcp), await connect(broker.tcp)];
    await publisher.publish(topic, "new", { qos: 1, retain: true });
    await subscriber.subscribe(topic);
    await subscriber.message({ topic, payload: "new", retain: true });
    await subscriber.expectNothingMore();
  });

  it("is untouched by a message without the flag [MQTT-3.3.1-8]", async () => {
    const topic = await retained("kept");
    const [publisher, subscriber] = [await connect(broker.tcp), await connect(broker.tcp)];
    await publisher.publish(topic, "passing", { qos: 1 });
    await publisher.publish(topic, "", { qos: 1 });
    await subscriber.subscribe(topic);
    await subscriber.message({ topic, payload: "kept", retain: true });
  });

  it("is cleared by an empty one, which others still receive [MQTT-3.3.1-6] [MQTT-3.3.1-7]", async () => {
    const topic = await retained("kept");
    const [publisher, present, later] = await Promise.all([1, 2, 3].map(() => connect(broker.tcp)));
    await present?.subscribe(topic, { rh: 2 });
    await publisher?.publish(topic, "", { qos: 1, retain: true });
    await present?.message({ topic, payload: "", retain: false });
    await later?.subscribe(topic);
    await later?.expectNothingMore();
  });

  it("comes to present subscribers without the flag, in every version [MQTT-3.3.1-12]", async () => {
    const topic = unique("retained/live");
    const publisher = await connect(broker.tcp);
    const subscribers = await Promise.all(versions.map((version) => connect(broker.tcp, { version })));
    for (const subscriber of subscribers) await subscriber.subscribe(topic);
    await publisher.publish(topic, "live", { retain: true, qos: 1 });
    for (const subscriber of subscribers) await subscriber.message({ topic, payload: "live", retain: false });
    for (const version of versions) {
      const late = await connect(broker.tcp, { version });
      await late.subscribe(topic);
      expect((await late.message({ topic, payload: "live" })).retain, versionName[version]).toBe(true);
    }
  });

  it("keeps its properties", async () => {
    const topic = unique("retained/properties");
    const [publisher, subscriber] = [await connect(broker.tcp), await connect(broker.tcp)];
    const properties = { contentType: "text/plain", userProperties: { a: ["1", "2"] }, responseTopic: "r" };
    await publisher.publish(topic, "x", { qos: 1, retain: true, properties });
    await subscriber.subscribe(topic, { identifier: 5 });
    const message = await subscriber.message({ topic });
    expect(message.properties).toMatchObject(properties);
    expect([message.properties?.subscriptionIdentifier].flat()).toEqual([5]);
  });

  it("is gone when it has expired, and says before how long it has [MQTT-3.3.2-5] [MQTT-3.3.2-6]", async () => {
    const topic = unique("retained/expiry");
    const [publisher, early, late] = [await connect(broker.tcp), await connect(broker.tcp), await connect(broker.tcp)];
    const publish = (expiry: number) =>
      publisher.publish(topic, "x", { qos: 1, retain: true, properties: { messageExpiryInterval: expiry } });
    await publish(30);
    await early.subscribe(topic);
    const { properties } = await early.message({ topic, retain: true });
    expect(properties?.messageExpiryInterval).toBeGreaterThan(20);
    expect(properties?.messageExpiryInterval).toBeLessThanOrEqual(30);
    await publish(1);
    await passed(isForeign ? 2100 : 1100);
    await late.subscribe(topic);
    await late.expectNothingMore();
  });
});

describe("Retain Handling", () => {
  it("0 sends retained messages at every SUBSCRIBE [MQTT-3.3.1-9]", async () => {
    const topic = await retained("kept");
    const subscriber = await connect(broker.tcp);
    for (let time = 0; time < 2; time++) {
      await subscriber.subscribe(topic, { rh: 0 });
      await subscriber.message({ topic, payload: "kept", retain: true });
    }
  });

  it("1 sends them when the subscription is new [MQTT-3.3.1-10]", async () => {
    const topic = await retained("kept");
    const subscriber = await connect(broker.tcp);
    await subscriber.subscribe(topic, { rh: 1 });
    await subscriber.message({ topic, payload: "kept", retain: true });
    await subscriber.subscribe(topic, { rh: 1, qos: 1 });
    await subscriber.expectNothingMore();
    await subscriber.unsubscribe(topic);
    await subscriber.subscribe(topic, { rh: 1 });
    await subscriber.message({ topic, payload: "kept", retain: true });
  });

  it("2 never sends them [MQTT-3.3.1-11]", async () => {
    const topic = await retained("kept");
    const subscriber = await connect(broker.tcp);
    await subscriber.subscribe(topic, { rh: 2 });
    await subscriber.expectNothingMore();
  });
});

describe("many retained messages", () => {
  it.each([0, 1, 2] as const)(
    "300 of them come to a wildcard subscription at QoS %i, each once",
    async (qos) => {
      const topic = unique("retained/many");
      const publisher = await connect(broker.tcp);
      const names = Array.from({ length: 300 }, (_, index) => `${topic}/${index % 7}/${index}`);
      for (let from = 0; from < names.length; from += 20) {
        const batch = names.slice(from, from + 20);
        const ids = batch.map((name) => publisher.sendPublish(name, name, { qos: 1, retain: true }));
        for (const messageId of ids) await publisher.receive({ cmd: "puback", messageId });
      }
      await publisher.publish(`${topic}x/1`, "beside", { qos: 1, retain: true });
      await publisher.publish(names[5] ?? "", "", { qos: 1, retain: true });
      const expected = names.filter((_, index) => index !== 5).sort();
      for (const [url, filter] of [
        [broker.tcp, `${topic}/#`],
        [broker.ws, `${topic.replace("retained", "+")}/+/+`],
      ] as const) {
        const subscriber = await connect(url);
        await subscriber.subscribe(filter, { qos });
        const messages = await subscriber.collect(expected.length, { timeoutMs: 10_000 });
        expect(messages.map((message) => message.topic).sort()).toEqual(expected);
        expect(messages.every((message) => message.retain && message.payload.toString() === message.topic)).toBe(true);
        await subscriber.expectNothingMore();
      }
    },
    30_000,
  );

  it("match wildcards as live ones do", async () => {
    const level = unique("retained-match");
    const [publisher, subscriber] = [await connect(broker.tcp), await connect(broker.tcp)];
    const topics = [`${level}`, `${level}/a`, `${level}/a/b`, `${level}/b/b`, `${level}/`, `$${level}/a`];
    for (const topic of topics) await publisher.publish(topic, topic, { qos: 1, retain: true });
    const filters: Record<string, string[]> = {
      [`${level}/#`]: topics.slice(0, 5),
      [`${level}/+`]: [`${level}/a`, `${level}/`],
      [`${level}/+/b`]: [`${level}/a/b`, `${level}/b/b`],
      [`$${level}/+`]: [`$${level}/a`],
    };
    for (const [filter, expected] of Object.entries(filters)) {
      await subscriber.subscribe(filter);
      const received = await subscriber.collect(expected.length);
      expect(received.map((message) => message.topic).sort(), filter).toEqual([...expected].sort());
      await subscriber.expectNothingMore();
      await subscriber.unsubscribe(filter);
    }
  });
});
