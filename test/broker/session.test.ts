// A session that is resumed over each of the three paths. MQTT 5.0 sections 4.1 and 4.4; how long sessions live and what
// is in them is in test/conformance.

import type { IPublishPacket } from "mqtt-packet";
import { describe, expect, it } from "vitest";
import { paths, useBroker } from "../support/broker.ts";
import { type Connected, connect, durable, unique } from "../support/connect.ts";

const broker = useBroker();

/** A durable client that is subscribed to a new topic, and a publisher. */
async function scene() {
  const topic = unique("session");
  const publisher = await connect(broker.tcp);
  const client = await connect(broker.tcp, { ...durable(), clean: true });
  await client.subscribe(topic, { qos: 2 });
  const again = (url = broker.tcp): Promise<Connected> => connect(url, { ...durable(), clientId: client.clientId });
  return { topic, publisher, client, again };
}

describe.each(paths)("resumed over %s", (path) => {
  it("a session has the messages of the time away, in order; QoS 0 is not kept [MQTT-4.5.0-1]", async () => {
    const { topic, publisher, client, again } = await scene();
    await client.disconnect();
    for (let number = 0; number < 30; number++) {
      await publisher.publish(topic, `${number}`, { qos: (number % 3) as 0 | 1 | 2 });
    }
    const back = await again(broker.url(path, client.clientId));
    expect(back.connack.sessionPresent).toBe(true);
    const messages = await back.rest();
    const kept = Array.from({ length: 30 }, (_, number) => number).filter((number) => number % 3 > 0);
    const expected = kept.map((number) => ({ payload: `${number}`, qos: number % 3, dup: false }));
    expect(messages.map(({ payload, qos, dup }) => ({ payload: payload.toString(), qos, dup }))).toEqual(expected);
    await back.expectNothingMore();
    // The subscription is still there.
    await publisher.publish(topic, "live", { qos: 1 });
    await back.message({ topic, payload: "live" });
  });

  it("a session sends what was not acknowledged again, with DUP and its identifier [MQTT-4.4.0-1] [MQTT-3.3.1-1]", async () => {
    const { topic, publisher, client, again } = await scene();
    for (const [payload, qos] of [
      ["a", 1],
      ["b", 2],
      ["c", 1],
    ] as const)
      await publisher.publish(topic, payload, { qos });
    const first: IPublishPacket[] = [];
    for (const payload of ["a", "b", "c"]) first.push(await client.receive({ cmd: "publish", payload, dup: false }));
    client.drop();
    const back = await again(broker.url(path, client.clientId));
    const second = await back.collect(3);
    const summary = (list: typeof first) =>
      list.map(({ payload, qos, messageId }) => [payload.toString(), qos, messageId]);
    expect(summary(second)).toEqual(summary(first));
    expect(second.map(({ dup }) => dup)).toEqual([true, true, true]);
    await back.expectNothingMore();
    back.drop();
    await (await again()).expectNothingMore();
  });
});
