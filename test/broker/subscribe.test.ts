// SUBSCRIBE and UNSUBSCRIBE: filters, options, identifiers, overlaps. MQTT 5.0 sections 3.8 to 3.11 and 4.7.

import type { Packet } from "mqtt-packet";
import { describe, expect, it } from "vitest";
import { isForeign, useBroker } from "../support/broker.ts";
import { connect, connectPacket, unique } from "../support/connect.ts";
import { Conversation } from "../support/conversation.ts";
import { field, hex, rawPacket } from "../support/wire.ts";

const broker = useBroker();

describe("topic filters", () => {
  const matches: [filter: string, topic: string][] = [
    ["a/b", "a/b"],
    ["a/+", "a/b"],
    ["a/+", "a/"],
    ["+/b", "a/b"],
    ["+/+", "/b"],
    ["a/#", "a"],
    ["a/#", "a/"],
    ["a/#", "a/b/c"],
    ["a/+/#", "a/b"],
    ["a//b", "a//b"],
    ["/#", "/a"],
    ["+/+/c", "a/b/c"],
  ];
  const misses: [filter: string, topic: string][] = [
    ["a/b", "a/B"],
    ["a/b", "a/b/"],
    ["a/+", "a"],
    ["a/+", "a/b/c"],
    ["+", "/a"],
    ["a/#", "ab"],
    ["a/+/#", "a"],
    ["a/b", "/a/b"],
  ];
  // Each runs below a level of its own, which stands before both the filter and the topic.
  const below = (level: string, text: string) => `${level}/${text}`;

  it.each(matches)("%s matches %s [MQTT-4.7.1-1] [MQTT-4.7.1-2]", async (filter, topic) => {
    const level = unique("match");
    const client = await connect(broker.tcp);
    await client.subscribe(below(level, filter));
    await client.publish(below(level, topic), "x");
    await client.message({ topic: below(level, topic) });
  });

  it.each(misses)("%s does not match %s [MQTT-3.3.2-3] [MQTT-4.7.3-4]", async (filter, topic) => {
    const level = unique("miss");
    const client = await connect(broker.tcp);
    await client.subscribe(below(level, filter));
    await client.publish(below(level, topic), "x");
    await client.expectNothingMore();
  });

  it("# and + at the start pass over topics that begin with $ [MQTT-4.7.2-1]", async () => {
    const level = unique("dollar");
    const topics = { hidden: `$${level}/x`, seen: `${level}/x` };
    const [all, plus, own] = await Promise.all([connect(broker.tcp), connect(broker.tcp), connect(broker.tcp)]);
    await all.subscribe("#");
    await plus.subscribe("+/x");
    await own.subscribe(`$${level}/#`);
    for (const topic of [topics.hidden, topics.seen]) await all.sendPublish(topic, "x");
    await own.message({ topic: topics.hidden });
    await plus.message({ topic: topics.seen });
    const heard: string[] = [];
    while (heard.at(-1) !== topics.seen) heard.push((await all.message()).topic);
    expect(heard.filter((topic) => topic.startsWith("$"))).toEqual([]);
    all.drop(); // it would match every other test's topics
  });

  const invalid = ["a/#/b", "a#", "a/b#", "+a", "a/b+", "#/", "$share/g", "$share//a", "$share/+/a", "$share/g/"];
  it.skipIf(isForeign).each(invalid)("%s is refused, and the others of its packet are granted", async (filter) => {
    const good = unique("subscribe/good");
    for (const version of [4, 5] as const) {
      const client = await connect(broker.tcp, { version });
      const { granted } = await client.subscribe([good, filter, `${good}/2`], { qos: 1 });
      expect(granted).toEqual([1, version === 5 ? 0x8f : 0x80, 1]); // [MQTT-3.9.3-1]
      await client.publish(good, "x");
      await client.message({ topic: good });
    }
  });
});

