// SUBSCRIBE and SUBACK. MQTT 5.0 sections 3.8 and 3.9.

import { describe, expect, it } from "vitest";
import { connect, connectPacket, durable, unique } from "../support/connect.ts";
import { Conversation } from "../support/conversation.ts";
import { hex } from "../support/wire.ts";
import { useTarget } from "./target.ts";

const target = useTarget();
const versions = [3, 4, 5] as const;

describe("SUBSCRIBE", () => {
  it.each(versions)(
    "of version %i is answered with SUBACK, its packet identifier in it [MQTT-3.8.4-1] [MQTT-3.8.4-2] [MQTT-2.2.1-6]",
    async (version) => {
      const client = await connect(target.url, { version });
      for (const messageId of [1, 4711, 65_535]) {
        client.send({ cmd: "subscribe", messageId, subscriptions: [{ topic: unique("subscribe"), qos: 1 }] });
        expect((await client.receive({ cmd: "suback", messageId })).granted).toEqual([1]);
      }
    },
  );

  it.each(versions)(
    "of version %i with many filters is answered by one SUBACK with a code for each, in their order [MQTT-3.8.4-5] [MQTT-3.8.4-6] [MQTT-3.8.4-7] [MQTT-3.9.3-1] [MQTT-3.9.3-2]",
    async (version) => {
      const topic = unique("subscribe");
      const client = await connect(target.url, { version });
      const subscriptions = Array.from({ length: 60 }, (_, index) => ({
        topic: `${topic}/${index}`,
        qos: (index % 3) as 0 | 1 | 2,
      }));
      client.send({ cmd: "subscribe", messageId: 321, subscriptions });
      const { granted } = await client.receive({ cmd: "suback", messageId: 321 });
      expect(granted).toEqual(subscriptions.map(({ qos }) => qos));
      const publisher = await connect(target.url);
      for (const index of [0, 1, 2, 59]) {
        await publisher.publish(`${topic}/${index}`, "x", { qos: 2 });
        await client.message({ topic: `${topic}/${index}`, qos: index % 3 });
      }
      await client.expectNothingMore();
    },
  );

  it("with the same filter twice is as two SUBSCRIBE packets: the later one holds [MQTT-3.8.4-5]", async () => {
    const topic = unique("subscribe");
    const [client, publisher] = [await connect(target.url), await connect(target.url)];
    const subscriptions = [2, 0].map((qos) => ({ topic, qos: qos as 0 | 2 }));
    client.send({ cmd: "subscribe", messageId: 1, subscriptions });
    expect((await client.receive({ cmd: "suback" })).granted).toEqual([2, 0]);
    await publisher.publish(topic, "x", { qos: 2 });
    await client.message({ topic, qos: 0 });
    await client.expectNothingMore();
  });

  it.each(versions)(
    "of version %i to a filter that is subscribed to replaces the subscription [MQTT-3.8.4-3]",
    async (version) => {
      const topic = unique("subscribe");
      const [client, publisher] = [await connect(target.url, { version }), await connect(target.url)];
      await client.subscribe(topic, { qos: 2 });
      await client.subscribe(topic, { qos: 1 });
      await publisher.publish(topic, "x", { qos: 2 });
      await client.message({ topic, qos: 1 });
      await client.expectNothingMore();
      await client.unsubscribe(topic);
      await publisher.publish(topic, "x", { qos: 2 });
      await client.expectNothingMore();
    },
  );

  it("replaces the options and the subscription identifier, too [MQTT-3.8.4-3]", async () => {
    const topic = unique("subscribe");
    const client = await connect(target.url);
    await client.subscribe(topic, { qos: 1, nl: true, rap: true, identifier: 1 });
    await client.subscribe(topic, { qos: 1 });
    client.sendPublish(topic, "x", { retain: true });
    const message = await client.message({ topic, retain: false });
    expect(message.properties?.subscriptionIdentifier).toBeUndefined();
  });

  it("loses no message while a subscription is replaced; retain handling 0 sends retained ones again [MQTT-3.8.4-4]", async () => {
    const topic = unique("subscribe");
    const [client, publisher] = [await connect(target.url), await connect(target.url)];
    await publisher.publish(topic, "retained", { qos: 1, retain: true });
    await client.subscribe(topic, { qos: 1, rap: true });
    await client.message({ payload: "retained", retain: true });
    const count = 60;
    const sending = (async () => {
      for (let number = 0; number < count; number++) await publisher.publish(topic, `${number}`, { qos: 1 });
    })();
    let replaced = 0;
    const received: string[] = [];
    let openSubscribes = 0;
    while (received.filter((payload) => payload !== "retained").length < count) {
      if (openSubscribes === 0 && replaced < 10) {
        client.send({ cmd: "subscribe", messageId: 60_000 + replaced, subscriptions: [{ topic, qos: 1, rap: true }] });
        openSubscribes += 1;
        replaced += 1;
      }
      const packet = await client.receiveAny();
      if (packet.cmd === "suback") openSubscribes -= 1;
      if (packet.cmd !== "publish") continue;
      client.send({ cmd: "puback", messageId: packet.messageId ?? 0 });
      received.push(packet.payload.toString());
    }
    await sending;
    const live = received.filter((payload) => payload !== "retained");
    expect(live).toEqual(Array.from({ length: count }, (_, number) => `${number}`));
    expect(received.length).toBeGreaterThan(count);
  });

  it.each([
    [0, [0, 0, 0]],
    [1, [0, 1, 1]],
    [2, [0, 1, 2]],
  ] as const)(
    "granted at QoS %i makes the least of it and the published QoS [MQTT-3.8.4-8]",
    async (granted, expected) => {
      const topic = unique("subscribe");
      const [client, publisher] = [await connect(target.url), await connect(target.url)];
      await client.subscribe(topic, { qos: granted });
      for (const qos of [0, 1, 2] as const) {
        await publisher.publish(topic, "x", { qos });
        await client.message({ topic, qos: expected[qos] });
      }
    },
  );

  it("is answered before the retained messages that it asks for", async () => {
    const topic = unique("subscribe");
    const [client, publisher] = [await connect(target.url), await connect(target.url)];
    for (const level of [1, 2, 3]) await publisher.publish(`${topic}/${level}`, "x", { qos: 1, retain: true });
    await client.subscribe(`${topic}/+`, { qos: 1 }); // expects SUBACK next
    expect((await client.collect(3)).map(({ retain }) => retain)).toEqual([true, true, true]);
  });

  it("may take another packet identifier while one is open, and each is answered with its own [MQTT-3.8.4-2]", async () => {
    const client = await connect(target.url);
    const packets = [7, 8, 9].map((messageId) =>
      client.encode({ cmd: "subscribe", messageId, subscriptions: [{ topic: unique("subscribe"), qos: 0 }] }),
    );
    client.send(Buffer.concat(packets));
    const answered = [];
    for (const _ of packets) answered.push((await client.receive({ cmd: "suback" })).messageId);
    expect(answered.sort()).toEqual([7, 8, 9]);
  });

  it("is part of the session: it outlives the connection with it [MQTT-3.1.2-5]", async () => {
    const topic = unique("subscribe");
    const [first, publisher] = [await connect(target.url, durable()), await connect(target.url)];
    await first.subscribe(topic, { qos: 1, identifier: 5 });
    await first.disconnect();
    const again = await connect(target.url, { ...durable(), clientId: first.clientId });
    await publisher.publish(topic, "x", { qos: 1 });
    const message = await again.message({ topic, qos: 1 });
    expect([message.properties?.subscriptionIdentifier].flat()).toEqual([5]);
  });
});

