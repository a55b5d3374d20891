// PUBLISH: its QoS, its DUP flag, its payload, and who gets the message. MQTT 5.0 sections 3.3.1.1, 3.3.1.2, 3.3.3,
// 3.3.4 and 4.5.

import { describe, expect, it } from "vitest";
import { type Connected, connect, durable, unique } from "../support/connect.ts";
import { acknowledged, connectAll, expectMessages, qosLevels, versions } from "./publishing.ts";
import { useTarget, withSettings } from "./target.ts";

const target = useTarget();

/** PUBLISH with DUP set, though the broker has never seen it; its exchange up to the end. */
async function publishDup(publisher: Connected, topic: string, qos: 1 | 2): Promise<void> {
  const messageId = publisher.nextPacketId();
  publisher.send({ cmd: "publish", topic, payload: "x", qos, messageId, dup: true, retain: false });
  await publisher.receive({ cmd: qos === 1 ? "puback" : "pubrec", messageId });
  if (qos === 1) return;
  publisher.send({ cmd: "pubrel", messageId });
  await publisher.receive({ cmd: "pubcomp", messageId });
}

describe("PUBLISH", () => {
  const pairs = versions.flatMap((from) => versions.map((to) => [from, to] as const));

  it.each(pairs)(
    "from version %i to version %i is answered as its QoS says, and arrives at the lower of its own and the granted \
[MQTT-3.3.4-1] [MQTT-3.8.4-8]",
    async (from, to) => {
      const [publisher, subscriber] = await connectAll(target.url, { version: from }, { version: to });
      for (const granted of qosLevels) {
        const topic = unique("publish/qos");
        await subscriber.subscribe(topic, { qos: granted });
        for (const qos of qosLevels) {
          const payload = `${qos} to ${granted}`;
          expect(await publisher.publish(topic, payload, { qos })).toBe(0);
          await subscriber.message({ topic, payload, qos: Math.min(qos, granted), dup: false, retain: false });
        }
      }
      await publisher.expectNothingMore();
      await subscriber.expectNothingMore();
    },
  );

  it.each(versions)("of version %i reaches its own publisher, who subscribes", async (version) => {
    const topic = unique("publish/own");
    const client = await connect(target.url, { version });
    await client.subscribe(topic, { qos: 0 });
    for (const qos of qosLevels) {
      const messageId = client.sendPublish(topic, `${qos}`, { qos });
      const expected = [["publish"], ["puback", "publish"], ["pubrec", "pubcomp", "publish"]][qos] ?? [];
      // The message may come before, among and behind what answers it.
      const heard: string[] = [];
      while (heard.length < expected.length) {
        const { cmd } = await client.receiveAny();
        heard.push(cmd);
        if (cmd === "pubrec") client.send({ cmd: "pubrel", messageId: messageId ?? 0 });
      }
      expect(heard.toSorted()).toEqual(expected.toSorted());
    }
    await client.expectNothingMore();
  });
});

describe("the DUP flag", () => {
  it.each(acknowledged)(
    "of a PUBLISH of version %i at QoS %i is not handed on, and does not make it a repeat [MQTT-3.3.1-3]",
    async (version, qos) => {
      const topic = unique("publish/dup");
      const [publisher, subscriber] = await connectAll(target.url, { version }, { version });
      await subscriber.subscribe(topic, { qos: 2 });
      for (let time = 0; time < 2; time++) {
        await publishDup(publisher, topic, qos);
        await subscriber.message({ topic, qos, dup: false });
      }
      await subscriber.expectNothingMore();
    },
  );

  it.each(versions)("is never set towards version %i at QoS 0 [MQTT-3.3.1-2]", async (version) => {
    const topic = unique("publish/dup");
    const [publisher, subscriber] = await connectAll(target.url, {}, { version });
    await subscriber.subscribe(topic, { qos: 0 });
    await publishDup(publisher, topic, 1);
    await publishDup(publisher, topic, 2);
    for (let count = 0; count < 2; count++) await subscriber.message({ topic, qos: 0, dup: false });
  });
});