describe("SUBSCRIBE", () => {
  it("with many filters is answered by one SUBACK in their order [MQTT-3.8.4-5] [MQTT-3.8.4-6]", async () => {
    const client = await connect(broker.tcp);
    const topic = unique("subscribe/many");
    const subscriptions = Array.from({ length: 100 }, (_, index) => ({ topic: `${topic}/${index}`, qos: index % 3 }));
    client.send({ cmd: "subscribe", messageId: 321, subscriptions: subscriptions as { topic: string; qos: 0 }[] });
    const { granted } = await client.receive({ cmd: "suback", messageId: 321 });
    expect(granted).toEqual(subscriptions.map(({ qos }) => qos)); // [MQTT-3.8.4-7]
    for (const index of [0, 50, 99]) {
      await client.publish(`${topic}/${index}`, "x");
      await client.message({ topic: `${topic}/${index}` });
    }
  });

  it("is answered before the retained messages that it asks for", async () => {
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

  it("of the same filter replaces the subscription [MQTT-3.8.4-3]", async () => {
    const topic = unique("subscribe/replace");
    const client = await connect(broker.tcp);
    const publisher = await connect(broker.tcp);
    await client.subscribe(topic, { qos: 2, identifier: 1 });
    await client.subscribe(topic, { qos: 1 });
    await publisher.publish(topic, "x", { qos: 2 });
    const message = await client.message({ topic, qos: 1 });
    expect(message.properties?.subscriptionIdentifier).toBeUndefined();
    await client.expectNothingMore();
    await client.unsubscribe(topic);
    expect(await publisher.publish(topic, "x", { qos: 1 })).toBe(0x10);
  });

  it.each([
    ["without a filter [MQTT-3.8.3-2]", rawPacket(0x82, hex("0001 00"))],
    ["with reserved option bits [MQTT-3.8.3-5]", rawPacket(0x82, hex("0001 00"), field("a"), hex("40"))],
    ["with QoS 3", rawPacket(0x82, hex("0001 00"), field("a"), hex("03"))],
    ["with flags other than 0010 [MQTT-3.8.1-1]", rawPacket(0x80, hex("0001 00"), field("a"), hex("00"))],
    ["with subscription identifier 0", rawPacket(0x82, hex("0001 02 0b00"), field("a"), hex("00"))],
    ["that is shared with No Local [MQTT-3.8.3-4]", rawPacket(0x82, hex("0001 00"), field("$share/g/a"), hex("04"))],
  ])("%s ends the connection", async (_, bytes) => {
    const client = await connect(broker.tcp);
    client.send(bytes);
    const { reasonCode } = await client.receive({ cmd: "disconnect" });
    expect([0x81, 0x82]).toContain(reasonCode);
    await client.closed();
  });
});

describe("subscription options", () => {
  it("No Local keeps own messages away, and only those [MQTT-3.8.3-3]", async () => {
    const topic = unique("subscribe/no-local");
    const client = await connect(broker.tcp);
    const other = await connect(broker.tcp);
    await client.subscribe(topic, { nl: true });
    await client.publish(topic, "own");
    await client.expectNothingMore();
    await other.publish(topic, "other");
    await client.message({ topic, payload: "other" });
  });

  it("Retain As Published decides the RETAIN flag [MQTT-3.3.1-12] [MQTT-3.3.1-13]", async () => {
    const topic = unique("subscribe/retain-as-published");
    const [keeps, clears, publisher] = [
      await connect(broker.tcp),
      await connect(broker.tcp),
      await connect(broker.tcp),
    ];
    await keeps.subscribe(topic, { rap: true });
    await clears.subscribe(topic, { rap: false });
    for (const retain of [true, false]) {
      await publisher.publish(topic, "x", { retain });
      await keeps.message({ topic, retain });
      await clears.message({ topic, retain: false });
    }
  });
});

describe("overlapping subscriptions", () => {
  it.skipIf(isForeign)(
    "become one message at the highest QoS, with every identifier [MQTT-3.3.4-2] [MQTT-3.3.4-4]",
    async () => {
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
    },
  );

  it.skipIf(isForeign)("become one message in 3.1.1 too", async () => {
    const topic = unique("subscribe/overlap");
    const [client, publisher] = [await connect(broker.ws, { version: 4 }), await connect(broker.tcp)];
    await client.subscribe([`${topic}/#`, `${topic}/+`, `${topic}/x`], { qos: 1 });
    await publisher.publish(`${topic}/x`, "x", { qos: 2 });
    await client.message({ topic: `${topic}/x`, qos: 1 });
    await client.expectNothingMore();
  });

  it("keep one another's options when one is taken away", async () => {
    const topic = unique("subscribe/overlap");
    const client = await connect(broker.tcp);
    await client.subscribe(`${topic}/#`, { identifier: 1 });
    await client.subscribe(`${topic}/x`, { identifier: 2 });
    await client.unsubscribe(`${topic}/x`);
    await client.publish(`${topic}/x`, "x");
    const message = await client.message({ topic: `${topic}/x` });
    expect([message.properties?.subscriptionIdentifier].flat()).toEqual([1]);
    await client.expectNothingMore();
  });
});

describe("UNSUBSCRIBE", () => {
  it("ends subscriptions and tells which there were [MQTT-3.10.4-1] [MQTT-3.11.3-1]", async () => {
    const topic = unique("unsubscribe");
    const client = await connect(broker.tcp);
    await client.subscribe([topic, `${topic}/#`]);
    expect((await client.unsubscribe(`${topic}/+`, topic, topic, `${topic}/#`)).granted).toEqual([0x11, 0, 0x11, 0]);
    await client.publish(topic, "x");
    await client.expectNothingMore(); // [MQTT-3.10.4-2]
  });

  it.each([3, 4] as const)("is acknowledged in version %i even where there was no subscription", async (version) => {
    const client = await connect(broker.tcp, { version });
    client.send({ cmd: "unsubscribe", messageId: 513, unsubscriptions: [unique("unsubscribe")] });
    expect((await client.receiveBytes()).toString("hex")).toBe("b0020201");
  });

  it("without a filter is malformed [MQTT-3.10.3-2]", async () => {
    const client = await connect(broker.tcp);
    client.send(rawPacket(0xa2, hex("0001 00")));
    const { reasonCode } = await client.receive({ cmd: "disconnect" });
    expect([0x81, 0x82]).toContain(reasonCode);
    await client.closed();
  });

  it("in one breath with SUBSCRIBE and PUBLISH is handled in that order", async () => {
    const topic = unique("unsubscribe/in-order");
    for (const url of [broker.tcp, broker.ws]) {
      const client = await Conversation.open(url);
      const hello = client.encode(connectPacket({ version: 4 }));
      const publish = { cmd: "publish", topic, qos: 0, dup: false, retain: false } as const;
      const script: Packet[] = [
        { cmd: "subscribe", messageId: 1, subscriptions: [{ topic, qos: 0 }] },
        { ...publish, payload: "1" },
        { cmd: "unsubscribe", messageId: 2, unsubscriptions: [topic] },
        { ...publish, payload: "2" },
      ];
      client.send(Buffer.concat([hello, ...script.map((packet) => client.encode(packet))]));
      await client.receive({ cmd: "connack" });
      await client.receive({ cmd: "suback", messageId: 1 });
      const rest = [await client.receiveAny(), await client.receiveAny()];
      expect(rest.map(({ cmd }) => cmd).sort()).toEqual(["publish", "unsuback"]);
      await client.expectNothingMore();
    }
  });
});
