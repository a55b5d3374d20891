// PUBLISH through the broker: every QoS, order, sizes, and what travels with a message. MQTT 5.0 section 3.3.

import type { QoS } from "mqtt-packet";
import { describe, expect, it } from "vitest";
import { isForeign, useBroker } from "../support/broker.ts";
import { type Connected, connect, durable, unique } from "../support/connect.ts";
import { versionName, versions } from "../support/mqttjs.ts";
import { passed } from "../support/time.ts";
import { field, properties, rawPacket, userProperty } from "../support/wire.ts";

const broker = useBroker();
const qosLevels = [0, 1, 2] as const;

/** A publisher and a subscriber to a new topic. */
async function pair(qos: QoS): Promise<{ publisher: Connected; subscriber: Connected; topic: string }> {
  const topic = unique("publish/pair");
  const [publisher, subscriber] = await Promise.all([connect(broker.tcp), connect(broker.ws)]);
  await subscriber.subscribe(topic, { qos });
  return { publisher, subscriber, topic };
}

describe("quality of service", () => {
  for (const published of qosLevels) {
    for (const granted of qosLevels) {
      const effective = Math.min(published, granted);
      it(`published at ${published} and granted ${granted} arrives at ${effective} [MQTT-3.8.4-8]`, async () => {
        const { publisher, subscriber, topic } = await pair(granted);
        expect(await publisher.publish(topic, "one", { qos: published })).toBe(0);
        await subscriber.message({ topic, payload: "one", qos: effective, dup: false, retain: false });
        await subscriber.expectNothingMore();
      });
    }
  }

  it.each(qosLevels)(
    "500 messages at QoS %i arrive once and in order [MQTT-4.6.0-5]",
    async (qos) => {
      const { publisher, subscriber, topic } = await pair(qos);
      const received = subscriber.collect(500, { timeoutMs: 20_000 });
      await publishAll(publisher, topic, 500, qos);
      const payloads = (await received).map((message) => Number(message.payload.toString()));
      expect(payloads).toEqual(Array.from({ length: 500 }, (_, index) => index));
      await subscriber.expectNothingMore();
    },
    30_000,
  );

  it("several publishers to one topic each keep their order [MQTT-4.6.0-5]", async () => {
    const { publisher, subscriber, topic } = await pair(1);
    const publishers = [publisher, await connect(broker.ws), await connect(broker.tcp, { version: 4 })];
    const received = subscriber.collect(300, { timeoutMs: 20_000 });
    await Promise.all(publishers.map((client, index) => publishAll(client, topic, 100, 1, `${index} `)));
    const payloads = (await received).map((message) => message.payload.toString());
    for (const index of publishers.keys()) {
      const own = payloads.filter((payload) => payload.startsWith(`${index} `));
      expect(own).toEqual(Array.from({ length: 100 }, (_, number) => `${index} ${number}`));
    }
  }, 30_000);

  it("a QoS 1 packet identifier is free again after PUBACK [MQTT-4.3.2-5]", async () => {
    const { publisher, subscriber, topic } = await pair(1);
    for (const dup of [false, true]) {
      const fields = { cmd: "publish", messageId: 7, qos: 1, retain: false, topic } as const;
      publisher.send({ ...fields, payload: `dup ${dup}`, dup });
      await publisher.receive({ cmd: "puback", messageId: 7 });
      await subscriber.message({ payload: `dup ${dup}`, dup: false }); // [MQTT-3.3.1-3]
    }
  });

  it.skipIf(isForeign)("a QoS 2 PUBLISH repeated before PUBREL is delivered once [MQTT-4.3.3-10]", async () => {
    const { publisher, subscriber, topic } = await pair(2);
    const fields = { cmd: "publish", messageId: 9, qos: 2, retain: false, topic, payload: "once" } as const;
    for (const dup of [false, true, true]) {
      publisher.send({ ...fields, dup });
      await publisher.receive({ cmd: "pubrec", messageId: 9 });
    }
    publisher.send({ cmd: "pubrel", messageId: 9 });
    await publisher.receive({ cmd: "pubcomp", messageId: 9 });
    await subscriber.message({ payload: "once" });
    await subscriber.expectNothingMore();
    // [MQTT-4.3.3-12]
    publisher.send({ ...fields, dup: false, payload: "another" });
    await publisher.receive({ cmd: "pubrec", messageId: 9 });
    publisher.send({ cmd: "pubrel", messageId: 9 });
    await subscriber.message({ payload: "another" });
  });

  it.each([1, 2] as const)("QoS %i without a matching subscriber is answered 0x10", async (qos) => {
    const publisher = await connect(broker.tcp);
    const expected = isForeign && qos === 2 ? 0 : 0x10; // Mosquitto says so at QoS 1 only
    expect(await publisher.publish(unique("publish/nobody"), "x", { qos })).toBe(expected);
  });

  it("PUBREL for an unknown packet identifier is answered with PUBCOMP 0x92", async () => {
    const publisher = await connect(broker.tcp);
    publisher.send({ cmd: "pubrel", messageId: 77 });
    await publisher.receive({ cmd: "pubcomp", messageId: 77, ...(isForeign ? {} : { reasonCode: 0x92 }) });
    await publisher.ping();
  });
});

