// What MQTT leaves open and no other test shows: rules of docs/BEHAVIOUR.md, by their numbers.

import { describe, expect, it } from "vitest";
import { useBroker } from "../support/broker.ts";
import { connect, durable, refusal, unique } from "../support/connect.ts";
import { Conversation } from "../support/conversation.ts";
import { makeCredential } from "../support/credentials.ts";
import { rawPacket } from "../support/wire.ts";

const broker = useBroker({ variables: { CONNECT_TIMEOUT_SEC: "1", PACKET_TIMEOUT_SEC: "5" } });

describe("a connection", () => {
  it.concurrent("whose packet is begun and not completed ends with 0x81, and is told why [packetTimeoutSec] [B8] [B20]", async () => {
    const clientId = unique("behaviour");
    const client = await connect(broker.wsNative(clientId), { clientId });
    client.send(Buffer.from([0x30, 0x20, 0x00]));
    const disconnect = await client.receive({ cmd: "disconnect", reasonCode: 0x81 }, { timeoutMs: 12_000 });
    expect(disconnect.properties?.reasonString).toContain("not completed in time");
    await client.closed();
  });

  it("of 3.x that is refused for what has no return code is closed without one [B10]", async () => {
    const client = await Conversation.open(broker.tcp);
    client.send(rawPacket(0x10, Buffer.from([0, 4]), Buffer.from("MQTT"), Buffer.from([4, 0x03])));
    await client.closed();
  });
});

describe("strings", () => {
  it("may have control characters, and are not normalized [B19]", async () => {
    const topic = `${unique("behaviour")}/\u0001\u001f\u007f\u009f/e\u0301`;
    const client = await connect(broker.tcp);
    await client.subscribe([topic, topic.normalize("NFC")]);
    await client.publish(topic, "x");
    await client.message({ topic });
    await client.expectNothingMore();
  });
});

describe("a QoS 2 message", () => {
  it("goes to its subscribers on PUBLISH, before PUBREL [B24]", async () => {
    const topic = unique("behaviour");
    const [publisher, subscriber] = [await connect(broker.tcp), await connect(broker.tcp)];
    await subscriber.subscribe(topic, { qos: 2 });
    const messageId = publisher.sendPublish(topic, "early", { qos: 2 });
    await publisher.receive({ cmd: "pubrec", messageId });
    await subscriber.message({ payload: "early" });
  });

  it("that is repeated before PUBREL is the first one, whatever the repeat contains [B25]", async () => {
    const topic = unique("behaviour");
    const [publisher, subscriber] = [await connect(broker.tcp), await connect(broker.tcp)];
    await subscriber.subscribe(topic, { qos: 2 });
    for (const payload of ["first", "another"]) {
      publisher.send({ cmd: "publish", topic, payload, qos: 2, messageId: 5, dup: false, retain: false });
      await publisher.receive({ cmd: "pubrec", messageId: 5 });
    }
    expect((await subscriber.rest()).map(({ payload }) => payload.toString())).toEqual(["first"]);
  });
});

describe("publishing", () => {
  it("to $SYS is for nobody, and to other topics with $ for everybody [B26]", async () => {
    const topic = `$${unique("behaviour")}`;
    const [publisher, subscriber] = [await connect(broker.tcp), await connect(broker.tcp)];
    await subscriber.subscribe([topic, "$SYS/mine"], { qos: 1 });
    expect(await publisher.publish("$SYS/mine", "x", { qos: 1 })).toBe(0x87);
    expect(await publisher.publish(topic, "x", { qos: 1 })).toBe(0);
    expect((await subscriber.rest()).map((message) => message.topic)).toEqual([topic]);
  });

  it("a message that has expired at once reaches nobody [B28]", async () => {
    const topic = unique("behaviour");
    const [publisher, subscriber] = [await connect(broker.tcp), await connect(broker.tcp)];
    await subscriber.subscribe(topic, { qos: 1 });
    await publisher.publish(topic, "x", { qos: 1, properties: { messageExpiryInterval: 0 } });
    await subscriber.expectNothingMore();
  });

  it("to oneself: the message may come before its acknowledgement [B60]", async () => {
    const topic = unique("behaviour");
    const client = await connect(broker.tcp);
    await client.subscribe(topic, { qos: 1 });
    client.sendPublish(topic, "x", { qos: 1 });
    const packets = [await client.receiveAny(), await client.receiveAny()].map(({ cmd }) => cmd);
    expect(packets).toEqual(["publish", "puback"]);
  });
});

