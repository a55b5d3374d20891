// PUBLISH by each way into the broker, and what MQTT leaves to it. The rest is in test/conformance.

import type { QoS } from "mqtt-packet";
import { describe, expect, it } from "vitest";
import { type Path, paths, useBroker } from "../support/broker.ts";
import { type Connected, connect, unique } from "../support/connect.ts";

const broker = useBroker();

function connectOver(path: Path): Promise<Connected> {
  const clientId = unique("publish");
  return connect(broker.url(path, clientId), { clientId });
}

describe.each(paths)("a publisher over %s", (path) => {
  it.each([0, 1, 2] as const)("reaches subscribers on every path at QoS %i, once and in order", async (qos) => {
    const topic = unique("publish/paths");
    const publisher = await connectOver(path);
    const subscribers = await Promise.all(paths.map(connectOver));
    for (const subscriber of subscribers) await subscriber.subscribe(topic, { qos });
    const received = Promise.all(subscribers.map((subscriber) => subscriber.collect(100)));
    await publishAll(publisher, topic, 100, qos);
    for (const messages of await received) {
      const payloads = messages.map(({ payload }) => Number(payload.toString()));
      expect(payloads).toEqual(Array.from({ length: 100 }, (_, index) => index));
    }
    for (const subscriber of subscribers) await subscriber.expectNothingMore();
  });

  it("sends 500 KB unaltered to subscribers on every path", async () => {
    const topic = unique("publish/large");
    const publisher = await connectOver(path);
    const subscribers = await Promise.all(paths.map(connectOver));
    for (const subscriber of subscribers) await subscriber.subscribe(topic, { qos: 1 });
    const payload = Buffer.from(Array.from({ length: 500_000 }, (_, index) => (index * 7) % 256));
    await publisher.publish(topic, payload, { qos: 1 });
    for (const subscriber of subscribers) {
      const message = await subscriber.message({ topic });
      expect(payload.equals(message.payload as Buffer)).toBe(true);
    }
  });
});

describe("a message without a matching subscriber", () => {
  it.each([1, 2] as const)("at QoS %i is answered 0x10 [B22]", async (qos) => {
    const publisher = await connect(broker.tcp);
    expect(await publisher.publish(unique("publish/nobody"), "x", { qos })).toBe(0x10);
  });
});

/** `count` numbered messages, 20 of them unacknowledged at a time. */
async function publishAll(publisher: Connected, topic: string, count: number, qos: QoS): Promise<void> {
  for (let from = 0; from < count; from += 20) {
    const numbers = Array.from({ length: 20 }, (_, index) => from + index);
    const ids = numbers.map((number) => publisher.sendPublish(topic, `${number}`, { qos }) ?? 0);
    if (qos === 1) for (const messageId of ids) await publisher.receive({ cmd: "puback", messageId });
    if (qos !== 2) continue;
    for (const messageId of ids) await publisher.receive({ cmd: "pubrec", messageId });
    for (const messageId of ids) publisher.send({ cmd: "pubrel", messageId });
    for (const messageId of ids) await publisher.receive({ cmd: "pubcomp", messageId });
  }
}
