// Shared subscriptions. MQTT 5.0 section 4.8.2.

import { describe, expect, it } from "vitest";
import { connect, durable, unique } from "../support/connect.ts";
import { field, rawPacket, twoBytes } from "../support/wire.ts";
import { useTarget } from "./target.ts";

const target = useTarget();

describe("the filter of a shared subscription", () => {
  it("starts with $share/ and a share name, and is matched without them [MQTT-4.8.2-1] [MQTT-4.8.2-2]", async () => {
    const topic = unique("shared");
    const [publisher, member] = [await connect(target.url), await connect(target.url)];
    for (const name of ["g", "a name with blanks", "ünï", "$", "0"]) {
      const filter = `$share/${name}/${topic}/+`;
      expect((await member.subscribe(filter, { qos: 1 })).granted).toEqual([1]);
      await publisher.publish(`${topic}/x`, name, { qos: 1 });
      await member.message({ topic: `${topic}/x`, payload: name });
      await member.unsubscribe(filter);
    }
    await publisher.publish(`${topic}/x`, "nobody", { qos: 1 });
    await member.expectNothingMore();
  });

  it.each(["$share/g", "$share/", "$share//a", "$share/g/"])(
    "%s has no share name or no filter, and is refused [MQTT-4.8.2-1] [MQTT-4.8.2-2] [B15]",
    expectRefused,
  );

  it.each(["$share/+/a", "$share/#/a", "$share/g+/a", "$share/g#/a", "$share/g/a#", "$share/g/#/a"])(
    "%s has a wildcard where it may not be, and is refused [MQTT-4.8.2-2]",
    expectRefused,
  );

  /** A refusal in SUBACK or the end of the connection: the standard names neither. */
  async function expectRefused(filter: string): Promise<void> {
    const client = await connect(target.url);
    const entries = ["good", filter].map((text) => Buffer.concat([field(text), Buffer.from([0])]));
    client.send(rawPacket(0x82, twoBytes(1), Buffer.from([0]), ...entries));
    const answer = await client.receiveAny();
    if (answer.cmd === "suback") expect(answer.granted).toEqual([0x00, 0x8f]);
    else expect(answer).toMatchObject({ cmd: "disconnect", reasonCode: expect.toBeOneOf([0x81, 0x82, 0x8f]) });
  }
});

