// Sessions: when one begins and is resumed, what is in it, and what is not; how exchanges go on is in
// redelivery.test.ts. MQTT 5.0 sections 3.1.2.4 and 4.1, MQTT 3.1.1 section 3.1.2.4.

import { describe, expect, it } from "vitest";
import { type ConnectOptions, connect, durable, unique } from "../support/connect.ts";
import { awayScene } from "./away-scene.ts";
import { useTarget } from "./target.ts";

const target = useTarget();
const versions = [3, 4, 5] as const;
const scene = (qos: 0 | 1 | 2, options: ConnectOptions = durable()) => awayScene(target.url, qos, options);

describe("Clean Start 1", () => {
  it.each(versions)(
    "of version %i discards the session, with its subscriptions and messages [MQTT-3.1.2-4] [MQTT-3.1.4-4] [3.1.1 MQTT-3.1.2-6]",
    async (version) => {
      const { topic, publisher, client, again } = await scene(1, durable(version));
      await client.disconnect();
      await publisher.publish(topic, "lost", { qos: 1 });
      const clean = await connect(target.url, { ...durable(version), clean: true, clientId: client.clientId });
      expect(clean.connack.sessionPresent).toBe(false);
      await publisher.publish(topic, "for nobody", { qos: 1 });
      await clean.expectNothingMore();
      await clean.disconnect();
      await (await again()).expectNothingMore();
    },
  );

  it("begins a session that can be resumed [MQTT-3.1.2-4] [MQTT-3.1.2-5]", async () => {
    const { topic, publisher, client, again } = await scene(1);
    await client.disconnect();
    await publisher.publish(topic, "kept", { qos: 1 });
    const back = await again();
    expect(back.connack.sessionPresent).toBe(true);
    await back.message({ topic, payload: "kept" });
  });

  it("forgets the packet identifiers of the session before [MQTT-3.1.2-4]", async () => {
    const topic = unique("session/identifiers");
    const subscriber = await connect(target.url);
    await subscriber.subscribe(topic, { qos: 2 });
    const publish = { cmd: "publish", topic, qos: 2, retain: false, dup: false, messageId: 5 } as const;
    const before = await connect(target.url, { ...durable(), clean: true });
    before.send({ ...publish, payload: "before" });
    await before.receive({ cmd: "pubrec", messageId: 5 });
    before.drop();
    const after = await connect(target.url, { ...durable(), clean: true, clientId: before.clientId });
    after.send({ ...publish, payload: "after" });
    await after.receive({ cmd: "pubrec", messageId: 5 });
    after.send({ cmd: "pubrel", messageId: 5 });
    await after.receive({ cmd: "pubcomp", messageId: 5 });
    const payloads = (await subscriber.rest()).map(({ payload }) => payload.toString());
    // Whether the first one is published depends on the method the broker has chosen: section 4.3.3.
    expect(payloads.filter((payload) => payload !== "before")).toEqual(["after"]);
  });

  it("leaves retained messages alone, which are in no session [3.1.1 MQTT-3.1.2.7]", async () => {
    const topic = unique("session/retained");
    const client = await connect(target.url, durable(4));
    await client.publish(topic, "stays", { qos: 1, retain: true });
    await client.disconnect();
    const clean = await connect(target.url, { version: 4, clientId: client.clientId, clean: true });
    await clean.disconnect();
    const later = await connect(target.url, { version: 4 });
    await later.subscribe(topic);
    await later.message({ topic, payload: "stays", retain: true });
    await (await connect(target.url)).publish(topic, "", { qos: 1, retain: true });
  });
});

describe("Clean Start 0", () => {
  it.each(versions)("of version %i begins a session if there is none [MQTT-3.1.2-6]", async (version) => {
    const topic = unique("session/new");
    const client = await connect(target.url, durable(version));
    expect(client.connack.sessionPresent).toBe(false);
    await client.subscribe(topic);
    await client.publish(topic, "x");
    await client.message({ topic, payload: "x" });
  });

  it.each(versions)(
    "of version %i resumes the session that is kept: its subscriptions, and the messages of the time away [MQTT-3.1.2-5] [MQTT-3.1.2-23] [3.1.1 MQTT-3.1.2-4] [3.1.1 MQTT-3.1.2-5]",
    async (version) => {
      const { topic, publisher, client, again } = await scene(2, durable(version));
      await client.disconnect();
      for (const [payload, qos] of [
        ["one", 1],
        ["two", 2],
        ["three", 1],
      ] as const)
        await publisher.publish(topic, payload, { qos });
      const back = await again();
      if (version !== 3) expect(back.connack.sessionPresent).toBe(true);
      const messages = await back.collect(3);
      expect(messages.map(({ payload, qos, dup }) => [payload.toString(), qos, dup])).toEqual([
        ["one", 1, false],
        ["two", 2, false],
        ["three", 1, false],
      ]);
      await publisher.publish(topic, "live", { qos: 1 });
      await back.message({ topic, payload: "live" });
    },
  );

  it.each(versions.flatMap((before) => versions.map((after) => [before, after] as const)))(
    "of version %i keeps a session that version %i can resume",
    async (before, after) => {
      const { topic, publisher, client } = await scene(1, durable(before));
      await client.disconnect();
      await publisher.publish(topic, "kept", { qos: 1 });
      const back = await connect(target.url, { ...durable(after), clientId: client.clientId });
      if (after !== 3) expect(back.connack.sessionPresent).toBe(true);
      await back.message({ topic, payload: "kept" });
    },
  );

  it("has the options of the subscriptions as they were [MQTT-3.1.2-5]", async () => {
    const topic = unique("session/options");
    const client = await connect(target.url, { ...durable(), clean: true });
    await client.subscribe(topic, { qos: 1, nl: true, identifier: 77 });
    await client.disconnect();
    const back = await connect(target.url, { ...durable(), clientId: client.clientId });
    await back.publish(topic, "its own", { qos: 1 });
    await (await connect(target.url)).publish(topic, "another's", { qos: 2 });
    const message = await back.message({ payload: "another's", qos: 1 });
    expect(message.properties?.subscriptionIdentifier).toBe(77);
  });

  it("does not bring back what was unsubscribed [MQTT-3.1.2-5]", async () => {
    const { topic, publisher, client, again } = await scene(1);
    await client.unsubscribe(topic);
    await client.disconnect();
    await publisher.publish(topic, "for nobody", { qos: 1 });
    await (await again()).expectNothingMore();
  });
});
