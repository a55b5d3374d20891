// What is sent again when a client comes back, and what never is. MQTT 5.0 sections 3.3.1.1 and 4.4.

import { describe, expect, it } from "vitest";
import { type Connected, connect, durable, unique } from "../support/connect.ts";
import { useTarget } from "./target.ts";

const target = useTarget();

/** A durable subscriber of a new topic at QoS 2, and a publisher. */
async function scene(version: 3 | 4 | 5 = 5) {
  const topic = unique("redelivery");
  const options = durable(version);
  const [publisher, subscriber] = [await connect(target.url), await connect(target.url, { ...options, clean: false })];
  await subscriber.subscribe(topic, { qos: 2 });
  const back = (): Promise<Connected> => connect(target.url, { ...options, clientId: subscriber.clientId });
  return { topic, publisher, subscriber, back };
}

describe("after a reconnect to a session that is kept", () => {
  it.each([3, 4, 5] as const)(
    "of version %i, unacknowledged PUBLISH packets go again in order with DUP and their identifiers [MQTT-4.4.0-1] [MQTT-3.3.1-1]",
    async (version) => {
      const { topic, publisher, subscriber, back } = await scene(version);
      const sent = [1, 2, 1, 2] as const;
      for (const [index, qos] of sent.entries()) await publisher.publish(topic, `${index}`, { qos });
      const identifiers: (number | undefined)[] = [];
      for (const [index, qos] of sent.entries()) {
        const message = await subscriber.receive({ cmd: "publish", payload: `${index}`, qos, dup: false });
        identifiers.push(message.messageId);
      }
      subscriber.drop();
      const again = await back();
      for (const [index, qos] of sent.entries()) {
        await again.receive({ cmd: "publish", payload: `${index}`, qos, dup: true, messageId: identifiers[index] });
      }
      await again.expectNothingMore();
    },
  );

  it.each([3, 4, 5] as const)(
    "of version %i, PUBREL goes again with its identifier, and PUBLISH does not [MQTT-4.4.0-1] [MQTT-4.3.3-6]",
    async (version) => {
      const { topic, publisher, subscriber, back } = await scene(version);
      await publisher.publish(topic, "released", { qos: 2 });
      const { messageId = 0 } = await subscriber.receive({ cmd: "publish", payload: "released" });
      subscriber.send({ cmd: "pubrec", messageId });
      await subscriber.receive({ cmd: "pubrel", messageId });
      subscriber.drop();
      const again = await back();
      await again.receive({ cmd: "pubrel", messageId });
      again.send({ cmd: "pubcomp", messageId });
      await again.expectNothingMore();
      again.drop();
      await (await back()).expectNothingMore();
    },
  );

  it("what was acknowledged does not go again [MQTT-4.4.0-1]", async () => {
    const { topic, publisher, subscriber, back } = await scene();
    for (const payload of ["acknowledged", "open"]) await publisher.publish(topic, payload, { qos: 1 });
    await subscriber.message({ payload: "acknowledged" });
    await subscriber.receive({ cmd: "publish", payload: "open" });
    await subscriber.ping(); // PUBACK has arrived
    subscriber.drop();
    const again = await back();
    await again.message({ payload: "open", dup: true });
    await again.expectNothingMore();
  });

  it("a PUBLISH that the client refused does not go again [MQTT-4.4.0-2]", async () => {
    const { topic, publisher, subscriber, back } = await scene();
    for (const qos of [1, 2] as const) await publisher.publish(topic, `QoS ${qos}`, { qos });
    const first = await subscriber.receive({ cmd: "publish", payload: "QoS 1" });
    const second = await subscriber.receive({ cmd: "publish", payload: "QoS 2" });
    subscriber.send({ cmd: "puback", messageId: first.messageId ?? 0, reasonCode: 0x83 });
    subscriber.send({ cmd: "pubrec", messageId: second.messageId ?? 0, reasonCode: 0x83 });
    await subscriber.expectNothingMore();
    subscriber.drop();
    await (await back()).expectNothingMore();
  });

  it("what was never sent goes without DUP [MQTT-3.3.1-1] [MQTT-3.3.1-3]", async () => {
    const { topic, publisher, subscriber, back } = await scene();
    await subscriber.disconnect();
    const payloads = ["one", "two", "three"];
    for (const payload of payloads) await publisher.publish(topic, payload, { qos: 1 });
    const again = await back();
    for (const payload of payloads) await again.message({ payload, dup: false });
  });

  it("a QoS 2 exchange of the client goes on where it was: nobody gets the message twice [MQTT-4.3.3-10]", async () => {
    const topic = unique("redelivery");
    const [sender, watcher] = [await connect(target.url, durable()), await connect(target.url)];
    await watcher.subscribe(topic, { qos: 2 });
    const publish = { cmd: "publish", topic, payload: "once", qos: 2, messageId: 12, retain: false } as const;
    sender.send({ ...publish, dup: false });
    await sender.receive({ cmd: "pubrec", messageId: 12 });
    sender.drop();
    const again = await connect(target.url, { ...durable(), clientId: sender.clientId });
    again.send({ ...publish, dup: true });
    await again.receive({ cmd: "pubrec", messageId: 12 });
    again.send({ cmd: "pubrel", messageId: 12 });
    await again.receive({ cmd: "pubcomp", messageId: 12, reasonCode: 0 });
    expect(await watcher.rest()).toHaveLength(1);
  });

  it.each([1, 2] as const)("an identifier in use is given to no new message at QoS %i [MQTT-2.2.1-4]", async (qos) => {
    const { topic, publisher, subscriber, back } = await scene();
    await publisher.publish(topic, "open", { qos });
    const { messageId } = await subscriber.receive({ cmd: "publish", payload: "open" });
    subscriber.drop();
    const again = await back();
    for (let count = 0; count < 10; count++) await publisher.publish(topic, `${count}`, { qos: 1 });
    await again.receive({ cmd: "publish", payload: "open", dup: true, messageId });
    for (let count = 0; count < 10; count++) {
      const next = await again.receive({ cmd: "publish", payload: `${count}`, dup: false });
      expect(next.messageId).not.toBe(messageId);
    }
  });
});

describe("without a reconnect", () => {
  it("nothing goes again, however long it is not acknowledged [MQTT-4.4.0-1] [B42]", async () => {
    const { topic, publisher, subscriber } = await scene();
    for (const qos of [1, 2] as const) await publisher.publish(topic, `QoS ${qos}`, { qos });
    await subscriber.receive({ cmd: "publish", payload: "QoS 1" });
    await subscriber.receive({ cmd: "publish", payload: "QoS 2" });
    await subscriber.expectNothing(2_000);
  });
});

describe("message expiry", () => {
  it.concurrent("does not end a delivery that was begun [MQTT-4.3.3-7]", async () => {
    const { topic, publisher, subscriber, back } = await scene();
    await publisher.publish(topic, "begun", { qos: 2, properties: { messageExpiryInterval: 1 } });
    const { messageId } = await subscriber.receive({ cmd: "publish", payload: "begun" });
    await subscriber.expectNothing(1_500);
    subscriber.drop();
    await (await back()).receive({ cmd: "publish", payload: "begun", dup: true, messageId });
  });
});
