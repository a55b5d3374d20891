// The limits that each side sets for the other, where MQTT leaves them to the broker: the topic aliases that ours uses,
// and its Receive Maximum on every path. Maximum Packet Size. MQTT 5.0 sections 3.3.2.3.4, 4.9 and 3.2.2.3.6.

import { describe, expect, it } from "vitest";
import { paths, useBroker } from "../support/broker.ts";
import { connect, unique } from "../support/connect.ts";
import { field, rawPacket, variableByteInteger } from "../support/wire.ts";

const broker = useBroker();

describe("topic alias of the broker", () => {
  it("is set with the first message to a topic and used for the next", async () => {
    const topic = unique("flow/server-alias");
    const publisher = await connect(broker.tcp);
    const subscriber = await connect(broker.ws, { properties: { topicAliasMaximum: 1 } });
    await subscriber.subscribe(topic, { qos: 1 });
    for (let number = 0; number < 3; number++) await publisher.publish(topic, `${number}`, { qos: 1 });
    const [first, ...later] = await subscriber.collect(3);
    expect(first).toMatchObject({ topic, properties: { topicAlias: 1 } });
    for (const message of later) expect(message).toMatchObject({ topic: "", properties: { topicAlias: 1 } });
  });
});

describe("Receive Maximum", () => {
  it.each(paths)("of the broker: over %s one unreleased message more ends the connection", async (path) => {
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
