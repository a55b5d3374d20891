// Packet Identifiers: which packets have one, and that an answer has the identifier of its request. MQTT 5.0 section
// 2.2.1. When an identifier is free again is in qos.test.ts and redelivery.test.ts.

import { describe, expect, it } from "vitest";
import { connect, unique } from "../support/connect.ts";
import { field, hex, rawPacket } from "../support/wire.ts";
import { expectAnswer, refusal } from "./answer.ts";
import { publishBytes, subscribeBytes, unsubscribeBytes, versions } from "./packets.ts";
import { useTarget } from "./target.ts";

const target = useTarget();
const identifiers = [1, 0xff, 0x100, 0x7fff, 0xffff];

describe("Packet Identifier 0", () => {
  it.each(versions)("is refused in version %i [MQTT-2.2.1-3] [3.1.1 MQTT-2.3.1-1]", async (version) => {
    const acknowledgement = (firstByte: number) => rawPacket(firstByte, hex("0000"));
    const packets = {
      "PUBLISH at QoS 1": publishBytes(version, { flags: 0x02, packetId: 0 }),
      "PUBLISH at QoS 2": publishBytes(version, { flags: 0x04, packetId: 0 }),
      SUBSCRIBE: subscribeBytes(version, { packetId: 0 }),
      UNSUBSCRIBE: unsubscribeBytes(version, { packetId: 0 }),
      PUBACK: acknowledgement(0x40),
      PUBREC: acknowledgement(0x50),
      PUBREL: acknowledgement(0x62),
      PUBCOMP: acknowledgement(0x70),
    };
    await expectAnswer(target.url, version, packets, refusal(version, 0x82), refusal(version, 0x81));
  });
});

describe("a PUBLISH at QoS 0", () => {
  it.each(versions)("to a client of version %i has none [MQTT-2.2.1-2] [3.1.1 MQTT-2.3.1-5]", async (version) => {
    const topic = unique("identifier");
    const client = await connect(target.url, { version });
    await client.subscribe(topic, { qos: 2 });
    client.send(publishBytes(version, { topic: field(topic) }));
    const expected = publishBytes(version, { topic: field(topic) });
    expect((await client.receiveBytes()).toString("hex")).toBe(expected.toString("hex"));
  });

  it.each([3, 4] as const)("of version %i has none: what looks like it is payload [MQTT-2.2.1-2]", async (version) => {
    const topic = unique("identifier");
    const client = await connect(target.url, { version });
    await client.subscribe(topic);
    client.send(publishBytes(version, { topic: field(topic), payload: hex("0007 6869") }));
    const { payload } = await client.message({ topic, qos: 0 });
    expect((payload as Buffer).toString("hex")).toBe("00076869");
  });
});

describe("the Packet Identifier of the question", () => {
  it.each(versions)("is in PUBACK, PUBREC and PUBCOMP of version %i [MQTT-2.2.1-5]", async (version) => {
    const client = await connect(target.url, { version });
    const publish = { cmd: "publish", topic: unique("identifier"), payload: "x", dup: false, retain: false } as const;
    for (const messageId of identifiers) client.send({ ...publish, messageId, qos: 1 });
    for (const messageId of identifiers) await client.receive({ cmd: "puback", messageId });
    for (const messageId of identifiers) client.send({ ...publish, messageId, qos: 2 });
    for (const messageId of identifiers) await client.receive({ cmd: "pubrec", messageId });
    for (const messageId of identifiers) client.send({ cmd: "pubrel", messageId });
    for (const messageId of identifiers) await client.receive({ cmd: "pubcomp", messageId });
  });

  it.each(versions)("is in the PUBREL of version %i [MQTT-2.2.1-5]", async (version) => {
    const topic = unique("identifier");
    const client = await connect(target.url, { version });
    await client.subscribe(topic, { qos: 2 });
    const publisher = await connect(target.url);
    for (const payload of ["one", "two", "three"]) await publisher.publish(topic, payload, { qos: 2 });
    const ids: number[] = [];
    for (const payload of ["one", "two", "three"]) {
      ids.push((await client.receive({ cmd: "publish", topic, payload, qos: 2 })).messageId ?? 0);
    }
    for (const messageId of ids) {
      client.send({ cmd: "pubrec", messageId });
      await client.receive({ cmd: "pubrel", messageId });
    }
  });

  it.each(versions)("is in SUBACK and UNSUBACK of version %i [MQTT-2.2.1-6]", async (version) => {
    const topic = unique("identifier");
    const client = await connect(target.url, { version });
    for (const messageId of identifiers) {
      client.send(subscribeBytes(version, { packetId: messageId, payload: [field(topic), hex("00")] }));
      await client.receive({ cmd: "suback", messageId });
      client.send(unsubscribeBytes(version, { packetId: messageId, payload: [field(topic)] }));
      await client.receive({ cmd: "unsuback", messageId });
    }
  });
});

describe("the Packet Identifiers of new messages", () => {
  it.each(versions)("to a client of version %i are neither 0 nor in use [MQTT-2.2.1-4]", async (version) => {
    const topic = unique("identifier");
    const client = await connect(target.url, { version });
    await client.subscribe(topic, { qos: 2 });
    const publisher = await connect(target.url);
    const receiveOne = async (qos: 1 | 2) => {
      await publisher.publish(topic, `at ${qos}`, { qos });
      return (await client.receive({ cmd: "publish", topic, qos })).messageId ?? 0;
    };
    const inUse = new Set([0]);
    for (const qos of [1, 2, 1, 2, 1, 2, 1, 2] as const) {
      const messageId = await receiveOne(qos);
      expect(inUse).not.toContain(messageId);
      inUse.add(messageId);
    }
    // Identifiers that are acknowledged may be used again, others may not.
    for (let count = 0; count < 40; count++) {
      const messageId = await receiveOne(1);
      expect(inUse).not.toContain(messageId);
      client.send({ cmd: "puback", messageId });
    }
  });
});

describe("without its Packet Identifier", () => {
  it.each(versions)("a packet of version %i is malformed", async (version) => {
    const packets = {
      "PUBLISH, none": rawPacket(0x32, field("raw")),
      "PUBLISH, half": rawPacket(0x32, field("raw"), hex("00")),
      "SUBSCRIBE, none": hex("82 00"),
      "SUBSCRIBE, half": hex("82 01 00"),
      "UNSUBSCRIBE, none": hex("a2 00"),
      "PUBACK, none": hex("40 00"),
      "PUBREC, half": hex("50 01 00"),
      "PUBREL, none": hex("62 00"),
      "PUBCOMP, half": hex("70 01 00"),
    };
    await expectAnswer(target.url, version, packets, refusal(version, 0x81));
  });
});
