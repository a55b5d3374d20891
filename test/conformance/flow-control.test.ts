// The send quota that a client's Receive Maximum gives the broker. MQTT 5.0 section 4.9.

import { describe, expect, it } from "vitest";
import { connect, durable, unique } from "../support/connect.ts";
import { useTarget } from "./target.ts";

const target = useTarget();

describe("the broker's send quota", () => {
  it.each([1, 2, 5])(
    "is the client's Receive Maximum of %i, and QoS 0 passes it by [MQTT-4.9.0-1] [MQTT-4.9.0-2] [MQTT-3.3.4-9]",
    async (receiveMaximum) => {
      const topic = unique("flow-control");
      const publisher = await connect(target.url);
      const subscriber = await connect(target.url, { properties: { receiveMaximum } });
      await subscriber.subscribe(topic, { qos: 2 });
      for (let count = 0; count < receiveMaximum + 3; count++) {
        await publisher.publish(topic, `${count}`, { qos: count % 2 === 0 ? 1 : 2 });
      }
      for (let count = 0; count < receiveMaximum; count++) {
        await subscriber.receive({ cmd: "publish", payload: `${count}` });
      }
      await publisher.publish(topic, "at QoS 0", { qos: 0 });
      const messages = await subscriber.restAfter(publisher, topic, { qos: 0 });
      expect(messages.map(({ payload }) => payload.toString())).toEqual(["at QoS 0"]);
    },
  );

  it("is not more than 65,535 or what the broker chooses where the client gives none [MQTT-4.9.0-1]", async () => {
    const topic = unique("flow-control");
    const [publisher, subscriber] = [await connect(target.url), await connect(target.url)];
    await subscriber.subscribe(topic, { qos: 1 });
    await publisher.publish(topic, "x", { qos: 1 });
    await subscriber.receive({ cmd: "publish", payload: "x" });
  });

  it("grows by one with each PUBACK, PUBCOMP, and PUBREC that refuses, and not with PUBREC 0x00 [MQTT-3.3.4-9]", async () => {
    const topic = unique("flow-control");
    const publisher = await connect(target.url);
    const subscriber = await connect(target.url, { properties: { receiveMaximum: 1 } });
    await subscriber.subscribe(topic, { qos: 2 });
    for (const qos of [1, 2, 2, 1] as const) await publisher.publish(topic, "x", { qos });
    const next = async (qos: 1 | 2) => (await subscriber.receive({ cmd: "publish", qos })).messageId ?? 0;
    subscriber.send({ cmd: "puback", messageId: await next(1) });
    const released = await next(2);
    subscriber.send({ cmd: "pubrec", messageId: released });
    await subscriber.receive({ cmd: "pubrel", messageId: released });
    await subscriber.expectNothingMore();
    subscriber.send({ cmd: "pubcomp", messageId: released });
    subscriber.send({ cmd: "pubrec", messageId: await next(2), reasonCode: 0x97 });
    subscriber.send({ cmd: "puback", messageId: await next(1) });
    await subscriber.expectNothingMore();
  });

  it("does not grow beyond the Receive Maximum by acknowledgements of nothing [MQTT-4.9.0-2]", async () => {
    const topic = unique("flow-control");
    const publisher = await connect(target.url);
    const subscriber = await connect(target.url, { properties: { receiveMaximum: 1 } });
    await subscriber.subscribe(topic, { qos: 1 });
    for (const messageId of [100, 101, 102]) subscriber.send({ cmd: "puback", messageId });
    for (const payload of ["one", "two"]) await publisher.publish(topic, payload, { qos: 1 });
    await subscriber.receive({ cmd: "publish", payload: "one" });
    await subscriber.expectNothingMore();
  });

  it("at zero, every other packet is taken and answered [MQTT-4.9.0-3] [MQTT-3.3.4-10]", async () => {
    const topic = unique("flow-control");
    const publisher = await connect(target.url);
    const subscriber = await connect(target.url, { properties: { receiveMaximum: 1 } });
    await subscriber.subscribe(topic, { qos: 1 });
    for (const payload of ["one", "two"]) await publisher.publish(topic, payload, { qos: 1 });
    await subscriber.receive({ cmd: "publish", payload: "one" });
    await subscriber.ping();
    await subscriber.subscribe(`${topic}/other`);
    await subscriber.unsubscribe(`${topic}/other`);
    for (const qos of [1, 2] as const) await subscriber.publish(`${topic}/other`, "x", { qos });
    await subscriber.expectNothingMore();
  });

  it("is whole again after a reconnect, however much was open [MQTT-4.9.0-1]", async () => {
    const topic = unique("flow-control");
    const options = { ...durable(), properties: { ...durable().properties, receiveMaximum: 2 } };
    const [publisher, subscriber] = [await connect(target.url), await connect(target.url, options)];
    await subscriber.subscribe(topic, { qos: 1 });
    for (const payload of ["one", "two", "three"]) await publisher.publish(topic, payload, { qos: 1 });
    for (const payload of ["one", "two"]) await subscriber.receive({ cmd: "publish", payload });
    subscriber.drop();
    const again = await connect(target.url, { ...options, clientId: subscriber.clientId });
    for (const payload of ["one", "two"]) await again.receive({ cmd: "publish", payload, dup: true });
    await again.expectNothingMore();
  });
});
