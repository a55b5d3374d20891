// The fields of PUBACK, PUBREC, PUBREL and PUBCOMP. MQTT 5.0 sections 3.4 to 3.7.

import { describe, expect, it } from "vitest";
import { connect, connectPacket, unique } from "../support/connect.ts";
import { Conversation } from "../support/conversation.ts";
import { hex, rawPacket, twoBytes } from "../support/wire.ts";
import { useTarget } from "./target.ts";

const target = useTarget();

/** What a PUBACK or PUBREC may say. Tables 3-4 and 3-5. */
const publishCodes = [0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99];

describe("from the broker", () => {
  it("PUBACK has one of its reason codes: 0x00 with a subscriber, 0x10 allowed without [MQTT-3.4.2-1]", async () => {
    const topic = unique("acknowledgements");
    const [publisher, subscriber] = [await connect(target.url), await connect(target.url)];
    expect([0x00, 0x10]).toContain(await publisher.publish(topic, "x", { qos: 1 }));
    await subscriber.subscribe(topic);
    expect(await publisher.publish(topic, "x", { qos: 1 })).toBe(0x00);
    // A topic that brokers keep for themselves.
    expect(publishCodes).toContain(await publisher.publish("$SYS/mine", "x", { qos: 1 }));
  });

  it("PUBREC has one of its reason codes: 0x00 with a subscriber, 0x10 allowed without [MQTT-3.5.2-1]", async () => {
    const topic = unique("acknowledgements");
    const [publisher, subscriber] = [await connect(target.url), await connect(target.url)];
    expect([0x00, 0x10]).toContain(await publisher.publish(topic, "x", { qos: 2 }));
    await subscriber.subscribe(topic);
    expect(await publisher.publish(topic, "x", { qos: 2 })).toBe(0x00);
    expect(publishCodes).toContain(await publisher.publish("$SYS/mine", "x", { qos: 2 }));
  });

  it("PUBREL and PUBCOMP have 0x00 or 0x92 [MQTT-3.6.2-1] [MQTT-3.7.2-1]", async () => {
    const topic = unique("acknowledgements");
    const [publisher, subscriber] = [await connect(target.url), await connect(target.url)];
    await subscriber.subscribe(topic, { qos: 2 });
    const codes: (number | undefined)[] = [];
    const sent = publisher.sendPublish(topic, "x", { qos: 2 }) ?? 0;
    await publisher.receive({ cmd: "pubrec", messageId: sent });
    for (const messageId of [sent, 998]) {
      publisher.send({ cmd: "pubrel", messageId });
      codes.push((await publisher.receive({ cmd: "pubcomp", messageId })).reasonCode);
    }
    const { messageId: delivered = 0 } = await subscriber.receive({ cmd: "publish", topic });
    for (const messageId of [delivered, 999]) {
      subscriber.send({ cmd: "pubrec", messageId });
      codes.push((await subscriber.receive({ cmd: "pubrel", messageId })).reasonCode);
    }
    for (const code of codes) expect([0x00, 0x92]).toContain(code ?? 0);
    expect([codes[0], codes[2]].map((code) => code ?? 0)).toEqual([0x00, 0x00]);
  });

  const refused = {
    cmd: "publish",
    topic: "$SYS/mine",
    payload: "x",
    messageId: 7,
    dup: false,
    retain: false,
  } as const;
  it.each([
    ["PUBACK", "[MQTT-3.4.2-2] [MQTT-3.4.2-3]", "puback", { ...refused, qos: 1 }],
    ["PUBREC", "[MQTT-3.5.2-2] [MQTT-3.5.2-3]", "pubrec", { ...refused, qos: 2 }],
    ["PUBREL", "[MQTT-3.6.2-2] [MQTT-3.6.2-3]", "pubrel", { cmd: "pubrec", messageId: 7 }],
    ["PUBCOMP", "[MQTT-3.7.2-2] [MQTT-3.7.2-3]", "pubcomp", { cmd: "pubrel", messageId: 7 }],
  ] as const)("%s leaves out what the client's Maximum Packet Size has no room for %s", async (_, __, cmd, sent) => {
    const maximumPacketSize = await smallestMaximum();
    const client = await connect(target.url, { properties: { maximumPacketSize } });
    client.send(sent);
    const bytes = await client.receiveBytes();
    expect(bytes.length).toBeLessThanOrEqual(maximumPacketSize);
    expect(client.decode(bytes)).toMatchObject({ cmd, messageId: 7 });
  });

  /** What CONNACK takes, so that the client is not refused, and little more. */
  async function smallestMaximum(): Promise<number> {
    const client = await Conversation.open(target.url);
    client.send(connectPacket());
    return (await client.receiveBytes()).length + 5;
  }
});