describe("versions", () => {
  it.each(versions)("version %i publishes to subscribers of all three", async (version) => {
    const topic = unique("publish/versions");
    const publisher = await connect(broker.tcp, { version });
    const subscribers = await Promise.all(versions.map((other) => connect(broker.ws, { version: other })));
    for (const subscriber of subscribers) await subscriber.subscribe(topic, { qos: 2 });
    for (const qos of qosLevels) {
      await publisher.publish(topic, `${versionName[version]} ${qos}`, { qos });
      for (const subscriber of subscribers) {
        await subscriber.message({ topic, payload: `${versionName[version]} ${qos}`, qos });
      }
    }
  });

  it("a 3.1.1 subscriber gets a message without the properties that it cannot read", async () => {
    const topic = unique("publish/stripped");
    const [publisher, subscriber] = [await connect(broker.tcp), await connect(broker.ws, { version: 4 })];
    await subscriber.subscribe(topic);
    await publisher.publish(topic, "bare", { properties: { contentType: "text/plain", userProperties: { a: "b" } } });
    const bare = rawPacket(0x30, field(topic), Buffer.from("bare"));
    expect((await subscriber.receiveBytes()).toString("hex")).toBe(bare.toString("hex"));
  });
});

describe("payload", () => {
  it.each(qosLevels)("of 500 KB at QoS %i arrives unaltered", async (qos) => {
    const { publisher, subscriber, topic } = await pair(qos);
    const payload = Buffer.from(Array.from({ length: 500_000 }, (_, index) => (index * 7) % 256));
    await publisher.publish(topic, payload, { qos });
    const message = await subscriber.message({ topic, qos });
    expect(payload.equals(message.payload as Buffer)).toBe(true);
  });

  it.each(qosLevels)("that is empty arrives empty at QoS %i", async (qos) => {
    const { publisher, subscriber, topic } = await pair(qos);
    await publisher.publish(topic, "", { qos });
    await subscriber.message({ topic, payload: "", qos });
  });
});

describe("properties", () => {
  it("are forwarded unaltered [MQTT-3.3.2-4] [MQTT-3.3.2-15] [MQTT-3.3.2-16] [MQTT-3.3.2-20]", async () => {
    const { publisher, subscriber, topic } = await pair(1);
    const sent = {
      payloadFormatIndicator: true,
      contentType: "text/plain; charset=utf-8",
      responseTopic: "reply/to/ünï",
      correlationData: Buffer.from([0, 1, 2, 255]),
    };
    await publisher.publish(topic, "ünï", { qos: 1, properties: sent });
    expect((await subscriber.message({ payload: "ünï" })).properties).toMatchObject(sent);
  });

  it("keep User Properties in order, repeated names and empty ones too [MQTT-3.3.2-17] [MQTT-3.3.2-18]", async () => {
    const { publisher, subscriber, topic } = await pair(0);
    const pairs = [userProperty("b", "1"), userProperty("a", "2"), userProperty("b", "1"), userProperty("", "")];
    publisher.send(rawPacket(0x30, field(topic), properties(...pairs), Buffer.from("x")));
    const received = await subscriber.receiveBytes();
    expect(received.toString("hex")).toContain(Buffer.concat(pairs).toString("hex"));
  });

  it("hold the time that is left until the message expires [MQTT-3.3.2-6]", async () => {
    const topic = unique("publish/expiry");
    const publisher = await connect(broker.tcp);
    const away = await connect(broker.tcp, { ...durable(), clean: true });
    const present = await connect(broker.tcp);
    for (const subscriber of [away, present]) await subscriber.subscribe(topic, { qos: 1 });
    await away.disconnect();
    await publisher.publish(topic, "x", { qos: 1, properties: { messageExpiryInterval: 60 } });
    const { properties: live } = await present.message({ payload: "x" });
    expect(live?.messageExpiryInterval).toBeGreaterThanOrEqual(59);
    await passed(1100);
    const back = await connect(broker.tcp, { ...durable(), clientId: away.clientId });
    const { properties: waited } = await back.message({ payload: "x" });
    expect(waited?.messageExpiryInterval).toBeGreaterThanOrEqual(50);
    expect(waited?.messageExpiryInterval).toBeLessThan(60);
  });
});

/** `count` numbered messages, 20 of them unacknowledged at a time. */
async function publishAll(publisher: Connected, topic: string, count: number, qos: QoS, prefix = ""): Promise<void> {
  for (let from = 0; from < count; from += 20) {
    const numbers = Array.from({ length: Math.min(20, count - from) }, (_, index) => from + index);
    const ids = numbers.map((number) => publisher.sendPublish(topic, `${prefix}${number}`, { qos }) ?? 0);
    if (qos === 1) for (const messageId of ids) await publisher.receive({ cmd: "puback", messageId });
    if (qos !== 2) continue;
    for (const messageId of ids) await publisher.receive({ cmd: "pubrec", messageId });
    for (const messageId of ids) publisher.send({ cmd: "pubrel", messageId });
    for (const messageId of ids) await publisher.receive({ cmd: "pubcomp", messageId });
  }
}
