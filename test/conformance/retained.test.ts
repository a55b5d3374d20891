// Retained messages: kept, replaced, cleared, and sent to who subscribes later. MQTT 5.0 section 3.3.1.3. When they are
// sent is in retain-handling.test.ts.

import { describe, expect, it } from "vitest";
import { connect, durable, unique } from "../support/connect.ts";
import { properties, rawPacket, userProperty } from "../support/wire.ts";
import { connectAll, expectMessages, publishBytesOf, qosLevels, versions } from "./publishing.ts";
import { retainedTopic } from "./retaining.ts";
import { useTarget } from "./target.ts";

const target = useTarget();

describe("a retained message", () => {
  it.each(versions)(
    "of version %i comes with each later subscription, at the lower QoS, with RETAIN 1 \
[MQTT-3.3.1-5] [MQTT-3.3.1-9] [MQTT-3.8.4-8] [3.1.1 MQTT-3.3.1-5] [3.1.1 MQTT-3.3.1-6] [3.1.1 MQTT-3.3.1-8]",
    async (version) => {
      const [publisher, ...subscribers] = await connectAll(
        target.url,
        { version },
        { version: 3 },
        { version: 4 },
        { version: 5 },
      );
      const topic = unique("retained/later");
      for (const qos of qosLevels) await publisher.publish(`${topic}/${qos}`, "kept", { qos, retain: true });
      await publisher.expectNothingMore();
      for (const subscriber of subscribers) {
        for (const granted of qosLevels) {
          for (const qos of qosLevels) {
            const name = `${topic}/${qos}`;
            await subscriber.subscribe(name, { qos: granted });
            const expected = { payload: "kept", qos: Math.min(qos, granted), retain: true, dup: false };
            await subscriber.message({ topic: name, ...expected });
            await subscriber.unsubscribe(name);
          }
        }
        await subscriber.expectNothingMore();
      }
    },
  );

  it.each(versions)(
    "is replaced by a later one of version %i, at every QoS [MQTT-3.3.1-5] [3.1.1 MQTT-3.3.1-7]",
    async (version) => {
      const [publisher, subscriber] = await connectAll(target.url, { version }, {});
      for (const qos of qosLevels) {
        const topic = await retainedTopic(target.url, "old", { qos: 2 });
        await publisher.publish(topic, "new", { qos, retain: true });
        await publisher.expectNothingMore();
        await subscriber.subscribe(topic, { qos: 2 });
        await subscriber.message({ topic, payload: "new", qos, retain: true });
        await subscriber.expectNothingMore();
      }
    },
  );

  it.each(versions)(
    "is cleared by an empty one of version %i at every QoS, which present subscribers receive \
[MQTT-3.3.1-6] [MQTT-3.3.1-7] [3.1.1 MQTT-3.3.1-10] [3.1.1 MQTT-3.3.1-11]",
    async (version) => {
      const [publisher, present, old, later] = await connectAll(target.url, { version }, {}, { version: 4 }, {});
      for (const qos of qosLevels) {
        const topic = await retainedTopic(target.url, "kept");
        await present.subscribe(topic, { qos: 2, rh: 2, rap: true });
        await old.subscribe(topic, { qos: 2 });
        await old.message({ payload: "kept" });
        await publisher.publish(topic, "", { qos, retain: true });
        await present.message({ topic, payload: "", qos, retain: true });
        await old.message({ topic, payload: "", qos, retain: false });
        await later.subscribe(topic);
        await later.expectNothingMore();
      }
    },
  );

  it("that is empty is not kept if there was none [MQTT-3.3.1-7]", async () => {
    const topic = await retainedTopic(target.url, "");
    const subscriber = await connect(target.url);
    await subscriber.subscribe(topic);
    await subscriber.subscribe(`${topic}/#`);
    await subscriber.expectNothingMore();
  });

  it("can be set again after it was cleared [MQTT-3.3.1-5]", async () => {
    const topic = await retainedTopic(target.url, "old");
    const [publisher, subscriber] = await connectAll(target.url, {}, {});
    for (const payload of ["", "new"]) await publisher.publish(topic, payload, { qos: 1, retain: true });
    await subscriber.subscribe(topic);
    await subscriber.message({ payload: "new", retain: true });
  });

  it.each(versions)(
    "is neither set, replaced nor cleared by a message of version %i without the flag, at any QoS \
[MQTT-3.3.1-8] [3.1.1 MQTT-3.3.1-12]",
    async (version) => {
      const [publisher, subscriber] = await connectAll(target.url, { version }, {});
      const [topic, empty] = [await retainedTopic(target.url, "kept"), unique("retained/none")];
      for (const qos of qosLevels) {
        for (const payload of ["passing", ""]) await publisher.publish(topic, payload, { qos });
        await publisher.publish(empty, "passing", { qos });
        await publisher.expectNothingMore();
        await subscriber.subscribe([topic, empty]);
        await subscriber.message({ topic, payload: "kept", retain: true });
        await subscriber.expectNothingMore();
        await subscriber.unsubscribe(topic, empty);
      }
    },
  );

  it("does not end with the session of its publisher, section 4.1", async () => {
    const topic = unique("retained/session");
    const [publisher, subscriber] = await connectAll(target.url, {}, {});
    await publisher.publish(topic, "kept", { qos: 1, retain: true });
    await publisher.disconnect();
    await connect(target.url, { clientId: publisher.clientId, clean: true });
    await subscriber.subscribe(topic);
    await subscriber.message({ payload: "kept" });
  });

  it("keeps its properties, User Properties in order, and gets the Subscription Identifier of who asks", async () => {
    const topic = unique("retained/properties");
    const [publisher, subscriber] = await connectAll(target.url, {}, {});
    const contentType = Buffer.from("03 0004 74657874".replaceAll(" ", ""), "hex");
    const sent = [contentType, userProperty("b", "1"), userProperty("a", "2"), userProperty("b", "1")];
    const name = Buffer.from(topic);
    const topicField = Buffer.concat([Buffer.from([0, name.length]), name]);
    publisher.send(rawPacket(0x31, topicField, properties(...sent), Buffer.from("x")));
    await publisher.expectNothingMore();
    await subscriber.subscribe(topic, { identifier: 5 });
    const received = publishBytesOf(await subscriber.receiveBytes()).properties;
    const identifier = Buffer.from([0x0b, 5]);
    expect(received.filter(([first]) => first === 0x26)).toEqual(sent.slice(1));
    expect(hexOf(received).toSorted()).toEqual(hexOf([...sent, identifier]).toSorted());
  });
});

