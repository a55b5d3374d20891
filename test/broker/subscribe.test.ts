// Subscriptions as this broker does them where MQTT leaves a choice. The rest is among the conformance conversations.

import { describe, expect, it } from "vitest";
import { useBroker } from "../support/broker.ts";
import { connect, unique } from "../support/connect.ts";

const broker = useBroker();

describe("SUBSCRIBE", () => {
  it("is answered before the retained messages that it asks for [B30]", async () => {
    const topic = unique("subscribe/retained");
    const publisher = await connect(broker.tcp);
    for (const level of [1, 2, 3]) await publisher.publish(`${topic}/${level}`, "x", { qos: 1, retain: true });
    for (const url of [broker.tcp, broker.ws, broker.wsNative("subscribe-native")]) {
      const client = await connect(url, { clientId: "subscribe-native" });
      await client.subscribe(`${topic}/+`, { qos: 1 }); // expects SUBACK next
      expect((await client.collect(3)).map((message) => message.retain)).toEqual([true, true, true]);
      await client.disconnect();
    }
  });
});

describe("overlapping subscriptions", () => {
  it("become one message at the highest QoS, with every identifier [MQTT-3.3.4-2] [MQTT-3.3.4-4] [B35]", async () => {
    const topic = unique("subscribe/overlap");
    const [client, publisher] = [await connect(broker.tcp), await connect(broker.tcp)];
    await client.subscribe(`${topic}/#`, { qos: 0, identifier: 1 });
    await client.subscribe(`${topic}/+`, { qos: 2, identifier: 268_435_455 });
    await client.subscribe(`${topic}/x`, { qos: 1, identifier: 300 });
    await client.subscribe(`+/+/x`, { qos: 1 });
    await publisher.publish(`${topic}/x`, "x", { qos: 2 });
    const message = await client.message({ topic: `${topic}/x`, qos: 2 });
    const identifiers = message.properties?.subscriptionIdentifier as number[];
    expect([...identifiers].sort((a, b) => a - b)).toEqual([1, 300, 268_435_455]);
    await client.expectNothingMore();
  });

  it("become one message in 3.1.1 too [B35]", async () => {
    const topic = unique("subscribe/overlap");
    const [client, publisher] = [await connect(broker.ws, { version: 4 }), await connect(broker.tcp)];
    await client.subscribe([`${topic}/#`, `${topic}/+`, `${topic}/x`], { qos: 1 });
    await publisher.publish(`${topic}/x`, "x", { qos: 2 });
    await client.message({ topic: `${topic}/x`, qos: 1 });
    await client.expectNothingMore();
  });
});

describe("more subscriptions at once than an object may have timers", () => {
  const [packets, each] = [2, 6_000];
  const generous = useBroker({
    variables: {
      MAXIMUM_SUBSCRIPTIONS: `${packets * each}`,
      MAXIMUM_SUBSCRIBE_RATE: "0",
    },
  });

  it("are granted, and get their retained messages", async () => {
    const [client, publisher] = [await connect(generous.ws), await connect(generous.ws)];
    const last = `many/${packets}/${each}`;
    await publisher.publish(last, "x", { qos: 1, retain: true });
    for (let messageId = 1; messageId <= packets; messageId += 1) {
      const subscriptions = Array.from({ length: each }, (_, index) => {
        return { topic: `many/${messageId}/${index + 1}`, qos: 0 as const };
      });
      client.send({ cmd: "subscribe", messageId, subscriptions });
    }
    for (let messageId = 1; messageId <= packets; messageId += 1) {
      const { granted } = await client.receive({ cmd: "suback", messageId });
      expect(new Set(granted)).toEqual(new Set([0]));
    }
    await client.message({ topic: last, retain: true });
  });
});
