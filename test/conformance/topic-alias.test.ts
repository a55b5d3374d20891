// Topic aliases in both directions. MQTT 5.0 section 3.3.2.3.4. That a broker uses them is its own choice; what it
// sends has to resolve.

import type { IPublishPacket } from "mqtt-packet";
import { describe, expect, it } from "vitest";
import { type Connected, connect, durable, unique } from "../support/connect.ts";
import { field, properties, rawPacket, twoBytes } from "../support/wire.ts";
import { connectAll, qosLevels, versions } from "./publishing.ts";
import { useTarget } from "./target.ts";

const target = useTarget();

/** The highest alias that the broker takes; the conversation cannot be held where it takes none. */
function maximumOf({ connack }: Connected, skip: () => never): number {
  return connack.properties?.topicAliasMaximum ?? skip();
}

describe("a topic alias of the client", () => {
  it("may be every value up to the broker's Topic Alias Maximum, all at once [MQTT-3.3.2-12]", async ({ skip }) => {
    const topic = unique("alias/all");
    const [publisher, subscriber] = await connectAll(target.url, {}, {});
    const count = Math.min(maximumOf(publisher, skip), 1000);
    await subscriber.subscribe(`${topic}/+`);
    // Only the last ones if there are very many.
    const aliases = Array.from({ length: count }, (_, index) => maximumOf(publisher, skip) - index);
    for (const named of [true, false]) {
      for (const topicAlias of aliases) {
        const name = `${topic}/${topicAlias}`;
        await publisher.publish(named ? name : "", name, { properties: { topicAlias } });
      }
      const messages = await subscriber.collect(count);
      expect(messages.map((message) => message.topic)).toEqual(aliases.map((alias) => `${topic}/${alias}`));
      expect(messages.map(({ payload }) => payload.toString())).toEqual(messages.map((message) => message.topic));
    }
  });

  it("stands for its topic until it is set again, at every QoS [MQTT-3.3.2-12]", async ({ skip }) => {
    const [one, two] = [unique("alias/one"), unique("alias/two")];
    const [publisher, subscriber] = await connectAll(target.url, {}, {});
    const topicAlias = maximumOf(publisher, skip);
    await subscriber.subscribe([one, two], { qos: 2 });
    for (const topic of [one, two, one]) {
      for (const [index, name] of [topic, "", "", ""].entries()) {
        const qos = qosLevels[index % 3] ?? 0;
        await publisher.publish(name, "x", { qos, properties: { topicAlias } });
        await subscriber.message({ topic, qos });
      }
    }
  });

  it("says nothing of a PUBLISH without alias", async ({ skip }) => {
    const [one, two] = [unique("alias/one"), unique("alias/two")];
    const [publisher, subscriber] = await connectAll(target.url, {}, {});
    const topicAlias = maximumOf(publisher, skip);
    await subscriber.subscribe([one, two]);
    await publisher.publish(one, "set", { properties: { topicAlias } });
    await publisher.publish(two, "without");
    await publisher.publish("", "used", { properties: { topicAlias } });
    for (const topic of [one, two, one]) await subscriber.message({ topic });
  });

  it("is its connection's own", async ({ skip }) => {
    const [one, two] = [unique("alias/one"), unique("alias/two")];
    const [first, second, subscriber] = await connectAll(target.url, {}, {}, {});
    const topicAlias = maximumOf(first, skip);
    await subscriber.subscribe([one, two]);
    await first.publish(one, "x", { qos: 1, properties: { topicAlias } });
    await second.publish(two, "x", { qos: 1, properties: { topicAlias } });
    await first.publish("", "x", { qos: 1, properties: { topicAlias } });
    await second.publish("", "x", { qos: 1, properties: { topicAlias } });
    for (const topic of [one, two, one, two]) await subscriber.message({ topic });
  });

  it.for(versions)("does not go on to a subscriber of version %i [MQTT-3.3.2-11]", async (version, { skip }) => {
    const topic = unique("alias/not-forwarded");
    const [publisher, subscriber] = await connectAll(target.url, {}, { version });
    const topicAlias = maximumOf(publisher, skip);
    await subscriber.subscribe(topic);
    for (const name of [topic, ""]) {
      await publisher.publish(name, "x", { properties: { topicAlias } });
      const bytes = [field(topic), ...(version === 5 ? [properties()] : []), Buffer.from("x")];
      expect(await subscriber.receiveBytes()).toEqual(rawPacket(0x30, ...bytes));
    }
  });

  it("names the topic of a retained message too [MQTT-3.3.1-5]", async ({ skip }) => {
    const topic = unique("alias/retained");
    const [publisher, subscriber] = await connectAll(target.url, {}, {});
    const topicAlias = maximumOf(publisher, skip);
    await publisher.publish(topic, "old", { qos: 1, retain: true, properties: { topicAlias } });
    await publisher.publish("", "new", { qos: 1, retain: true, properties: { topicAlias } });
    await subscriber.subscribe(topic);
    await subscriber.message({ topic, payload: "new", retain: true });
  });

  // The table of reason codes says 0x94 of the second alone.
  it.each([
    ["0 [MQTT-3.3.2-8]", () => 0, [0x94, 0x82, 0x81]],
    ["above the broker's maximum [MQTT-3.3.2-9]", (maximum: number) => maximum + 1, [0x94]],
  ] as const)("may not be %s", async (_, aliasFor, reasons) => {
    for (const name of [unique("alias/invalid"), ""]) {
      const publisher = await connect(target.url);
      const alias = aliasFor(publisher.connack.properties?.topicAliasMaximum ?? 0);
      if (alias > 0xffff) return;
      publisher.send(rawPacket(0x30, field(name), properties(Buffer.from([0x23]), twoBytes(alias))));
      await publisher.ended(...reasons);
    }
  });

  it("must have been set before it stands alone", async ({ skip }) => {
    const publisher = await connect(target.url);
    maximumOf(publisher, skip);
    publisher.sendPublish("", "x", { properties: { topicAlias: 1 } });
    await publisher.ended(0x82);
  });

  it("does not go over to the next connection of its session [MQTT-3.3.2-7]", async ({ skip }) => {
    const before = await connect(target.url, durable());
    maximumOf(before, skip);
    await before.publish(unique("alias/before"), "x", { qos: 1, properties: { topicAlias: 1 } });
    // The second takes the session over from the first, without a moment between.
    const after = await connect(target.url, { ...durable(), clientId: before.clientId });
    expect(after.connack.sessionPresent).toBe(true);
    after.sendPublish("", "x", { properties: { topicAlias: 1 } });
    await after.ended(0x82);
  });
});