describe("the RETAIN flag of a message to a subscription that was there before", () => {
  it.each(qosLevels)(
    "is 0 without Retain As Published, and the publisher's with it, at QoS %i [MQTT-3.3.1-12] [MQTT-3.3.1-13]",
    async (qos) => {
      const topic = unique("retained/as-published");
      const [publisher, clears, keeps] = await connectAll(target.url, {}, {}, {});
      await clears.subscribe(topic, { qos: 2, rap: false });
      await keeps.subscribe(topic, { qos: 2, rap: true });
      for (const retain of [true, false]) {
        await publisher.publish(topic, "x", { qos, retain });
        await clears.message({ topic, retain: false });
        await keeps.message({ topic, retain });
      }
    },
  );

  it.each([3, 4] as const)("is 0 in version %i [3.1.1 MQTT-3.3.1-9] [B70]", async (version) => {
    const topic = unique("retained/live");
    const [publisher, subscriber] = await connectAll(target.url, {}, { version });
    await subscriber.subscribe(topic, { qos: 2 });
    for (const qos of qosLevels) {
      await publisher.publish(topic, "x", { qos, retain: true });
      await subscriber.message({ topic, qos, retain: false });
    }
  });

  it("is the same for a message that has waited for its session [MQTT-3.3.1-12] [MQTT-3.3.1-13]", async () => {
    const topic = unique("retained/waited");
    const [publisher, clears, keeps] = await connectAll(target.url, {}, durable(), durable());
    await clears.subscribe(topic, { qos: 1, rap: false });
    await keeps.subscribe(topic, { qos: 1, rap: true });
    for (const away of [clears, keeps]) await away.disconnect();
    for (const retain of [true, false]) await publisher.publish(topic, "x", { qos: 1, retain });
    for (const [{ clientId }, flags] of [[clears, [false, false]] as const, [keeps, [true, false]] as const]) {
      const back = await connect(target.url, { ...durable(), clientId });
      await expectMessages(
        back,
        flags.map((retain) => ({ topic, retain })),
      );
    }
  });

  it.each([false, true])(
    "does not matter to what a subscription with Retain As Published %s gets first",
    async (rap) => {
      const topic = await retainedTopic(target.url, "kept");
      const subscriber = await connect(target.url);
      await subscriber.subscribe(topic, { rap });
      await subscriber.message({ payload: "kept", retain: true });
    },
  );
});

