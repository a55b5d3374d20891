// What was acknowledged is stored: the broker is stopped and started again on the same data folder.

import { beforeAll, describe, expect, it } from "vitest";
import { useBroker } from "../support/broker.ts";
import { type Connected, connect, durable, unique } from "../support/connect.ts";

const broker = useBroker();

// The broker restarts once, for all tests: before it the scenes are set, after it they are looked at.
const retained = { topic: unique("restart/retained"), cleared: unique("restart/cleared") };
const away = { topic: unique("restart/away"), clientId: unique("away"), old: unique("old") };
const unacknowledged = { topic: unique("restart/unacknowledged"), clientId: unique("unacknowledged") };
const half = { topic: unique("restart/half"), sender: unique("sender"), receiver: unique("receiver") };
const group = { topic: unique("restart/group"), clientId: unique("member") };
/** Wills that nobody but time can have published: of a connection that dies with the broker, and of a session that ends. */
const mortal = { topic: unique("restart/mortal"), clientId: unique("mortal") };
const expiring = { topic: unique("restart/expiring"), clientId: unique("expiring"), expirySec: 6, leftMs: 0 };
const mourner = unique("mourner");
const connected: Connected[] = [];
let restartedMs = 0;
let sentIds: (number | undefined)[] = [];

const resume = (clientId: string) => connect(broker.tcp, { ...durable(), clientId });

beforeAll(async () => {
  const publisher = await connect(broker.tcp);
  await publisher.publish(retained.topic, "kept", { qos: 1, retain: true, properties: { contentType: "text/plain" } });
  await publisher.publish(retained.cleared, "kept", { qos: 1, retain: true });
  await publisher.publish(retained.cleared, "", { qos: 1, retain: true });

  const queue = await resume(away.clientId);
  await queue.subscribe([away.topic, away.old], { qos: 2 });
  await queue.unsubscribe(away.old);
  await queue.subscribe(`${away.topic}/+`, { qos: 1, identifier: 7 });
  await queue.disconnect();
  for (let number = 0; number < 10; number++) {
    await publisher.publish(away.topic, `${number}`, { qos: number % 2 === 0 ? 1 : 2 });
  }

  const lane = await resume(unacknowledged.clientId);
  await lane.subscribe(unacknowledged.topic, { qos: 2 });
  for (const qos of [1, 2, 2] as const) await publisher.publish(unacknowledged.topic, `QoS ${qos}`, { qos });
  const sent = [];
  for (let count = 0; count < 3; count++) sent.push(await lane.receive({ cmd: "publish", dup: false }));
  sentIds = sent.map(({ messageId }) => messageId);
  lane.send({ cmd: "pubrec", messageId: sentIds[2] ?? 0 });
  await lane.receive({ cmd: "pubrel", messageId: sentIds[2] });

  const receiver = await resume(half.receiver);
  await receiver.subscribe(half.topic, { qos: 2 });
  const sender = await resume(half.sender);
  for (const messageId of [11, 12]) {
    const payload = `message ${messageId}`;
    sender.send({ cmd: "publish", topic: half.topic, payload, qos: 2, dup: false, retain: false, messageId });
    await sender.receive({ cmd: "pubrec", messageId });
  }

  const member = await resume(group.clientId);
  await member.subscribe(`$share/g/${group.topic}`, { qos: 1 });
  await (await resume(mourner)).subscribe([mortal.topic, expiring.topic], { qos: 2 });
  const will = (topic: string) => ({ topic, payload: Buffer.from("gone"), qos: 2, retain: false }) as const;
  const leaving = await connect(broker.wsNative(expiring.clientId), {
    clientId: expiring.clientId,
    properties: { sessionExpiryInterval: expiring.expirySec },
    will: { ...will(expiring.topic), properties: { willDelayInterval: 600 } },
  });
  await leaving.disconnect(0x04);
  expiring.leftMs = performance.now();
  const { clientId } = mortal;
  const dying = await connect(broker.wsNative(clientId), { clientId, keepalive: 2, will: will(mortal.topic) });
  connected.push(lane, receiver, sender, member, dying);
  await broker.restart();
  restartedMs = performance.now();
}, 60_000);