/** What aliases mean to a client; each packet is checked as it comes. Payloads are the topic names. */
class AliasModel {
  readonly maximum: number;
  private readonly topicNames = new Map<number, string>();

  constructor(maximum: number) {
    this.maximum = maximum;
  }

  take({ topic, payload, properties }: IPublishPacket): void {
    const alias = properties?.topicAlias;
    if (alias !== undefined) {
      expect(alias).toBeGreaterThan(0);
      expect(alias).toBeLessThanOrEqual(this.maximum);
      if (topic !== "") this.topicNames.set(alias, topic);
    }
    expect(topic === "" ? this.topicNames.get(alias ?? 0) : topic).toBe(payload.toString());
  }
}

describe("a topic alias of the broker", () => {
  const maximums = [1, 2, 7, 65_535];

  it.each(maximums)(
    "is within the client's maximum of %i, not 0, and always means the right topic [MQTT-3.3.2-8] [MQTT-3.3.2-11]",
    async (topicAliasMaximum) => {
      const topic = unique("alias/model");
      const topics = Array.from({ length: 12 }, (_, index) => `${topic}/${"level/".repeat(index % 4)}${index}`);
      const [publisher, subscriber] = await connectAll(target.url, {}, { properties: { topicAliasMaximum } });
      for (const name of topics.slice(0, 4)) await publisher.publish(name, name, { qos: 1, retain: true });
      const model = new AliasModel(topicAliasMaximum);
      await subscriber.subscribe(`${topic}/#`, { qos: 2 });
      for (const message of await subscriber.collect(4)) model.take(message);
      let step = topicAliasMaximum;
      for (let count = 0; count < 90; count++) {
        // Some topics much more often than others, in no regular order.
        step = (step * 75 + 74) % 65_537;
        const name = topics[Math.min(step % 12, Math.floor(step / 12) % 12)] ?? "";
        await publisher.publish(name, name, { qos: qosLevels[count % 3] ?? 0 });
      }
      for (const message of await subscriber.rest()) {
        if (message.topic !== `fence/${subscriber.clientId}`) model.take(message);
      }
    },
  );

  it.each([{}, { topicAliasMaximum: 0 }])(
    "is not sent to a client with %o in CONNECT [MQTT-3.3.2-11]",
    async (asked) => {
      const topic = unique("alias/none");
      const [publisher, subscriber] = await connectAll(target.url, {}, { properties: asked });
      await subscriber.subscribe(topic, { qos: 1 });
      for (let count = 0; count < 5; count++) {
        await publisher.publish(topic, "x", { qos: 1 });
        const message = await subscriber.message({ topic });
        expect(message.properties?.topicAlias).toBeUndefined();
      }
    },
  );

  it("is set again on each connection, for messages that are repeated and that have waited [MQTT-3.3.2-7]", async () => {
    const topics = [unique("alias/again"), unique("alias/again")];
    const options = { ...durable(), properties: { sessionExpiryInterval: 600, topicAliasMaximum: 5 } };
    const publisher = await connect(target.url);
    let subscriber = await connect(target.url, options);
    await subscriber.subscribe(topics, { qos: 1 });
    for (let round = 0; round < 3; round++) {
      for (const topic of [...topics, ...topics]) await publisher.publish(topic, topic, { qos: 1 });
      // Not acknowledged: all of them come again over the next connection, which knows no alias.
      const model = new AliasModel(5);
      for (let count = 0; count < 4 * (round + 1); count++) {
        model.take(await subscriber.receive({ cmd: "publish" }));
      }
      await subscriber.disconnect();
      subscriber = await connect(target.url, { ...options, clientId: subscriber.clientId });
    }
  });

  it("is not sent over a connection that allows none, though the one before did [MQTT-3.3.2-7] [MQTT-3.3.2-11]", async () => {
    const topic = unique("alias/no-more");
    const allowing = { ...durable(), properties: { sessionExpiryInterval: 600, topicAliasMaximum: 5 } };
    const [publisher, before] = await connectAll(target.url, {}, allowing);
    await before.subscribe(topic, { qos: 1 });
    for (let count = 0; count < 2; count++) await publisher.publish(topic, topic, { qos: 1 });
    for (let count = 0; count < 2; count++) await before.receive({ cmd: "publish" });
    await before.disconnect();
    const after = await connect(target.url, { ...durable(), clientId: before.clientId });
    for (const message of await after.collect(2)) {
      expect(message.topic).toBe(topic);
      expect(message.properties?.topicAlias).toBeUndefined();
    }
  });
});
