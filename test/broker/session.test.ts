// Sessions: what is kept while a client is away, and how it goes on when it is back. MQTT 5.0 sections 4.1 and 4.4.

import type { IPublishPacket } from "mqtt-packet";
import { describe, expect, it } from "vitest";
import { isForeign, paths, useBroker } from "../support/broker.ts";
import { type Connected, type ConnectOptions, connect, durable, unique } from "../support/connect.ts";
import { passed } from "../support/time.ts";

const broker = useBroker();

/** A durable client that is subscribed to a new topic, and a publisher. */
async function scene(qos: 0 | 1 | 2, options: ConnectOptions = durable()) {
  const topic = unique("session");
  const publisher = await connect(broker.tcp);
  // Before 5.0 the flag of a new session also says whether it is kept.
  const isKeptByFlag = (options.version ?? 5) < 5;
  const client = await connect(broker.tcp, { ...options, clean: !isKeptByFlag });
  await client.subscribe(topic, { qos });
  const again = (url = broker.tcp): Promise<Connected> =>
    connect(url, { ...options, clean: false, clientId: client.clientId });
  return { topic, publisher, client, again };
}

describe.each(paths)("resumed over %s", (path) => {
  it("a session has the messages of the time away, in order; QoS 0 is not kept [MQTT-4.5.0-1]", async () => {
    const { topic, publisher, client, again } = await scene(2);
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
    const { topic, publisher, client, again } = await scene(2);
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

describe("QoS 2 goes on where it stopped", () => {
  it("towards the client: after PUBREC, PUBREL comes again and PUBLISH does not [MQTT-4.3.3-6]", async () => {
    const { topic, publisher, client, again } = await scene(2);
    await publisher.publish(topic, "x", { qos: 2 });
    const { messageId = 0 } = await client.receive({ cmd: "publish", payload: "x", qos: 2 });
    client.send({ cmd: "pubrec", messageId });
    await client.receive({ cmd: "pubrel", messageId });
    client.drop();
    const back = await again();
    await back.receive({ cmd: "pubrel", messageId });
    back.send({ cmd: "pubcomp", messageId });
    await back.expectNothingMore();
    back.drop();
    await (await again()).expectNothingMore();
  });

  it("from the client: PUBLISH with DUP after reconnecting is the same message [MQTT-4.3.3-10]", async () => {
    const topic = unique("session/qos2");
    const [subscriber, before] = [await connect(broker.tcp), await connect(broker.tcp, { ...durable(), clean: true })];
    await subscriber.subscribe(topic, { qos: 2 });
    const publish = { cmd: "publish", topic, payload: "once", qos: 2, retain: false, messageId: 5 } as const;
    before.send({ ...publish, dup: false });
    await before.receive({ cmd: "pubrec", messageId: 5 });
    before.drop();
    const middle = await connect(broker.ws, { ...durable(), clientId: before.clientId });
    middle.send({ ...publish, dup: true });
    await middle.receive({ cmd: "pubrec", messageId: 5 });
    middle.send({ cmd: "pubrel", messageId: 5 });
    await middle.receive({ cmd: "pubcomp", messageId: 5 });
    await subscriber.message({ topic, payload: "once" });
    middle.drop();
    // PUBCOMP was lost as far as the client knows: it asks once more, and is told that all is done.
    const last = await connect(broker.tcp, { ...durable(), clientId: before.clientId });
    last.send({ cmd: "pubrel", messageId: 5 });
    await last.receive({ cmd: "pubcomp", messageId: 5 });
    await subscriber.expectNothingMore();
  });

  it("from a 3.1.1 client: PUBREL after reconnecting ends the exchange", async () => {
    const topic = unique("session/qos2");
    const [subscriber, before] = [await connect(broker.tcp), await connect(broker.tcp, durable(4))];
    await subscriber.subscribe(topic, { qos: 2 });
    before.send({ cmd: "publish", topic, payload: "once", qos: 2, retain: false, messageId: 6, dup: false });
    await before.receive({ cmd: "pubrec", messageId: 6 });
    before.drop();
    const after = await connect(broker.tcp, { ...durable(4), clientId: before.clientId });
    expect(after.connack.sessionPresent).toBe(true);
    after.send({ cmd: "pubrel", messageId: 6 });
    await after.receive({ cmd: "pubcomp", messageId: 6 });
    await subscriber.message({ topic, payload: "once" });
    await subscriber.expectNothingMore();
  });
});

describe("a session", () => {
  it("is discarded by a clean start, with its subscriptions and messages [MQTT-3.1.2-4]", async () => {
    const { topic, publisher, client, again } = await scene(1);
    await client.disconnect();
    await publisher.publish(topic, "lost", { qos: 1 });
    const clean = await connect(broker.tcp, { ...durable(), clean: true, clientId: client.clientId });
    expect(clean.connack.sessionPresent).toBe(false);
    expect(await publisher.publish(topic, "for nobody", { qos: 1 })).toBe(0x10);
    await clean.disconnect();
    await (await again()).expectNothingMore();
  });

  it("ends with the connection when its expiry is 0 [MQTT-4.1.0-2]", async () => {
    const { topic, publisher, client, again } = await scene(1, {});
    await client.disconnect();
    expect(await publisher.publish(topic, "for nobody", { qos: 1 })).toBe(0x10);
    expect((await again()).connack.sessionPresent).toBe(false);
  });

  it("ends so in 3.1.1 with clean session 1 too, when the network fails [3.1.1 MQTT-3.1.2-6]", async () => {
    const topic = unique("session");
    const client = await connect(broker.tcp, { version: 4, clean: true });
    await client.subscribe(topic, { qos: 1 });
    client.drop();
    const again = await connect(broker.tcp, { version: 4, clean: false, clientId: client.clientId });
    expect(again.connack.sessionPresent).toBe(false);
  });

  it.each([3, 4] as const)("of version %i with clean session 0 is kept [3.1.1 MQTT-3.1.2-4]", async (version) => {
    const { topic, publisher, client, again } = await scene(1, durable(version));
    await client.disconnect();
    await publisher.publish(topic, "kept", { qos: 1 });
    const back = await again();
    if (version === 4) expect(back.connack.sessionPresent).toBe(true);
    await back.message({ topic, payload: "kept" });
  });

  it("lives as long as its expiry says, and no longer [MQTT-3.1.2-23] [MQTT-4.1.0-2]", async () => {
    const short = { properties: { sessionExpiryInterval: 1 } };
    const { client, again } = await scene(1, short);
    await client.disconnect();
    const back = await again();
    expect(back.connack.sessionPresent).toBe(true);
    back.drop();
    await passed(isForeign ? 2500 : 1300);
    expect((await again()).connack.sessionPresent).toBe(false);
  });

  it("does not expire while the client is connected [MQTT-4.1.0-1]", async () => {
    const { topic, publisher, client, again } = await scene(1, { properties: { sessionExpiryInterval: 1 } });
    await passed(1300);
    await publisher.publish(topic, "still here", { qos: 1 });
    await client.message({ topic, payload: "still here" });
    await client.disconnect();
    expect((await again()).connack.sessionPresent).toBe(true);
  });

  it("may be ended, or its expiry changed, by DISCONNECT", async () => {
    const { client, again } = await scene(1);
    await client.disconnect(0, { sessionExpiryInterval: 0 });
    expect((await again()).connack.sessionPresent).toBe(false);
    const other = await scene(1, { properties: { sessionExpiryInterval: 1 } });
    await other.client.disconnect(0, { sessionExpiryInterval: 600 });
    await passed(1300);
    expect((await other.again()).connack.sessionPresent).toBe(true);
  });

  it("may not be given an expiry by DISCONNECT where it had none", async () => {
    const { client } = await scene(1, {});
    client.send({ cmd: "disconnect", reasonCode: 0, properties: { sessionExpiryInterval: 10 } });
    await client.ended(0x82);
  });

  it("drops messages that expire while they wait [MQTT-3.3.2-5]", async () => {
    const { topic, publisher, client, again } = await scene(2);
    await client.disconnect();
    for (const [payload, messageExpiryInterval] of [
      ["short", 1],
      ["long", 60],
    ] as const) {
      await publisher.publish(topic, payload, { qos: 2, properties: { messageExpiryInterval } });
    }
    await publisher.publish(topic, "for ever", { qos: 1 });
    await passed(isForeign ? 2100 : 1200);
    const messages = await (await again()).rest();
    expect(messages.map(({ payload }) => payload.toString())).toEqual(["long", "for ever"]);
  });

  it("finishes what it had begun to send when the client unsubscribes [MQTT-3.10.4-3]", async () => {
    const { topic, publisher, client, again } = await scene(2);
    await publisher.publish(topic, "begun", { qos: 2 });
    const { messageId = 0 } = await client.receive({ cmd: "publish", payload: "begun" });
    await client.unsubscribe(topic);
    await publisher.publish(topic, "later", { qos: 2 });
    client.drop();
    const back = await again();
    await back.message({ payload: "begun", messageId, dup: true });
    await back.expectNothingMore();
  });

  it.skipIf(isForeign)("is told to keep alive at 60 s where the client asked for more [MQTT-3.1.2-21]", async () => {
    const long = await connect(broker.tcp, { keepalive: 120 });
    expect(long.connack.properties?.serverKeepAlive).toBe(60);
    const short = await connect(broker.tcp, { keepalive: 30 });
    expect(short.connack.properties?.serverKeepAlive).toBeUndefined(); // [MQTT-3.2.2-22]
  });
});
