// Subscription Identifiers. MQTT 5.0 sections 3.3.2.3.8 and 3.8.2.1.2. The identifiers of overlapping subscriptions are
// in overlapping-subscriptions.test.ts.

import type { IPublishPacket } from "mqtt-packet";
import { describe, expect, it } from "vitest";
import { connect, unique } from "../support/connect.ts";
import { connectAll } from "./publishing.ts";
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

  it("is one session's own", async () => {
    const topic = unique("identifier");
    const [publisher, one, other, none] = await connectAll(target.url, {}, {}, {}, {});
    await one.subscribe(topic, { identifier: 1 });
    await other.subscribe(topic, { identifier: 2 });
    await none.subscribe(topic);
    await publisher.publish(topic, "x");
    expect(identifiersOf(await one.message())).toEqual([1]);
    expect(identifiersOf(await other.message())).toEqual([2]);
    expect(identifiersOf(await none.message())).toEqual([]);
  });
});