describe("a shared subscription", () => {
  it.each([0, 1, 2] as const)(
    "gives each QoS %i message to one member, and work to every member [B48]",
    async (qos) => {
      const topic = unique("shared");
      const publisher = await connect(target.url);
      const members = [await connect(target.url), await connect(target.url), await connect(target.url)];
      for (const member of members) await member.subscribe(`$share/workers/${topic}`, { qos });
      const payloads = Array.from({ length: 60 }, (_, index) => `${index}`);
      for (const payload of payloads) await publisher.publish(topic, payload, { qos });
      await publisher.rest();
      const shares = await Promise.all(members.map((member) => member.rest()));
      expect(shares.flatMap((share) => share.map(({ payload }) => payload.toString())).sort()).toEqual(payloads.sort());
      for (const share of shares) expect(share.length).toBeGreaterThan(0);
    },
  );

  it("stands beside other groups and plain subscriptions, each with its own copy", async () => {
    const topic = unique("shared");
    const publisher = await connect(target.url);
    const clients = [await connect(target.url), await connect(target.url), await connect(target.url)] as const;
    const filters = [`$share/one/${topic}`, `$share/two/${topic}`, topic];
    for (const [index, client] of clients.entries()) await client.subscribe(filters[index] as string);
    for (const payload of ["1", "2", "3"]) {
      await publisher.publish(topic, payload);
      for (const client of clients) await client.message({ topic, payload });
    }
  });

  it("of one share name and other filters is another group", async () => {
    const topic = unique("shared");
    const [publisher, one, two] = [await connect(target.url), await connect(target.url), await connect(target.url)];
    await one.subscribe(`$share/g/${topic}/x`);
    await two.subscribe(`$share/g/${topic}/+`);
    await publisher.publish(`${topic}/x`, "both");
    for (const client of [one, two]) await client.message({ payload: "both" });
  });

  it("respects the granted QoS of each member, and carries its identifier [MQTT-4.8.2-3]", async () => {
    const topic = unique("shared");
    const publisher = await connect(target.url);
    for (const qos of [0, 1, 2] as const) {
      const member = await connect(target.url);
      await member.subscribe(`$share/g/${topic}/+`, { qos, identifier: 9 });
      await publisher.publish(`${topic}/x`, "x", { qos: 2 });
      const message = await member.message({ topic: `${topic}/x`, qos });
      expect([message.properties?.subscriptionIdentifier].flat()).toEqual([9]);
      await member.disconnect();
    }
  });

  it("gets no retained messages, whatever its Retain Handling [B51]", async () => {
    const topic = unique("shared");
    const [publisher, member] = [await connect(target.url), await connect(target.url)];
    await publisher.publish(topic, "kept", { qos: 1, retain: true });
    for (const rh of [0, 1, 0]) await member.subscribe(`$share/g/${topic}`, { qos: 1, rh });
    await member.expectNothingMore();
  });

  it("leaves a member that has unsubscribed or gone", async () => {
    const topic = unique("shared");
    const filter = `$share/g/${topic}`;
    const publisher = await connect(target.url);
    const [stays, leaves, goes] = [await connect(target.url), await connect(target.url), await connect(target.url)];
    for (const member of [stays, leaves, goes]) await member.subscribe(filter, { qos: 1 });
    await leaves.unsubscribe(filter);
    await goes.disconnect();
    for (let number = 0; number < 6; number++) await publisher.publish(topic, `${number}`, { qos: 1 });
    expect((await stays.collect(6)).map(({ payload }) => payload.toString())).toEqual(["0", "1", "2", "3", "4", "5"]);
    await leaves.expectNothingMore();
  });

  it("keeps messages for a durable member while all are away", async () => {
    const topic = unique("shared");
    const [publisher, member] = [await connect(target.url), await connect(target.url, durable())];
    await member.subscribe(`$share/g/${topic}`, { qos: 1 });
    await member.disconnect();
    await publisher.publish(topic, "later", { qos: 1 });
    const back = await connect(target.url, { ...durable(), clientId: member.clientId });
    await back.message({ topic, payload: "later" });
  });

  it("completes a QoS 2 delivery with the client it was begun with, when that is back [MQTT-4.8.2-4]", async () => {
    const { topic, begun, other, messageId } = await begunWithOneOfTwo();
    begun.drop();
    await other.expectNothingMore();
    const back = await connect(target.url, { ...durable(), clientId: begun.clientId });
    await back.receive({ cmd: "publish", topic, messageId, qos: 2, dup: true });
    back.send({ cmd: "pubrec", messageId });
    await back.receive({ cmd: "pubrel", messageId });
  });

  it("gives a QoS 2 delivery that was begun to nobody else when the session ends [MQTT-4.8.2-5]", async () => {
    const { begun, other } = await begunWithOneOfTwo();
    begun.drop();
    const clean = await connect(target.url, { clientId: begun.clientId, clean: true });
    await clean.expectNothingMore();
    await other.expectNothingMore();
  });

  it.each([1, 2] as const)(
    "gives a message that a member refuses at QoS %i to nobody else [MQTT-4.8.2-6]",
    async (qos) => {
      const { begun, other, messageId } = await begunWithOneOfTwo(qos);
      begun.send({ cmd: qos === 1 ? "puback" : "pubrec", messageId, reasonCode: 0x83 });
      await begun.expectNothingMore();
      await other.expectNothingMore();
    },
  );

  /** Two durable members; one of them has a PUBLISH that it has not answered. */
  async function begunWithOneOfTwo(qos: 1 | 2 = 2) {
    const topic = unique("shared");
    const publisher = await connect(target.url);
    const [begun, other] = [await connect(target.url, durable()), await connect(target.url, durable())];
    await begun.subscribe(`$share/g/${topic}`, { qos });
    await publisher.publish(topic, "begun", { qos });
    const { messageId = 0 } = await begun.receive({ cmd: "publish", topic, qos });
    await other.subscribe(`$share/g/${topic}`, { qos });
    return { topic, begun, other, messageId };
  }
});