describe("a payload", () => {
  // No more than a few megabytes where the broker sets no limit.
  const most = 1_048_576;

  it.each(qosLevels)("just below the broker's Maximum Packet Size arrives unaltered at QoS %i", async (qos) => {
    const topic = unique("publish/large");
    const [publisher, subscriber] = await connectAll(target.url, {}, {});
    const maximum = Math.min(publisher.connack.properties?.maximumPacketSize ?? most, most);
    // First byte, Remaining Length, topic name, packet identifier, no properties.
    const payload = Buffer.alloc(maximum - 1 - 4 - 2 - Buffer.byteLength(topic) - 2 - 1);
    for (let index = 0; index < payload.length; index++) payload[index] = (index * 7 + (index >> 8)) % 256;
    await subscriber.subscribe(topic, { qos });
    await publisher.publish(topic, payload, { qos });
    const message = await subscriber.message({ topic, qos });
    expect(payload.equals(message.payload as Buffer)).toBe(true);
  });

  const payloads = [
    ["nothing", Buffer.alloc(0)],
    ["one zero byte", Buffer.from([0])],
    ["every byte there is", Buffer.from(Array.from({ length: 256 }, (_, index) => index))],
    ["what is not UTF-8", Buffer.from([0xc3, 0x28, 0xff, 0xed, 0xa0, 0x80])],
    ["what reads like a packet", Buffer.from([0xe0, 0x00, 0xc0, 0x00])],
  ] as const;

  it.each(payloads)("of %s arrives unaltered in every version and at every QoS", async (_, payload) => {
    const topic = unique("publish/payload");
    const publishers = await connectAll(target.url, { version: 3 }, { version: 4 }, { version: 5 });
    const subscribers = await connectAll(target.url, { version: 3 }, { version: 4 }, { version: 5 });
    for (const subscriber of subscribers) await subscriber.subscribe(topic, { qos: 2 });
    for (const publisher of publishers) {
      for (const qos of qosLevels) {
        await publisher.publish(topic, payload, { qos });
        for (const subscriber of subscribers) await subscriber.message({ topic, payload, qos });
      }
    }
  });
});

describe("a message", () => {
  it.each(acknowledged)(
    "is kept for every session of version %i at QoS %i that has a matching subscription, present or away [MQTT-4.5.0-1]",
    async (version, qos) => {
      const topic = unique("publish/kept");
      const [publisher, present, away, other, beside] = await connectAll(
        target.url,
        { version },
        { version },
        durable(version),
        durable(version),
        durable(version),
      );
      await present.subscribe(topic, { qos });
      await away.subscribe(topic, { qos });
      await other.subscribe(`${topic}/#`, { qos });
      await beside.subscribe(`${topic}/+`, { qos });
      for (const leaving of [away, other, beside]) await leaving.disconnect();
      const messages = ["one", "two"].map((payload) => ({ topic, payload, qos, dup: false }));
      for (const { payload } of messages) await publisher.publish(topic, payload, { qos });
      await expectMessages(present, messages);
      for (const { clientId } of [away, other]) {
        const back = await connect(target.url, { ...durable(version), clientId });
        await expectMessages(back, messages);
        await back.expectNothingMore();
      }
      const back = await connect(target.url, { ...durable(version), clientId: beside.clientId });
      await back.expectNothingMore();
    },
  );

  it.each(versions)("is not kept for a session of version %i that ended with its connection", async (version) => {
    const topic = unique("publish/ended");
    const [publisher, subscriber] = await connectAll(target.url, {}, { version, clean: true });
    await subscriber.subscribe(topic, { qos: 1 });
    await subscriber.disconnect();
    await publisher.publish(topic, "x", { qos: 1 });
    const back = await connect(target.url, { ...durable(version), clientId: subscriber.clientId });
    expect(back.connack.sessionPresent).toBe(false);
    await back.expectNothingMore();
  });
});

// What a broker refuses is its own affair; here a name of more levels than it takes.
withSettings({ MAXIMUM_TOPIC_LEVELS: "8" }, (strict) => {
  const deep = () => `${unique("publish/refused")}/3/4/5/6/7/8/9`;

  it.each([3, 4] as const)(
    "a message that is refused is acknowledged in version %i, and goes nowhere [3.1.1 MQTT-3.3.5-2]",
    async (version) => {
      const [publisher, subscriber] = await connectAll(strict.url, { version }, {});
      const topic = deep();
      await subscriber.subscribe(`${topic.slice(0, topic.indexOf("/3"))}/#`, { qos: 2 });
      for (const qos of qosLevels) await publisher.publish(topic, "x", { qos });
      await publisher.expectNothingMore();
      await subscriber.expectNothingMore();
    },
  );

  it("a message that is refused says so in MQTT 5.0, and leaves the connection open [B21]", async () => {
    const publisher = await connect(strict.url);
    for (const qos of qosLevels) expect(await publisher.publish(deep(), "x", { qos })).toBe(qos === 0 ? 0 : 0x90);
    await publisher.expectNothingMore();
  });
});
