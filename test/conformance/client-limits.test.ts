// The limits that a client sets in CONNECT, and the server keeps to: Maximum Packet Size, Topic Alias Maximum and
// Request Problem Information. MQTT 5.0 sections 3.1.2.11.4, 3.1.2.11.5 and 3.1.2.11.7.

import type { Packet } from "mqtt-packet";
import { describe, expect, it } from "vitest";
import { type Connected, type ConnectOptions, connect, unique } from "../support/connect.ts";
import { awayScene } from "./away-scene.ts";
import { useTarget, withSettings } from "./target.ts";

const target = useTarget();
const limitedTo = (maximumPacketSize: number, more: ConnectOptions["properties"] = {}): ConnectOptions => ({
  properties: { maximumPacketSize, ...more },
});

describe("the client's Maximum Packet Size", () => {
  it.each([0, 1, 2] as const)(
    "at QoS %i a larger message is passed over, and those behind it come [MQTT-3.1.2-24] [MQTT-3.1.2-25]",
    async (qos) => {
      const topic = unique("client-limits/size");
      const publisher = await connect(target.url);
      // A message that counted as in flight would stop the others.
      const subscriber = await connect(target.url, limitedTo(100, { receiveMaximum: 1 }));
      await subscriber.subscribe(topic, { qos });
      for (const payload of ["small", "x".repeat(100), "x".repeat(20_000), "last"]) {
        expect(await publisher.publish(topic, payload, { qos })).toBe(0);
      }
      await subscriber.message({ payload: "small" });
      await subscriber.message({ payload: "last" });
      await subscriber.expectNothingMore();
    },
  );

  it.each([0, 1, 2] as const)("is what a PUBLISH of QoS %i may have, to the byte [MQTT-3.1.2-24]", async (qos) => {
    const topic = unique("client-limits/exact");
    const publisher = await connect(target.url);
    const free = await connect(target.url);
    const limited = await connect(target.url, limitedTo(120));
    for (const subscriber of [free, limited]) await subscriber.subscribe(topic, { qos });
    const fixedHeader = 2;
    const beforePayload = fixedHeader + 2 + topic.length + (qos > 0 ? 2 : 0) + 1;
    const sizes = [119, 120, 121, 122];
    for (const size of sizes) await publisher.publish(topic, "x".repeat(size - beforePayload), { qos });
    const lengths = async (subscriber: Connected) =>
      (await subscriber.restAfter(publisher, topic, { qos })).map(({ payload }) => payload.length + beforePayload);
    expect(await lengths(free)).toEqual(sizes);
    expect(await lengths(limited)).toEqual([119, 120]);
  });

  it("counts the properties as well [MQTT-3.1.2-24]", async () => {
    const topic = unique("client-limits/properties");
    const publisher = await connect(target.url);
    const subscriber = await connect(target.url, limitedTo(100));
    await subscriber.subscribe(topic, { qos: 1 });
    await publisher.publish(topic, "x", { qos: 1, properties: { userProperties: { name: "x".repeat(100) } } });
    await publisher.publish(topic, "last", { qos: 1 });
    await subscriber.message({ payload: "last" });
    await subscriber.expectNothingMore();
  });

  it("holds for the messages of the time away, and for retained ones [MQTT-3.1.2-24] [MQTT-3.1.2-25]", async () => {
    const { topic, publisher, client, again } = await awayScene(
      target.url,
      1,
      limitedTo(100, { sessionExpiryInterval: 600 }),
    );
    await client.disconnect();
    const retained = `${topic}/retained`;
    await publisher.publish(retained, "x".repeat(100), { qos: 1, retain: true });
    for (const payload of ["x".repeat(100), "last"]) await publisher.publish(topic, payload, { qos: 1 });
    const back = await again();
    await back.message({ payload: "last" });
    await back.subscribe(retained, { qos: 1 });
    await back.expectNothingMore();
    await publisher.publish(retained, "", { qos: 1, retain: true });
  });

  it("leaves no message behind for a connection without it [MQTT-3.1.2-25]", async () => {
    const kept = { sessionExpiryInterval: 600 };
    const { topic, publisher, client } = await awayScene(target.url, 2, limitedTo(100, kept));
    await publisher.publish(topic, "x".repeat(100), { qos: 2 });
    await publisher.publish(topic, "small", { qos: 2 });
    await client.message({ payload: "small" });
    client.drop();
    const back = await connect(target.url, { properties: kept, clean: false, clientId: client.clientId });
    expect(back.connack.sessionPresent).toBe(true);
    await back.expectNothingMore();
  });

  it.each(["subscribe", "unsubscribe"] as const)("holds for the answer to %s [MQTT-3.1.2-24]", async (cmd) => {
    const client = await connect(target.url, limitedTo(100));
    const topics = Array.from({ length: 120 }, (_, index) => unique(`client-limits/${index}`));
    if (cmd === "unsubscribe") client.send({ cmd, messageId: 1, unsubscriptions: topics });
    else client.send({ cmd, messageId: 1, subscriptions: topics.map((topic) => ({ topic, qos: 0 })) });
    client.send({ cmd: "pingreq" });
    // A broker may end the connection, or leave the answer out.
    const answer = await client.receiveBytes();
    expect(answer.length).toBeLessThanOrEqual(100);
    expect(["disconnect", "pingresp"]).toContain(client.decode(answer).cmd);
  });
});