describe("No Local", () => {
  it("keeps the client's own messages away, and no other's [MQTT-3.8.3-3]", async () => {
    const topic = unique("subscribe");
    const [client, other] = [await connect(target.url), await connect(target.url)];
    await client.subscribe(topic, { nl: true });
    await client.publish(topic, "own");
    await client.expectNothingMore();
    await other.publish(topic, "other");
    await client.message({ topic, payload: "other" });
  });

  it("goes by the client identifier: what was sent before a reconnect is the client's own, too [MQTT-3.8.3-3]", async () => {
    const topic = unique("subscribe");
    const first = await connect(target.url, durable());
    await first.subscribe(topic, { nl: true, qos: 1 });
    await first.disconnect();
    const again = await connect(target.url, { ...durable(), clientId: first.clientId });
    await again.publish(topic, "own", { qos: 1 });
    await again.expectNothingMore();
  });

  it("on a shared subscription is a protocol error [MQTT-3.8.3-4]", async () => {
    const client = await connect(target.url);
    client.send({
      cmd: "subscribe",
      messageId: 1,
      subscriptions: [{ topic: `$share/g/${unique("subscribe")}`, qos: 0, nl: true }],
    });
    await client.ended(0x82);
  });
});

describe("SUBACK", () => {
  it("stays within the client's Maximum Packet Size: a reason string is left out [MQTT-3.9.2-1] [MQTT-3.9.2-2]", async () => {
    const probe = await Conversation.open(target.url);
    probe.send(connectPacket());
    const maximumPacketSize = (await probe.receiveBytes()).length + 5;
    const client = await connect(target.url, { properties: { maximumPacketSize } });
    // A filter that is granted, and a filter that brokers have reasons to refuse.
    const deep = `${unique("subscribe")}${"/x".repeat(30_000)}`;
    client.send({ cmd: "subscribe", messageId: 1, subscriptions: ["a", deep].map((topic) => ({ topic, qos: 0 })) });
    const suback = await client.receiveBytes();
    expect(suback.length).toBeLessThanOrEqual(maximumPacketSize);
    expect(client.decode(suback)).toMatchObject({ cmd: "suback", messageId: 1 });
  });

  it("of 3.1.1 has 0x00, 0x01, 0x02 or 0x80 and nothing else [3.1.1 MQTT-3.9.3-2]", async () => {
    const topic = unique("subscribe");
    const client = await connect(target.url, { version: 4 });
    const filters = [topic, `$share/g/${topic}`, "$SYS/none", `${topic}${"/x".repeat(30_000)}`];
    for (const filter of filters) {
      const { granted } = await client.subscribe(filter, { qos: 2 });
      expect(granted).toHaveLength(1);
      for (const code of granted) expect([0x00, 0x01, 0x02, 0x80]).toContain(code);
    }
  });

  it("of 3.1.1 is two bytes longer than its packet identifier has filters [3.1.1 MQTT-3.8.4-5]", async () => {
    const client = await connect(target.url, { version: 4 });
    client.send({
      cmd: "subscribe",
      messageId: 258,
      subscriptions: [0, 1, 2].map((qos) => ({ topic: unique("subscribe"), qos: qos as 0 | 1 | 2 })),
    });
    expect(await client.receiveBytes()).toEqual(hex("90 05 01 02 00 01 02"));
  });
});
