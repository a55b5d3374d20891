// The order of messages. MQTT 5.0 section 4.6.

import { describe, expect, it } from "vitest";
import { connect, durable, unique } from "../support/connect.ts";
import { connectAll } from "./publishing.ts";
import { useTarget } from "./target.ts";

const target = useTarget();
const count = 200;
const numbers = Array.from({ length: count }, (_, index) => index);

describe("messages of one client on one topic", () => {
  it.each([0, 1, 2] as const)(
    "at QoS %i reach a subscriber in the order in which they came [MQTT-4.6.0-5] [MQTT-4.6.0-6]",
    async (qos) => {
      const topic = unique("order");
      const [publisher, subscriber] = [await connect(target.url), await connect(target.url)];
      await subscriber.subscribe(topic, { qos });
      // All at once, as far as the flow control of QoS 2 lets it.
      const group = Math.min(publisher.connack.properties?.receiveMaximum ?? 20, 20);
      const received: number[] = [];
      for (let from = 0; from < count; from += group) {
        const batch = numbers.slice(from, from + group);
        for (const number of batch) publisher.sendPublish(topic, `${number}`, { qos });
        await acknowledged(publisher, batch.length, qos);
        received.push(...(await subscriber.collect(batch.length)).map(({ payload }) => Number(payload.toString())));
      }
      expect(received).toEqual(numbers);
    },
  );

  it.each([1, 2] as const)("at QoS %i wait in order for a client that is away [MQTT-4.6.0-5]", async (qos) => {
    const topic = unique("order");
    const [publisher, subscriber] = [await connect(target.url), await connect(target.url, durable())];
    await subscriber.subscribe(topic, { qos });
    await subscriber.disconnect();
    for (const number of numbers) await publisher.publish(topic, `${number}`, { qos });
    const again = await connect(target.url, { ...durable(), clientId: subscriber.clientId });
    const received = (await again.collect(count)).map(({ payload }) => Number(payload.toString()));
    expect(received).toEqual(numbers);
  });

  it("keep their order through a wildcard subscription, each topic for itself [MQTT-4.6.0-6]", async () => {
    const topic = unique("order");
    const [publisher, subscriber] = [await connect(target.url), await connect(target.url)];
    await subscriber.subscribe(`${topic}/#`, { qos: 1 });
    for (const number of numbers) await publisher.publish(`${topic}/${number % 5}`, `${number}`, { qos: 1 });
    const received = await subscriber.collect(count);
    for (let branch = 0; branch < 5; branch++) {
      const own = received.filter((message) => message.topic === `${topic}/${branch}`);
      const payloads = own.map(({ payload }) => Number(payload.toString()));
      expect(payloads).toEqual(numbers.filter((number) => number % 5 === branch));
    }
  });

  it("of several clients keep each client's order [MQTT-4.6.0-5]", async () => {
    const topic = unique("order");
    const [subscriber, ...publishers] = await connectAll(target.url, {}, {}, { version: 4 }, { version: 3 });
    await subscriber.subscribe(topic, { qos: 1 });
    const received = subscriber.collect(3 * 60);
    const publishing = publishers.map(async (publisher, index) => {
      for (let from = 0; from < 60; from += 20) {
        for (const number of numbers.slice(from, from + 20))
          publisher.sendPublish(topic, `${index} ${number}`, { qos: 1 });
        await acknowledged(publisher, 20, 1);
      }
    });
    await Promise.all(publishing);
    const payloads = (await received).map(({ payload }) => payload.toString());
    for (const index of publishers.keys()) {
      const own = payloads.filter((payload) => payload.startsWith(`${index} `));
      expect(own).toEqual(numbers.slice(0, 60).map((number) => `${index} ${number}`));
    }
  });

  async function acknowledged(publisher: Awaited<ReturnType<typeof connect>>, open: number, qos: 0 | 1 | 2) {
    if (qos === 0) return;
    const identifiers: number[] = [];
    for (let done = 0; done < open; done++) {
      identifiers.push((await publisher.receive({ cmd: qos === 1 ? "puback" : "pubrec" })).messageId ?? 0);
    }
    if (qos === 1) return;
    for (const messageId of identifiers) publisher.send({ cmd: "pubrel", messageId });
    for (const messageId of identifiers) await publisher.receive({ cmd: "pubcomp", messageId });
  }
});

describe("acknowledgements of the broker", () => {
  it("PUBACK packets come in the order of their PUBLISH packets", async () => {
    const publisher = await connect(target.url);
    const topic = unique("order");
    const sent = Array.from({ length: 20 }, () => publisher.sendPublish(topic, "x", { qos: 1 }));
    const received: (number | undefined)[] = [];
    for (const _ of sent) received.push((await publisher.receive({ cmd: "puback" })).messageId);
    expect(received).toEqual(sent);
  });

  it("PUBREC packets come in the order of their PUBLISH packets, and PUBCOMP of their PUBREL packets", async () => {
    const publisher = await connect(target.url);
    const topic = unique("order");
    const sent = Array.from({ length: 10 }, () => publisher.sendPublish(topic, "x", { qos: 2 }));
    for (const messageId of sent) await publisher.receive({ cmd: "pubrec", messageId });
    for (const messageId of sent) publisher.send({ cmd: "pubrel", messageId: messageId ?? 0 });
    for (const messageId of sent) await publisher.receive({ cmd: "pubcomp", messageId });
  });

  it("PUBREL packets come in the order of their PUBREC packets", async () => {
    const topic = unique("order");
    const [publisher, subscriber] = [await connect(target.url), await connect(target.url)];
    await subscriber.subscribe(topic, { qos: 2 });
    for (let index = 0; index < 10; index++) await publisher.publish(topic, `${index}`, { qos: 2 });
    const identifiers: number[] = [];
    for (let index = 0; index < 10; index++) {
      identifiers.push((await subscriber.receive({ cmd: "publish", payload: `${index}` })).messageId ?? 0);
    }
    for (const messageId of identifiers) subscriber.send({ cmd: "pubrec", messageId });
    for (const messageId of identifiers) await subscriber.receive({ cmd: "pubrel", messageId });
  });
});
