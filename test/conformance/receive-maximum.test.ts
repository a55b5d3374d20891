// The Receive Maximum of each side. MQTT 5.0 sections 3.1.2.11.3, 3.2.2.3.3 and 3.3.4; the broker's send quota is in
// flow-control.test.ts too.

import { describe, expect, it } from "vitest";
import { type Connected, connect, durable, unique } from "../support/connect.ts";
import { connectAll } from "./publishing.ts";
import { useTarget } from "./target.ts";

const target = useTarget();

/** What the broker takes unacknowledged; too many of them are not worth a conversation. */
function maximumOf({ connack }: Connected, skip: () => never): number {
  const maximum = connack.properties?.receiveMaximum ?? 65_535;
  return maximum > 5_000 ? skip() : maximum;
}

/** PUBLISH packets at QoS 2, and their PUBREC. */
async function publishOpen(publisher: Connected, topic: string, count: number): Promise<number[]> {
  const ids = Array.from({ length: count }, () => publisher.sendPublish(topic, "x", { qos: 2 }) ?? 0);
  for (const messageId of ids) await publisher.receive({ cmd: "pubrec", messageId });
  return ids;
}

describe("the broker's Receive Maximum", () => {
  it("may be used up again and again, and one more ends the connection [MQTT-3.3.4-7]", async ({ skip }) => {
    const topic = unique("receive-maximum");
    const publisher = await connect(target.url);
    const maximum = maximumOf(publisher, skip);
    const ids = await publishOpen(publisher, topic, maximum);
    for (const messageId of ids) publisher.send({ cmd: "pubrel", messageId });
    for (const messageId of ids) await publisher.receive({ cmd: "pubcomp", messageId });
    await publishOpen(publisher, topic, maximum);
    publisher.sendPublish(topic, "x", { qos: 2 });
    await publisher.ended(0x93);
  });

  it("used up holds back no packet but PUBLISH: all others are answered [MQTT-3.3.4-8]", async ({ skip }) => {
    const topic = unique("receive-maximum");
    const publisher = await connect(target.url);
    const ids = await publishOpen(publisher, topic, maximumOf(publisher, skip));
    await publisher.ping();
    await publisher.subscribe(`${topic}/other`);
    // QoS 0 does not count.
    await publisher.publish(`${topic}/other`, "x");
    await publisher.message({ payload: "x" });
    await publisher.unsubscribe(`${topic}/other`);
    const [messageId = 0] = ids;
    publisher.send({ cmd: "pubrel", messageId });
    await publisher.receive({ cmd: "pubcomp", messageId });
    expect(await publisher.publish(topic, "x", { qos: 2 })).toBeLessThan(0x80);
  });

  it.each([1, 2] as const)("is free again with each exchange that ends, at QoS %i [MQTT-3.3.4-7]", async (qos) => {
    const topic = unique("receive-maximum");
    const publisher = await connect(target.url);
    const count = Math.min(publisher.connack.properties?.receiveMaximum ?? 65_535, 100) * 2;
    for (let sent = 0; sent < count; sent++) await publisher.publish(topic, "x", { qos });
    await publisher.ping();
  });
});

describe("a client's Receive Maximum", () => {
  it("is that of its connection: what is sent again keeps to it too [MQTT-3.3.4-9]", async () => {
    const topic = unique("receive-maximum");
    const asking = (receiveMaximum: number) => ({
      ...durable(),
      properties: { sessionExpiryInterval: 600, receiveMaximum },
    });
    const [publisher, before] = await connectAll(target.url, {}, asking(5));
    await before.subscribe(topic, { qos: 2 });
    for (let count = 0; count < 5; count++)
      await publisher.publish(topic, `${count}`, { qos: count % 2 === 0 ? 1 : 2 });
    for (let count = 0; count < 5; count++) await before.receive({ cmd: "publish", payload: `${count}` });
    // One exchange goes on with PUBREL, and counts as well.
    before.send({ cmd: "pubrec", messageId: 0xffff });
    await before.receive({ cmd: "pubrel", messageId: 0xffff });
    await before.disconnect();
    const after = await connect(target.url, { ...asking(2), clientId: before.clientId });
    const first = await after.receive({ cmd: "publish", payload: "0", dup: true });
    await after.receive({ cmd: "publish", payload: "1", dup: true });
    await after.expectNothingMore();
    after.send({ cmd: "puback", messageId: first.messageId ?? 0 });
    await after.receive({ cmd: "publish", payload: "2", dup: true });
    await after.expectNothingMore();
  });

  it("holds retained messages back too [MQTT-3.3.4-9]", async () => {
    const topic = unique("receive-maximum");
    const [publisher, subscriber] = await connectAll(target.url, {}, { properties: { receiveMaximum: 3 } });
    const names = Array.from({ length: 8 }, (_, index) => `${topic}/${index}`);
    for (const name of names) await publisher.publish(name, "x", { qos: 1, retain: true });
    await subscriber.subscribe(`${topic}/+`, { qos: 1 });
    const heard: string[] = [];
    const open: number[] = [];
    const receive = async () => {
      const message = await subscriber.receive({ cmd: "publish", qos: 1, retain: true });
      heard.push(message.topic);
      open.push(message.messageId ?? 0);
    };
    for (let count = 0; count < 3; count++) await receive();
    await subscriber.expectNothingMore();
    while (heard.length < names.length) {
      subscriber.send({ cmd: "puback", messageId: open.shift() ?? 0 });
      await receive();
    }
    expect(heard.toSorted()).toEqual(names);
  });
});
