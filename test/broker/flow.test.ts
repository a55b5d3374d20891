// The limits that each side sets for the other: topic aliases, Receive Maximum, Maximum Packet Size.
// MQTT 5.0 sections 3.3.2.3.4, 4.9 and 3.2.2.3.6.

import { describe, expect, it } from "vitest";
import { isForeign, useBroker } from "../support/broker.ts";
import { connect, durable, unique } from "../support/connect.ts";
import { field, rawPacket, variableByteInteger } from "../support/wire.ts";

const broker = useBroker();

describe("topic alias of the client", () => {
  it("stands for its topic until it is set anew [MQTT-3.3.2-12]", async () => {
    const [one, two] = [unique("flow/alias/one"), unique("flow/alias/two")];
    const [publisher, subscriber] = [await connect(broker.tcp), await connect(broker.tcp)];
    await subscriber.subscribe([one, two]);
    const topicAlias = publisher.connack.properties?.topicAliasMaximum ?? 0;
    expect(topicAlias).toBeGreaterThan(0);
    for (const topic of [one, "", two, ""]) await publisher.publish(topic, "x", { properties: { topicAlias } });
    for (const topic of [one, one, two, two]) await subscriber.message({ topic });
    expect(subscriber.connack.properties?.topicAliasMaximum).toBe(topicAlias);
  });

  it.each(["0", "above the maximum"])("may not be %s [MQTT-3.3.2-8] [MQTT-3.3.2-9]", async (value) => {
    const publisher = await connect(broker.tcp);
    const alias = value === "0" ? 0 : (publisher.connack.properties?.topicAliasMaximum ?? 0) + 1;
    const property = Buffer.from([3, 0x23, alias >> 8, alias & 0xff]);
    publisher.send(rawPacket(0x30, field(unique("flow/alias")), property));
    await publisher.ended(0x94);
  });

  it.skipIf(isForeign)("must have been set before it stands alone", async () => {
    const publisher = await connect(broker.tcp);
    publisher.sendPublish("", "x", { properties: { topicAlias: 1 } });
    await publisher.ended(0x82);
  });

  it("does not survive the connection [MQTT-3.3.2-7]", async () => {
    const before = await connect(broker.tcp, { ...durable(), clean: true });
    await before.publish(unique("flow/alias"), "x", { properties: { topicAlias: 1 } });
    await before.disconnect();
    const after = await connect(broker.tcp, { ...durable(), clientId: before.clientId });
    after.sendPublish("", "x", { properties: { topicAlias: 1 } });
    await expect(after.receiveUntil("pingresp")).rejects.toThrow("closed");
  });
});

describe.skipIf(isForeign)("topic alias of the broker", () => {
  it("is set with the first message to a topic and used for the next [MQTT-3.3.2-11]", async () => {
    const topic = unique("flow/server-alias");
    const publisher = await connect(broker.tcp);
    const subscriber = await connect(broker.ws, { properties: { topicAliasMaximum: 1 } });
    await subscriber.subscribe(topic, { qos: 1 });
    for (let number = 0; number < 3; number++) await publisher.publish(topic, `${number}`, { qos: 1 });
    const [first, ...later] = await subscriber.collect(3);
    expect(first).toMatchObject({ topic, properties: { topicAlias: 1 } });
    for (const message of later) expect(message).toMatchObject({ topic: "", properties: { topicAlias: 1 } });
  });

  it("is never above the client's maximum, and always means one topic [MQTT-3.1.2-26]", async () => {
    const topics = Array.from({ length: 5 }, () => unique("flow/server-alias"));
    const publisher = await connect(broker.tcp);
    const subscriber = await connect(broker.ws, { properties: { topicAliasMaximum: 2 } });
    await subscriber.subscribe(topics);
    const known = new Map<number, string>();
    for (let round = 0; round < 3; round++) {
      for (const topic of topics) {
        await publisher.publish(topic, topic);
        const message = await subscriber.message();
        const alias = message.properties?.topicAlias;
        if (alias !== undefined) expect([1, 2]).toContain(alias);
        if (alias !== undefined && message.topic !== "") known.set(alias, message.topic);
        expect(message.topic || known.get(alias ?? 0)).toBe(message.payload.toString());
      }
    }
  });

  it("is not sent to a client that allows none [MQTT-3.1.2-27]", async () => {
    const topic = unique("flow/server-alias");
    const [publisher, subscriber] = [await connect(broker.tcp), await connect(broker.tcp)];
    await subscriber.subscribe(topic);
    for (let number = 0; number < 3; number++) {
      await publisher.publish(topic, "x");
      expect((await subscriber.message({ topic })).properties?.topicAlias).toBeUndefined();
    }
  });
});