describe("the client's Topic Alias Maximum", () => {
  it.each<[string, ConnectOptions]>([
    ["absent", {}],
    ["0", { properties: { topicAliasMaximum: 0 } }],
  ])("that is %s: it is sent no Topic Alias [MQTT-3.1.2-27]", async (_, options) => {
    const topic = unique("client-limits/alias");
    const publisher = await connect(target.url);
    const subscriber = await connect(target.url, options);
    await subscriber.subscribe(topic);
    for (let count = 0; count < 4; count++) {
      await publisher.publish(topic, "x");
      const message = await subscriber.message({ topic });
      expect(message.properties?.topicAlias).toBeUndefined();
    }
  });

  it.each([1, 3, 65_535])(
    "of %i is the highest Topic Alias it is sent, and each means one topic [MQTT-3.1.2-26]",
    async (topicAliasMaximum) => {
      const topics = Array.from({ length: 6 }, () => unique("client-limits/alias"));
      const publisher = await connect(target.url);
      const subscriber = await connect(target.url, { properties: { topicAliasMaximum } });
      await subscriber.subscribe(topics);
      const known = new Map<number, string>();
      for (const topic of [...topics, ...topics, ...[...topics].reverse()]) {
        await publisher.publish(topic, topic);
        const message = await subscriber.message();
        const alias = message.properties?.topicAlias;
        if (alias !== undefined) {
          expect(alias).toBeGreaterThan(0);
          expect(alias).toBeLessThanOrEqual(topicAliasMaximum);
          if (message.topic !== "") known.set(alias, message.topic);
        }
        expect(message.topic || known.get(alias ?? 0)).toBe(message.payload.toString());
      }
    },
  );
});

describe("Request Problem Information 0", () => {
  it("has the server explain nothing but CONNACK, PUBLISH and DISCONNECT [MQTT-3.1.2-29]", async () => {
    const client = await connect(target.url, { properties: { requestProblemInformation: false } });
    for (const packet of await answersToMistakes(client)) expectUnexplained(packet);
  });

  withSettings({ MAXIMUM_TOPIC_LEVELS: "8" }, (limited) => {
    it.each([true, false])("keeps back what a client hears that asks for it: %s [MQTT-3.1.2-29]", async (requested) => {
      const client = await connect(limited.url, { properties: { requestProblemInformation: requested } });
      for (const qos of [1, 2] as const) {
        const messageId = client.sendPublish("a/b/c/d/e/f/g/h/i", "x", { qos });
        const { properties } = await client.receive({
          cmd: qos === 1 ? "puback" : "pubrec",
          messageId,
          reasonCode: 0x90,
        });
        expect(properties?.reasonString !== undefined).toBe(requested);
      }
    });
  });

  it("does not keep back the User Properties of a message", async () => {
    const topic = unique("client-limits/problem");
    const client = await connect(target.url, { properties: { requestProblemInformation: false } });
    await client.subscribe(topic);
    await client.publish(topic, "x", { properties: { userProperties: { name: "value" } } });
    const message = await client.message({ topic });
    expect(message.properties?.userProperties).toMatchObject({ name: "value" });
  });

  /** All that a client may get wrong without losing its connection. */
  async function answersToMistakes(client: Connected): Promise<Packet[]> {
    const unmatched = unique("client-limits/nobody");
    // More than most servers take.
    const deep = `${unmatched}${"/x".repeat(300)}`;
    const publish = { cmd: "publish", payload: "x", dup: false, retain: false } as const;
    client.send({ ...publish, topic: unmatched, qos: 1, messageId: 1 });
    client.send({ cmd: "unsubscribe", messageId: 2, unsubscriptions: [unmatched] });
    client.send({ cmd: "pubrel", messageId: 3 });
    client.send({ cmd: "pubrec", messageId: 4 });
    client.send({ ...publish, topic: deep, qos: 2, messageId: 5 });
    client.send({ cmd: "subscribe", messageId: 6, subscriptions: [{ topic: deep, qos: 0 }] });
    const answers: Packet[] = [];
    while (answers.length < 6) {
      const answer = await client.receiveAny().catch(() => undefined);
      if (answer === undefined || answer.cmd === "disconnect") break;
      answers.push(answer);
    }
    expect(answers.length).toBeGreaterThan(0);
    return answers;
  }

  function expectUnexplained({ cmd, ...packet }: Packet): void {
    const properties = "properties" in packet ? (packet.properties as object | undefined) : undefined;
    expect(properties ?? {}, cmd).not.toHaveProperty("reasonString");
    expect(properties ?? {}, cmd).not.toHaveProperty("userProperties");
  }
});