describe("overlapping subscriptions", () => {
  it("of which one is No Local still get the client's own message through the other [B36]", async () => {
    const topic = unique("behaviour");
    const client = await connect(broker.tcp);
    await client.subscribe(`${topic}/#`, { nl: true, identifier: 1 });
    await client.subscribe(`${topic}/x`, { identifier: 2 });
    await client.publish(`${topic}/x`, "own");
    const message = await client.message({ payload: "own" });
    expect([message.properties?.subscriptionIdentifier].flat()).toEqual([2]);
    await client.expectNothingMore();
  });

  it("have RETAIN where any of them has Retain As Published [B35]", async () => {
    const topic = unique("behaviour");
    const [client, publisher] = [await connect(broker.tcp), await connect(broker.tcp)];
    await client.subscribe(`${topic}/#`, { rap: true });
    await client.subscribe(`${topic}/x`, { rap: false });
    await publisher.publish(`${topic}/x`, "x", { retain: true });
    await client.message({ retain: true });
    await client.expectNothingMore();
  });
});

describe("delivery", () => {
  it("after a restart of the broker sends again with DUP what may have been sent [B46]", async () => {
    const topic = unique("behaviour");
    const [publisher, subscriber] = [await connect(broker.tcp), await connect(broker.tcp, durable())];
    await subscriber.subscribe(topic, { qos: 1 });
    await publisher.publish(topic, "sent", { qos: 1 });
    await subscriber.receive({ cmd: "publish", payload: "sent", dup: false });
    await broker.restart();
    const again = await connect(broker.tcp, { ...durable(), clientId: subscriber.clientId });
    await again.message({ payload: "sent", dup: true });
  });

  it("keeps the order in which messages came, over topics and QoS levels [B71]", async () => {
    const topic = unique("behaviour");
    const publisher = await connect(broker.tcp);
    const subscriber = await connect(broker.tcp, { properties: { receiveMaximum: 1 } });
    await subscriber.subscribe(`${topic}/#`, { qos: 2 });
    const texts = Array.from({ length: 12 }, (_, index) => `${index}`);
    for (const text of texts) {
      const number = Number(text);
      await publisher.publish(`${topic}/${number % 3}`, text, { qos: number % 2 === 0 ? 2 : 1 });
    }
    expect((await subscriber.collect(12)).map(({ payload }) => payload.toString())).toEqual(texts);
  });

  it("goes on with what waited behind Receive Maximum when its subscription has ended [B61]", async () => {
    const topic = unique("behaviour");
    const publisher = await connect(broker.tcp);
    const subscriber = await connect(broker.tcp, { properties: { receiveMaximum: 1 } });
    await subscriber.subscribe(topic, { qos: 1 });
    for (const payload of ["in flight", "waiting"]) await publisher.publish(topic, payload, { qos: 1 });
    const { messageId } = await subscriber.receive({ cmd: "publish", payload: "in flight" });
    await subscriber.unsubscribe(topic);
    subscriber.send({ cmd: "puback", messageId: messageId ?? 0 });
    await subscriber.message({ payload: "waiting" });
  });
});

describe("the Will of a connection that is taken over", () => {
  it.each([
    ["without a delay is published", 0, ["will"]],
    ["with a delay is not, for the session goes on", 30, []],
  ] as const)("%s [B52]", async (_, willDelayInterval, expected) => {
    const topic = unique("behaviour");
    const watcher = await connect(broker.tcp);
    await watcher.subscribe(topic, { qos: 1 });
    const payload = "will" as string & Buffer;
    const will = { topic, payload, qos: 1 as const, retain: false, properties: { willDelayInterval } };
    const first = await connect(broker.tcp, { ...durable(), will });
    const second = await connect(broker.tcp, { ...durable(), clientId: first.clientId });
    await first.ended(0x8e);
    await second.rest();
    if (expected.length > 0) await watcher.message({ payload: "will" });
    await watcher.expectNothingMore();
  });
});

describe("a broker that is open", () => {
  it("takes a username that nobody has for none, but not the token of a device that was revoked [B86]", async () => {
    const { login, credential } = await makeCredential(broker);
    const device = await connect(broker.tcp, login);
    await (await broker.access()).deleteCredential(credential.id);
    await device.receive({ cmd: "disconnect", reasonCode: 0x87 });
    expect(await refusal(broker.tcp, login)).toBe(0x86);
    const anybody = await connect(broker.tcp, { username: login.username, password: Buffer.from("password") });
    expect(anybody.connack.reasonCode).toBe(0);
  });
});
