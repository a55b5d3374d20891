// UNSUBSCRIBE and UNSUBACK. MQTT 5.0 sections 3.10 and 3.11.

import type { Packet } from "mqtt-packet";
import { describe, expect, it } from "vitest";
import { connect, connectPacket, unique } from "../support/connect.ts";
import { Conversation } from "../support/conversation.ts";
import { hex } from "../support/wire.ts";
import { useTarget } from "./target.ts";

const target = useTarget();
const versions = [3, 4, 5] as const;

describe("UNSUBSCRIBE", () => {
  it.each(versions)(
    "of version %i is answered with UNSUBACK, its packet identifier in it [MQTT-3.10.4-4] [MQTT-3.10.4-5] [MQTT-2.2.1-6]",
    async (version) => {
      const topic = unique("unsubscribe");
      const client = await connect(target.url, { version });
      await client.subscribe(topic);
      // The second time there is no subscription any more.
      for (const messageId of [1, 65_535]) {
        client.send({ cmd: "unsubscribe", messageId, unsubscriptions: [topic] });
        await client.receive({ cmd: "unsuback", messageId });
      }
    },
  );

  it.each([3, 4] as const)(
    "of version %i is answered with the packet identifier alone [3.1.1 MQTT-3.10.4-5]",
    async (version) => {
      const client = await connect(target.url, { version });
      client.send({ cmd: "unsubscribe", messageId: 513, unsubscriptions: [unique("unsubscribe")] });
      expect(await client.receiveBytes()).toEqual(hex("b0 02 02 01"));
    },
  );

  it("ends the subscriptions whose filters are the same, character by character [MQTT-3.10.4-1]", async () => {
    const topic = unique("unsubscribe");
    const client = await connect(target.url);
    await client.subscribe([`${topic}/+`, `${topic}/#`]);
    // They match what is subscribed to, and are other filters.
    await client.unsubscribe(`${topic}/x`, `${topic}/+/`, `${topic.toUpperCase()}/+`, `${topic}/+/#`, "#");
    await client.publish(`${topic}/x`, "still");
    expect((await client.rest()).length).toBeGreaterThan(0);
    await client.unsubscribe(`${topic}/+`);
    await client.publish(`${topic}/x`, "one left");
    expect(await client.rest()).toHaveLength(1);
    await client.unsubscribe(`${topic}/#`);
    await client.publish(`${topic}/x`, "none left");
    await client.expectNothingMore();
  });

  it("tells for each filter, in their order, whether there was one [MQTT-3.11.3-1] [MQTT-3.11.3-2]", async () => {
    const topic = unique("unsubscribe");
    const client = await connect(target.url);
    await client.subscribe([topic, `${topic}/#`]);
    const { granted } = await client.unsubscribe(`${topic}/+`, topic, `${topic}/#`, `${topic}/2`);
    expect(granted).toEqual([0x11, 0x00, 0x00, 0x11]);
  });

  it("with several filters is as several packets in a row [MQTT-3.10.4-6]", async () => {
    const topic = unique("unsubscribe");
    const client = await connect(target.url);
    await client.subscribe([`${topic}/1`, `${topic}/2`, `${topic}/3`]);
    expect((await client.unsubscribe(`${topic}/1`, `${topic}/1`, `${topic}/3`)).granted).toEqual([0x00, 0x11, 0x00]);
    for (const level of [1, 2, 3]) await client.publish(`${topic}/${level}`, "x");
    expect((await client.rest()).map((message) => message.topic)).toEqual([`${topic}/2`]);
  });

  it("ends the adding of messages, and delivery of what was begun goes on [MQTT-3.10.4-2] [MQTT-3.10.4-3]", async () => {
    const topic = unique("unsubscribe");
    const [client, publisher] = [await connect(target.url), await connect(target.url)];
    await client.subscribe(topic, { qos: 2 });
    for (const qos of [1, 2] as const) await publisher.publish(topic, `QoS ${qos}`, { qos });
    const first = await client.receive({ cmd: "publish", payload: "QoS 1" });
    const second = await client.receive({ cmd: "publish", payload: "QoS 2" });
    await client.unsubscribe(topic);
    await publisher.publish(topic, "too late", { qos: 2 });
    client.send({ cmd: "puback", messageId: first.messageId ?? 0 });
    client.send({ cmd: "pubrec", messageId: second.messageId ?? 0 });
    await client.receive({ cmd: "pubrel", messageId: second.messageId });
    client.send({ cmd: "pubcomp", messageId: second.messageId ?? 0 });
    await client.expectNothingMore();
  });

  it("in one breath with SUBSCRIBE and PUBLISH is handled in that order", async () => {
    const topic = unique("unsubscribe");
    const client = await Conversation.open(target.url);
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
  });
});

describe("UNSUBACK", () => {
  it("stays within the client's Maximum Packet Size [MQTT-3.11.2-1] [MQTT-3.11.2-2]", async () => {
    const probe = await Conversation.open(target.url);
    probe.send(connectPacket());
    const maximumPacketSize = (await probe.receiveBytes()).length + 5;
    const client = await connect(target.url, { properties: { maximumPacketSize } });
    client.send({ cmd: "unsubscribe", messageId: 1, unsubscriptions: [unique("unsubscribe"), "$share/g/none"] });
    const unsuback = await client.receiveBytes();
    expect(unsuback.length).toBeLessThanOrEqual(maximumPacketSize);
    expect(client.decode(unsuback)).toMatchObject({ cmd: "unsuback", messageId: 1 });
  });
});