describe("after a restart", () => {
  it("connections that were open are closed", async () => {
    for (const client of connected) await expect(client.receiveUntil("pingresp")).rejects.toThrow("closed");
  });

  it("Wills are published, and sessions end when their time is over, though nobody connects", async () => {
    const client = await resume(mourner);
    const heard = await client.collect(2, { timeoutMs: 12_000 });
    const atMs = performance.now();
    expect(heard.map(({ topic }) => topic).sort()).toEqual([expiring.topic, mortal.topic].sort());
    const endMs = expiring.leftMs + expiring.expirySec * 1000;
    expect(atMs).toBeGreaterThan(endMs - 100);
    expect(atMs).toBeLessThan(Math.max(endMs, restartedMs) + 3000);
    const again = await connect(broker.wsNative(expiring.clientId), { ...durable(), clientId: expiring.clientId });
    expect(again.connack.sessionPresent).toBe(false);
    await client.expectNothingMore();
  });

  it("retained messages are there, with their properties; cleared ones are not", async () => {
    const client = await connect(broker.ws);
    await client.subscribe([retained.topic, retained.cleared]);
    const message = await client.message({ topic: retained.topic, payload: "kept", retain: true });
    expect(message.properties?.contentType).toBe("text/plain");
    await client.expectNothingMore();
  });

  it("a durable session has its queue and its subscriptions [MQTT-3.1.2-5]", async () => {
    const client = await resume(away.clientId);
    expect(client.connack.sessionPresent).toBe(true);
    const messages = await client.rest();
    const numbers = messages.map(({ payload, qos }) => [Number(payload.toString()), qos]);
    expect(numbers).toEqual(Array.from({ length: 10 }, (_, number) => [number, number % 2 === 0 ? 1 : 2]));
    const publisher = await connect(broker.tcp);
    await publisher.publish(`${away.topic}/x`, "live", { qos: 2 });
    const live = await client.message({ topic: `${away.topic}/x`, qos: 1 });
    expect([live.properties?.subscriptionIdentifier].flat()).toEqual([7]);
    expect(await publisher.publish(away.old, "for nobody", { qos: 1 })).toBe(0x10);
    await client.expectNothingMore();
  });

  it("unacknowledged messages come again with DUP and their identifiers, PUBREL alone where PUBREC was sent", async () => {
    const client = await resume(unacknowledged.clientId);
    const [first, second, third] = sentIds;
    const again = [await client.receiveAny(), await client.receiveAny(), await client.receiveAny()];
    expect(again).toMatchObject([
      { cmd: "publish", qos: 1, dup: true, messageId: first },
      { cmd: "publish", qos: 2, dup: true, messageId: second },
      { cmd: "pubrel", messageId: third },
    ]);
  });

  it("a QoS 2 exchange goes on with PUBREL, or with PUBLISH again, and the message is delivered once", async () => {
    const receiver = await resume(half.receiver);
    const sender = await resume(half.sender);
    const again = {
      topic: half.topic,
      payload: "message 12",
      qos: 2,
      dup: true,
      retain: false,
      messageId: 12,
    } as const;
    sender.send({ cmd: "publish", ...again });
    await sender.receive({ cmd: "pubrec", messageId: 12 });
    for (const messageId of [11, 12]) {
      sender.send({ cmd: "pubrel", messageId });
      await sender.receive({ cmd: "pubcomp", messageId });
    }
    const messages = await receiver.rest();
    expect(messages.map(({ payload }) => payload.toString()).sort()).toEqual(["message 11", "message 12"]);
    await receiver.expectNothingMore();
  });

  it("a shared subscription has its member", async () => {
    const publisher = await connect(broker.tcp);
    await publisher.publish(group.topic, "x", { qos: 1 });
    await (await resume(group.clientId)).message({ topic: group.topic, payload: "x" });
  });

  it("the second life is as good as the first", async () => {
    const topic = unique("restart/after");
    const [publisher, subscriber] = [await connect(broker.tcp), await connect(broker.ws)];
    await subscriber.subscribe(topic, { qos: 2 });
    await publisher.publish(topic, "x", { qos: 2 });
    await subscriber.message({ topic, payload: "x", qos: 2 });
  });
});
