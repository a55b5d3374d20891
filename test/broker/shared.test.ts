// Shared subscriptions. MQTT 5.0 section 4.8.2.

import { describe, expect, it } from "vitest";
import { isForeign, useBroker } from "../support/broker.ts";
import { connect, durable, unique } from "../support/connect.ts";

const broker = useBroker();

describe("a shared subscription", () => {
  it.each([0, 1, 2] as const)("gives each QoS %i message to one member, and work to every member", async (qos) => {
    const topic = unique("shared/balance");
    const publisher = await connect(broker.tcp);
    const members = await Promise.all([connect(broker.tcp), connect(broker.ws), connect(broker.tcp, { version: 4 })]);
    for (const member of members) await member.subscribe(`$share/workers/${topic}`, { qos });
    const payloads = Array.from({ length: 60 }, (_, index) => `${index}`);
    for (const payload of payloads) await publisher.publish(topic, payload, { qos });
    await publisher.rest();
    const shares = await Promise.all(members.map((member) => member.rest()));
    expect(shares.flatMap((share) => share.map(({ payload }) => payload.toString())).sort()).toEqual(payloads.sort());
    for (const share of shares) expect(share.length).toBeGreaterThan(0);
  });

  it("stands beside other groups and plain subscriptions, each with its own copy", async () => {
    const topic = unique("shared/groups");
    const publisher = await connect(broker.tcp);
    const [one, two, plain] = await Promise.all([connect(broker.tcp), connect(broker.tcp), connect(broker.tcp)]);
    await one.subscribe(`$share/one/${topic}`);
    await two.subscribe(`$share/two/${topic}`);
    await plain.subscribe(topic);
    for (const payload of ["1", "2", "3"]) {
      await publisher.publish(topic, payload);
      for (const client of [one, two, plain]) await client.message({ topic, payload });
    }
  });

  it("respects the granted QoS and carries the identifier [MQTT-4.8.2-3]", async () => {
    const topic = unique("shared/qos");
    const [publisher, member] = [await connect(broker.tcp), await connect(broker.tcp)];
    await member.subscribe(`$share/g/${topic}/+`, { qos: 1, identifier: 9 });
    await publisher.publish(`${topic}/x`, "x", { qos: 2 });
    const message = await member.message({ topic: `${topic}/x`, qos: 1 });
    expect([message.properties?.subscriptionIdentifier].flat()).toEqual([9]);
  });

  it.skipIf(isForeign)("gets no retained messages", async () => {
    const topic = unique("shared/retained");
    const [publisher, member] = [await connect(broker.tcp), await connect(broker.tcp)];
    await publisher.publish(topic, "kept", { qos: 1, retain: true });
    await member.subscribe(`$share/g/${topic}`, { qos: 1 });
    await member.expectNothingMore();
  });

  it("leaves a member that has unsubscribed or gone out", async () => {
    const topic = unique("shared/leave");
    const filter = `$share/g/${topic}`;
    const publisher = await connect(broker.tcp);
    const [stays, leaves, goes] = await Promise.all([connect(broker.tcp), connect(broker.tcp), connect(broker.ws)]);
    for (const member of [stays, leaves, goes]) await member.subscribe(filter, { qos: 1 });
    expect((await leaves.unsubscribe(filter)).granted).toEqual([0]);
    await goes.disconnect();
    for (let number = 0; number < 6; number++) await publisher.publish(topic, `${number}`, { qos: 1 });
    expect((await stays.collect(6)).map(({ payload }) => payload.toString())).toEqual(["0", "1", "2", "3", "4", "5"]);
    await leaves.expectNothingMore();
  });

  it.skipIf(isForeign)("prefers a member that is connected to one that is away", async () => {
    const topic = unique("shared/away");
    const filter = `$share/g/${topic}`;
    const publisher = await connect(broker.tcp);
    const away = await connect(broker.tcp, { ...durable(), clean: true });
    const present = await connect(broker.tcp);
    for (const member of [away, present]) await member.subscribe(filter, { qos: 1 });
    await away.disconnect();
    for (let number = 0; number < 4; number++) await publisher.publish(topic, `${number}`, { qos: 1 });
    expect(await present.collect(4)).toHaveLength(4);
  });

  it("keeps messages for a durable member while all are away [MQTT-4.8.2-4]", async () => {
    const topic = unique("shared/alone");
    const publisher = await connect(broker.tcp);
    const member = await connect(broker.tcp, { ...durable(), clean: true });
    await member.subscribe(`$share/g/${topic}`, { qos: 1 });
    await member.disconnect();
    await publisher.publish(topic, "later", { qos: 1 });
    const back = await connect(broker.tcp, { ...durable(), clientId: member.clientId });
    await back.message({ topic, payload: "later" });
  });

  it("is not confused by a client whose identifier looks like a share", async () => {
    const topic = unique("shared/names");
    const name = unique("x");
    const publisher = await connect(broker.tcp);
    const member = await connect(broker.tcp, { clientId: name });
    const plain = await connect(broker.tcp, { clientId: `g/${name}` });
    await member.subscribe(`$share/g/${topic}`, { qos: 1 });
    await plain.subscribe(topic, { qos: 1 });
    await publisher.publish(topic, "both", { qos: 1 });
    for (const client of [member, plain]) await client.message({ topic, payload: "both" });
  });
});
