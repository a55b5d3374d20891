// Topics spread over several topic objects: what a client sees is the same as with one.

import { describe, expect, it } from "vitest";
import { useBroker } from "../support/broker.ts";
import { connect, durable, unique } from "../support/connect.ts";
import { connectMqttJs, inboxOf } from "../support/mqttjs.ts";

const broker = useBroker({ variables: { TOPIC_SHARDS: "4" } });

/** So many topics below a new level that every shard has some. */
function topics(level: string): string[] {
  return Array.from({ length: 24 }, (_, index) => `${level}/${index}`);
}

describe("with four shards", () => {
  it("a wildcard subscriber has everything, in order for each topic [MQTT-4.6.0-5]", async () => {
    const level = unique("shards/wildcard");
    const names = topics(level);
    const [subscriber, ...publishers] = await Promise.all([
      connect(broker.ws),
      connect(broker.tcp),
      connect(broker.tcp),
    ]);
    await subscriber.subscribe(`${level}/#`, { qos: 1 });
    await Promise.all(
      publishers.map(async (publisher, index) => {
        for (let number = 0; number < 5; number++) {
          const ids = names.map((name) => publisher.sendPublish(name, `${index} ${number}`, { qos: 1 }));
          for (let count = 0; count < ids.length; count++) await publisher.receive({ cmd: "puback", reasonCode: 0 });
        }
      }),
    );
    const messages = await subscriber.collect(names.length * 10, { timeoutMs: 10_000 });
    for (const name of names) {
      for (const index of publishers.keys()) {
        const own = messages.filter(
          (message) => message.topic === name && message.payload.toString()[0] === `${index}`,
        );
        expect(own.map(({ payload }) => payload.toString().slice(2))).toEqual(["0", "1", "2", "3", "4"]);
      }
    }
  });

  it("a wildcard subscription has the retained messages of all, each once", async () => {
    const level = unique("shards/retained");
    const [publisher, subscriber] = [await connect(broker.tcp), await connect(broker.ws)];
    for (const name of topics(level)) await publisher.publish(name, name, { qos: 1, retain: true });
    await subscriber.subscribe(`${level}/+`, { qos: 1 }); // SUBACK comes first
    const messages = await subscriber.collect(24);
    expect(messages.map((message) => message.topic).sort()).toEqual(topics(level).sort());
    await subscriber.subscribe(`${level}/+`, { qos: 1, rh: 1 });
    await subscriber.subscribe(topics(level)[0] ?? "", { qos: 1, identifier: 3 });
    const exact = await subscriber.message({ topic: topics(level)[0], retain: true });
    expect([exact.properties?.subscriptionIdentifier].flat()).toEqual([3]);
  });

  it("a wildcard subscription ends at all of them", async () => {
    const level = unique("shards/unsubscribe");
    const [publisher, subscriber] = [await connect(broker.tcp), await connect(broker.tcp)];
    await subscriber.subscribe(`${level}/#`, { qos: 1 });
    for (const name of topics(level)) expect(await publisher.publish(name, "x", { qos: 1 })).toBe(0);
    await subscriber.collect(24);
    expect((await subscriber.unsubscribe(`${level}/#`)).granted).toEqual([0]);
    for (const name of topics(level)) expect(await publisher.publish(name, "x", { qos: 1 })).toBe(0x10);
  });

  it("exact filters meet their topics, and only those", async () => {
    const names = topics(unique("shards/exact"));
    const [publisher, subscriber] = [await connect(broker.tcp), await connect(broker.tcp)];
    const wanted = names.filter((_, index) => index % 2 === 0);
    const { granted } = await subscriber.subscribe(wanted, { qos: 1 });
    expect(granted).toEqual(wanted.map(() => 1));
    for (const name of names) {
      expect(await publisher.publish(name, name, { qos: 1 })).toBe(wanted.includes(name) ? 0 : 0x10);
    }
    const messages = await subscriber.collect(wanted.length);
    expect(messages.map((message) => message.topic).sort()).toEqual([...wanted].sort());
  });

  it("overlapping exact and wildcard subscriptions become one message [MQTT-3.3.4-4]", async () => {
    const level = unique("shards/overlap");
    const [publisher, subscriber] = [await connect(broker.tcp), await connect(broker.tcp)];
    await subscriber.subscribe(`${level}/#`, { qos: 0, identifier: 1 });
    await subscriber.subscribe(topics(level), { qos: 2, identifier: 2 });
    for (const name of topics(level)) {
      await publisher.publish(name, name, { qos: 1 });
      const message = await subscriber.message({ topic: name, qos: 1 });
      expect([message.properties?.subscriptionIdentifier].flat().toSorted()).toEqual([1, 2]);
    }
  });

  it.each([0, 1, 2] as const)("QoS %i works as ever", async (qos) => {
    const [publisher, subscriber] = [await connect(broker.tcp), await connect(broker.ws, { version: 4 })];
    for (const topic of topics(unique("shards/qos")).slice(0, 8)) {
      await subscriber.subscribe(topic, { qos });
      await publisher.publish(topic, "x", { qos });
      await subscriber.message({ topic, payload: "x", qos });
    }
  });

  it("a durable session is kept and ended at all of them", async () => {
    const level = unique("shards/durable");
    const publisher = await connect(broker.tcp);
    const client = await connect(broker.tcp, { ...durable(), clean: true });
    await client.subscribe(`${level}/+`, { qos: 1 });
    await client.disconnect();
    for (const name of topics(level)) await publisher.publish(name, name, { qos: 1 });
    const back = await connect(broker.tcp, { ...durable(), clientId: client.clientId });
    expect((await back.collect(24)).map((message) => message.topic).sort()).toEqual(topics(level).sort());
    await back.disconnect(0, { sessionExpiryInterval: 0 });
    for (const name of topics(level)) expect(await publisher.publish(name, "x", { qos: 1 })).toBe(0x10);
  });

  it("a shared subscription with a wildcard gives each message to one member", async () => {
    const level = unique("shards/shared");
    const publisher = await connect(broker.tcp);
    const url = broker.tcp.replace("tcp:", "mqtt:");
    const members = await Promise.all([connectMqttJs(url, 5), connectMqttJs(url, 4)]);
    const inbox = inboxOf(...members);
    for (const member of members) await member.subscribeAsync(`$share/g/${level}/#`, { qos: 1 });
    for (const name of topics(level)) await publisher.publish(name, name, { qos: 1 });
    const received = await inbox.take(24);
    expect(received.map((message) => message.topic).sort()).toEqual(topics(level).sort());
    await Promise.all(members.map((member) => member.endAsync()));
  });
});