describe("Receive Maximum", () => {
  it.each(["TCP", "relayed WebSocket", "native WebSocket"] as const)(
    "of the broker: over %s one unreleased message more ends the connection [MQTT-3.3.4-7]",
    async (path) => {
      const clientId = unique("greedy");
      const publisher = await connect(broker.url(path, clientId), { clientId });
      const receiveMaximum = publisher.connack.properties?.receiveMaximum ?? 65_535;
      const topic = unique("flow/receive-maximum");
      for (let count = 0; count <= receiveMaximum; count++) publisher.sendPublish(topic, "x", { qos: 2 });
      for (let count = 0; count < receiveMaximum; count++) {
        const packet = await publisher.receiveAny();
        // The broker may notice before it has sent every PUBREC.
        if (packet.cmd === "disconnect") {
          expect(packet.reasonCode).toBe(0x93);
          return publisher.closed().then(() => {});
        }
        expect(packet.cmd).toBe("pubrec");
      }
      await publisher.ended(0x93);
    },
  );

  it.skipIf(isForeign)("of the client is respected, and leaves QoS 0 alone [MQTT-3.3.4-9]", async () => {
    const topic = unique("flow/receive-maximum");
    const publisher = await connect(broker.tcp);
    const subscriber = await connect(broker.ws, { properties: { receiveMaximum: 2 } });
    await subscriber.subscribe(topic, { qos: 2 });
    for (const qos of [1, 2, 1, 2, 1] as const) await publisher.publish(topic, `QoS ${qos}`, { qos });
    const first = await subscriber.receive({ cmd: "publish", payload: "QoS 1" });
    const second = await subscriber.receive({ cmd: "publish", payload: "QoS 2" });
    await subscriber.expectNothingMore();
    subscriber.send({ cmd: "puback", messageId: first.messageId ?? 0 });
    const third = await subscriber.receive({ cmd: "publish", payload: "QoS 1" });
    // PUBREC does not end the exchange: its PUBCOMP does.
    subscriber.send({ cmd: "pubrec", messageId: second.messageId ?? 0 });
    await subscriber.receive({ cmd: "pubrel", messageId: second.messageId });
    await subscriber.expectNothingMore();
    subscriber.send({ cmd: "pubcomp", messageId: second.messageId ?? 0 });
    await subscriber.receive({ cmd: "publish", payload: "QoS 2" });
    // A PUBACK frees its place too.
    subscriber.send({ cmd: "puback", messageId: third.messageId ?? 0 });
    await subscriber.receive({ cmd: "publish", payload: "QoS 1" });
  });

  it("a PUBREC with an error ends the exchange and frees its place [MQTT-4.4.0-2]", async () => {
    const topic = unique("flow/refused");
    const publisher = await connect(broker.tcp);
    const subscriber = await connect(broker.ws, { properties: { receiveMaximum: 1 } });
    await subscriber.subscribe(topic, { qos: 2 });
    for (const payload of ["refused", "next"]) await publisher.publish(topic, payload, { qos: 2 });
    const refused = await subscriber.receive({ cmd: "publish", payload: "refused" });
    subscriber.send({ cmd: "pubrec", messageId: refused.messageId ?? 0, reasonCode: 0x83 });
    await subscriber.message({ payload: "next" });
    await subscriber.expectNothingMore();
  });
});

describe("Maximum Packet Size", () => {
  it.each([0, 1, 2] as const)(
    "of the client: a larger message at QoS %i is passed over [MQTT-3.1.2-24] [MQTT-3.1.2-25]",
    async (qos) => {
      const topic = unique("flow/packet-size");
      const publisher = await connect(broker.tcp);
      const subscriber = await connect(broker.ws, { properties: { maximumPacketSize: 100, receiveMaximum: 1 } });
      await subscriber.subscribe(topic, { qos });
      for (const payload of ["small", "x".repeat(100), "x".repeat(200), "last"]) {
        await publisher.publish(topic, payload, { qos });
      }
      await subscriber.message({ payload: "small" });
      await subscriber.message({ payload: "last" });
    },
  );

  it.each([4, 5] as const)("of the broker: a larger packet of version %i ends the connection", async (version) => {
    const { connack } = await connect(broker.tcp);
    const maximum = connack.properties?.maximumPacketSize ?? 0;
    expect(maximum).toBeGreaterThan(1000);
    for (const url of [broker.tcp, broker.ws]) {
      const publisher = await connect(url, { version });
      // Its length alone is enough to know.
      publisher.send(Buffer.concat([Buffer.from([0x30]), variableByteInteger(maximum), field("a/topic")]));
      await publisher.ended(0x95);
    }
  });

  it("of the broker is what a packet may have", async () => {
    const topic = unique("flow/packet-size");
    const [publisher, subscriber] = [await connect(broker.ws), await connect(broker.ws)];
    await subscriber.subscribe(topic);
    const maximum = publisher.connack.properties?.maximumPacketSize ?? 0;
    const payload = Buffer.alloc(maximum - 4 - 2 - Buffer.byteLength(topic) - 1, "x");
    const packet = rawPacket(0x30, field(topic), Buffer.from([0]), payload);
    expect(packet.length).toBe(maximum);
    publisher.send(packet);
    const message = await subscriber.message({ topic });
    expect(message.payload.length).toBe(payload.length);
  });
});