describe("from the client", () => {
  const forms = [
    ["the packet identifier alone", ""],
    ["a reason code", "00"],
    ["a reason code and no properties", "00 00"],
    ["a reason string", "00 06 1f 00 03 77 68 79"],
    ["user properties, one of them twice", "00 0e 26 00 01 61 00 01 62 26 00 01 61 00 01 62"],
  ] as const;

  it.each(forms)("PUBACK may have %s", async (_, rest) => {
    const { subscriber, messageId } = await inFlight(1);
    subscriber.send(rawPacket(0x40, twoBytes(messageId), hex(rest)));
    await subscriber.message({ payload: "next" });
  });

  it.each(forms)("PUBREC and PUBCOMP may have %s", async (_, rest) => {
    const { subscriber, messageId } = await inFlight(2);
    subscriber.send(rawPacket(0x50, twoBytes(messageId), hex(rest)));
    await subscriber.receive({ cmd: "pubrel", messageId });
    subscriber.send(rawPacket(0x70, twoBytes(messageId), hex(rest)));
    await subscriber.message({ payload: "next" });
  });

  it.each(forms)("PUBREL may have %s", async (_, rest) => {
    const publisher = await connect(target.url);
    const messageId = publisher.sendPublish(unique("acknowledgements"), "x", { qos: 2 }) ?? 0;
    await publisher.receive({ cmd: "pubrec", messageId });
    publisher.send(rawPacket(0x62, twoBytes(messageId), hex(rest)));
    await publisher.receive({ cmd: "pubcomp", messageId });
  });

  it.each([0x00, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99])(
    "PUBACK and PUBREC may have reason code %i, and refusals end the exchange [MQTT-3.4.2-1] [MQTT-3.5.2-1]",
    async (reasonCode) => {
      for (const qos of [1, 2] as const) {
        const { subscriber, messageId } = await inFlight(qos);
        subscriber.send({ cmd: qos === 1 ? "puback" : "pubrec", messageId, reasonCode });
        if (qos === 2 && reasonCode < 0x80) {
          await subscriber.receive({ cmd: "pubrel", messageId });
          subscriber.send({ cmd: "pubcomp", messageId });
        }
        await subscriber.message({ payload: "next" });
      }
    },
  );

  it.each([0x01, 0x10, 0x7f, 0x8f, 0x92, 0xff])(
    "PUBACK and PUBREC with reason code %i, which is not for clients, end the exchange as others do [B94]",
    async (reasonCode) => {
      for (const qos of [1, 2] as const) {
        const { subscriber, messageId } = await inFlight(qos);
        subscriber.send(rawPacket(qos === 1 ? 0x40 : 0x50, twoBytes(messageId), Buffer.from([reasonCode])));
        if (qos === 2 && reasonCode < 0x80) {
          await subscriber.receive({ cmd: "pubrel", messageId });
          subscriber.send(rawPacket(0x70, twoBytes(messageId), Buffer.from([reasonCode])));
        }
        await subscriber.message({ payload: "next" });
      }
    },
  );

  it("PUBREL with a reason code that is not for clients ends the exchange [B94]", async () => {
    const publisher = await connect(target.url);
    for (const reasonCode of [0x01, 0x10, 0x80, 0xff]) {
      const messageId = publisher.sendPublish(unique("acknowledgements"), "x", { qos: 2 }) ?? 0;
      await publisher.receive({ cmd: "pubrec", messageId });
      publisher.send(rawPacket(0x62, twoBytes(messageId), Buffer.from([reasonCode])));
      await publisher.receive({ cmd: "pubcomp", messageId });
    }
  });

  it.each([
    ["PUBREC", "a PUBLISH at QoS 1", 1, "pubrec"],
    ["PUBCOMP", "a PUBLISH at QoS 1", 1, "pubcomp"],
    ["PUBACK", "a PUBLISH at QoS 2", 2, "puback"],
    ["PUBCOMP", "a PUBLISH at QoS 2", 2, "pubcomp"],
  ] as const)("%s for %s is a protocol error [MQTT-4.13.1-1] [3.1.1 MQTT-4.8.0-1] [B18]", async (_, __, qos, cmd) => {
    for (const version of [3, 4, 5] as const) {
      const { subscriber, messageId } = await inFlight(qos, version);
      subscriber.send({ cmd, messageId });
      await subscriber.ended(0x82);
    }
  });

  it("PUBACK for a PUBREL is a protocol error [MQTT-4.13.1-1] [B18]", async () => {
    const { subscriber, messageId } = await inFlight(2);
    subscriber.send({ cmd: "pubrec", messageId });
    await subscriber.receive({ cmd: "pubrel", messageId });
    subscriber.send({ cmd: "puback", messageId });
    await subscriber.ended(0x82);
  });

  /** A subscriber with a message in flight at this QoS, and another, "next", that waits for its end. */
  async function inFlight(qos: 1 | 2, version: 3 | 4 | 5 = 5) {
    const topic = unique("acknowledgements");
    const publisher = await connect(target.url);
    // Before MQTT 5.0 a client cannot ask for one message at a time: there is no next one.
    const isLimited = version === 5;
    const limit = isLimited ? { properties: { receiveMaximum: 1 } } : {};
    const subscriber = await connect(target.url, { version, ...limit });
    await subscriber.subscribe(topic, { qos });
    for (const payload of isLimited ? ["first", "next"] : ["first"]) await publisher.publish(topic, payload, { qos });
    const { messageId = 0 } = await subscriber.receive({ cmd: "publish", payload: "first" });
    return { subscriber, messageId };
  }
});
