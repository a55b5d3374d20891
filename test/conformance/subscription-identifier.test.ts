// Subscription Identifiers, and subscriptions that overlap. MQTT 5.0 sections 3.3.4 and 3.8.2.1.2.

import type { IPublishPacket } from "mqtt-packet";
import { describe, expect, it } from "vitest";
import { connect, unique } from "../support/connect.ts";
import { useTarget } from "./target.ts";

const target = useTarget();

const identifiersOf = ({ properties }: IPublishPacket): number[] =>
  [properties?.subscriptionIdentifier ?? []].flat().sort((one, other) => one - other);

describe("a subscription identifier", () => {
  it.each([1, 127, 128, 16_383, 16_384, 2_097_152, 268_435_455])(
    "of %i comes back with each message of the subscription [MQTT-3.3.4-3]",
    async (identifier) => {
      const topic = unique("identifier");
      const client = await connect(target.url);
      await client.subscribe(`${topic}/+`, { identifier });
      for (const level of ["a", "b"]) {
        await client.publish(`${topic}/${level}`, "x");
        expect(identifiersOf(await client.message())).toEqual([identifier]);
      }
    },
  );

  it("belongs to all filters of its SUBSCRIBE, and to no others", async () => {
    const topic = unique("identifier");
    const client = await connect(target.url);
    await client.subscribe([`${topic}/a`, `${topic}/b`], { identifier: 7 });
    await client.subscribe(`${topic}/c`);
    const seen: number[][] = [];
    for (const level of ["a", "b", "c"]) {
      await client.publish(`${topic}/${level}`, "x");
      seen.push(identifiersOf(await client.message()));
    }
    expect(seen).toEqual([[7], [7], []]);
  });

  it("comes with retained messages as well [MQTT-3.3.4-3]", async () => {
    const topic = unique("identifier");
    const client = await connect(target.url);
    await client.publish(topic, "x", { qos: 1, retain: true });
    await client.subscribe(topic, { identifier: 9 });
    expect(identifiersOf(await client.message({ retain: true }))).toEqual([9]);
  });

  it("changes with a SUBSCRIBE to the same filter, and goes with one that has none [MQTT-3.8.4-3]", async () => {
    const topic = unique("identifier");
    const client = await connect(target.url);
    const seen: number[][] = [];
    for (const identifier of [1, 2, undefined]) {
      await client.subscribe(topic, identifier === undefined ? {} : { identifier });
      await client.publish(topic, "x");
      seen.push(identifiersOf(await client.message()));
    }
    expect(seen).toEqual([[1], [2], []]);
  });
});

describe("overlapping subscriptions", () => {
  it("get the message at the highest of their QoS [MQTT-3.3.4-2]", async () => {
    const topic = unique("identifier");
    const [client, publisher] = [await connect(target.url), await connect(target.url)];
    await client.subscribe(`${topic}/#`, { qos: 0 });
    await client.subscribe(`${topic}/+`, { qos: 2 });
    await client.subscribe(`${topic}/x`, { qos: 1 });
    await publisher.publish(`${topic}/x`, "x", { qos: 2 });
    const copies = await client.rest();
    expect(Math.max(...copies.map(({ qos }) => qos))).toBe(2);
  });

  it("all have their identifiers in the message, or in the copy of their own [MQTT-3.3.4-4] [MQTT-3.3.4-5]", async () => {
    const topic = unique("identifier");
    const [client, publisher] = [await connect(target.url), await connect(target.url)];
    await client.subscribe(`${topic}/#`, { qos: 0, identifier: 1 });
    await client.subscribe(`${topic}/+`, { qos: 2, identifier: 268_435_455 });
    await client.subscribe(`${topic}/x`, { qos: 1, identifier: 300 });
    await client.subscribe("+/+/none", { qos: 1 });
    await publisher.publish(`${topic}/x`, "x", { qos: 2 });
    const copies = (await client.rest()).map(identifiersOf);
    if (copies.length === 1) expect(copies).toEqual([[1, 300, 268_435_455]]);
    else expect(copies.flat().sort((one, other) => one - other)).toEqual([1, 300, 268_435_455]);
  });

  it("may share one identifier", async () => {
    const topic = unique("identifier");
    const client = await connect(target.url);
    await client.subscribe([`${topic}/#`, `${topic}/x`], { identifier: 3 });
    await client.publish(`${topic}/x`, "x");
    const copies = await client.rest();
    expect(new Set(copies.flatMap(identifiersOf))).toEqual(new Set([3]));
  });

  it("keep to themselves when one of them is taken away", async () => {
    const topic = unique("identifier");
    const client = await connect(target.url);
    await client.subscribe(`${topic}/#`, { identifier: 1 });
    await client.subscribe(`${topic}/x`, { identifier: 2 });
    await client.unsubscribe(`${topic}/x`);
    await client.publish(`${topic}/x`, "x");
    expect(identifiersOf(await client.message())).toEqual([1]);
    await client.expectNothingMore();
  });
});