describe("many retained messages", () => {
  const count = 300;

  it.each(qosLevels)("come to a wildcard subscription at QoS %i, each once [MQTT-3.3.1-9]", async (qos) => {
    const topic = unique("retained/many");
    const [publisher, all, levels] = await connectAll(target.url, {}, {}, {});
    const names = Array.from({ length: count }, (_, index) => `${topic}/${index % 7}/${index}`);
    for (let from = 0; from < count; from += 20) {
      const batch = names.slice(from, from + 20);
      const ids = batch.map((name) => publisher.sendPublish(name, name, { qos: 1, retain: true }));
      for (const messageId of ids) await publisher.receive({ cmd: "puback", messageId });
    }
    await publisher.publish(`${topic}x/1`, "beside", { qos: 1, retain: true });
    await publisher.publish(names[5] ?? "", "", { qos: 1, retain: true });
    const expected = names.filter((_, index) => index !== 5).toSorted();
    for (const [subscriber, filter] of [
      [all, `${topic}/#`] as const,
      [levels, `${topic.replace("retained", "+")}/+/+`] as const,
    ]) {
      await subscriber.subscribe(filter, { qos });
      const messages = await subscriber.collect(expected.length, { timeoutMs: 10_000 });
      expect(messages.map((message) => message.topic).toSorted()).toEqual(expected);
      expect(messages.every((message) => message.retain && message.payload.toString() === message.topic)).toBe(true);
      await subscriber.expectNothingMore();
    }
  });

  it("match wildcards as live ones do [MQTT-3.3.1-9] [MQTT-3.3.2-3]", async () => {
    const level = unique("retained-match");
    const [publisher, subscriber] = await connectAll(target.url, {}, {});
    const topics = [
      `${level}`,
      `${level}/a`,
      `${level}/a/b`,
      `${level}/b/b`,
      `${level}/`,
      `/${level}/a`,
      `$${level}/a`,
    ];
    for (const topic of topics) await publisher.publish(topic, topic, { qos: 1, retain: true });
    const filters: Record<string, string[]> = {
      [`${level}/#`]: topics.slice(0, 5),
      [`${level}/+`]: [`${level}/a`, `${level}/`],
      [`${level}/+/b`]: [`${level}/a/b`, `${level}/b/b`],
      [`+/${level}/a`]: [`/${level}/a`],
      [`$${level}/+`]: [`$${level}/a`],
    };
    for (const [filter, expected] of Object.entries(filters)) {
      await subscriber.subscribe(filter);
      const received = await subscriber.collect(expected.length);
      expect(received.map((message) => message.topic).toSorted(), filter).toEqual(expected.toSorted());
      await subscriber.expectNothingMore();
      await subscriber.unsubscribe(filter);
    }
  });
});

function hexOf(parts: readonly Buffer[]): string[] {
  return parts.map((part) => part.toString("hex"));
}
