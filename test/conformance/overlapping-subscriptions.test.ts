// A message that several subscriptions of one session match. The broker may send one copy for all of them, or one for
// each: these conversations hold with both. MQTT 5.0 sections 3.3.2.3.8 and 3.3.4.

import type { IPublishPacket } from "mqtt-packet";
import { describe, expect, it } from "vitest";
import { connect, durable, unique } from "../support/connect.ts";
import { connectAll, qosLevels, versions } from "./publishing.ts";
import { useTarget } from "./target.ts";

const target = useTarget();

function identifiersOf({ properties }: IPublishPacket): number[] {
  return [properties?.subscriptionIdentifier ?? []].flat().toSorted((one, other) => one - other);
}

/** Every identifier, each once, in one copy; or one copy for each subscription, with no other's identifier. */
function expectIdentifiers(
  copies: readonly IPublishPacket[],
  expected: readonly number[],
  subscriptions: number,
): void {
  const sent = copies.map(identifiersOf);
  if (copies.length === 1) {
    expect(sent).toEqual([expected]);
    return;
  }
  expect(copies.length).toBe(subscriptions);
  for (const each of sent) expect(each.length).toBeLessThanOrEqual(1);
  expect(sent.flat().toSorted((one, other) => one - other)).toEqual(expected);
}

describe("overlapping subscriptions", () => {
  it.each(versions)(
    "of version %i get a message at the highest QoS that any of them was granted [MQTT-3.3.4-2] [3.1.1 MQTT-3.3.5-1]",
    async (version) => {
      for (const granted of [
        [0, 1],
        [2, 0],
        [1, 2, 0],
        [0, 0, 1],
      ] as const) {
        const topic = unique("overlap/qos");
        const filters = [`${topic}/#`, `${topic}/x`, `${topic}/+`];
        const [publisher, subscriber] = await connectAll(target.url, {}, { version });
        for (const [index, qos] of granted.entries()) await subscriber.subscribe(filters[index] ?? "", { qos });
        for (const qos of qosLevels) {
          await publisher.publish(`${topic}/x`, "x", { qos });
          const copies = await subscriber.restAfter(publisher, `${topic}/x`, { qos });
          expect(Math.max(...copies.map((copy) => copy.qos))).toBe(Math.min(qos, Math.max(...granted)));
          if (copies.length === 1) continue;
          const each = granted.map((one) => Math.min(one, qos));
          expect(copies.map((copy) => copy.qos).toSorted()).toEqual(each.toSorted());
        }
      }
    },
  );

  it.each(qosLevels)(
    "get all their Subscription Identifiers with a message at QoS %i, in one copy or in several \
[MQTT-3.3.4-3] [MQTT-3.3.4-4] [MQTT-3.3.4-5]",
    async (qos) => {
      const topic = unique("overlap/identifiers");
      const [publisher, subscriber] = await connectAll(target.url, {}, {});
      await subscriber.subscribe(`${topic}/#`, { qos: 0, identifier: 1 });
      await subscriber.subscribe(`${topic}/+`, { qos: 2, identifier: 268_435_455 });
      await subscriber.subscribe(`${topic}/x`, { qos: 1, identifier: 300 });
      await subscriber.subscribe("overlap/+/x", { qos: 1 });
      await subscriber.subscribe(`${topic}/y`, { qos: 2, identifier: 7 });
      await publisher.publish(`${topic}/x`, "x", { qos });
      const messages = await subscriber.restAfter(publisher, `${topic}/x`, { qos });
      const copies = messages.filter((message) => message.topic === `${topic}/x`);
      expectIdentifiers(copies, [1, 300, 268_435_455], 4);
    },
  );

  it("with the same identifier get no other [MQTT-3.3.4-3]", async () => {
    const topic = unique("overlap/same");
    const [publisher, subscriber] = await connectAll(target.url, {}, {});
    await subscriber.subscribe([`${topic}/#`, `${topic}/x`], { identifier: 7 });
    await publisher.publish(`${topic}/x`, "x");
    await publisher.expectNothingMore();
    const sent = (await subscriber.rest()).flatMap(identifiersOf);
    expect(new Set(sent)).toEqual(new Set([7]));
  });

  it("have the identifiers they were last made with, or none [MQTT-3.3.4-3]", async () => {
    const topic = unique("overlap/replaced");
    const [publisher, subscriber] = await connectAll(target.url, {}, {});
    await subscriber.subscribe(topic, { identifier: 1 });
    await subscriber.subscribe(`${topic}/#`, { identifier: 2 });
    const expectAfter = async (identifiers: number[], subscriptions: number) => {
      await publisher.publish(topic, "x", { qos: 1 });
      expectIdentifiers(await subscriber.rest(), identifiers, subscriptions);
    };
    await expectAfter([1, 2], 2);
    await subscriber.subscribe(topic, { identifier: 3 });
    await expectAfter([2, 3], 2);
    await subscriber.subscribe(`${topic}/#`);
    await expectAfter([3], 2);
    await subscriber.unsubscribe(topic);
    await expectAfter([], 1);
  });

  it("keep their identifiers for a message that has waited for its session [MQTT-3.3.4-3]", async () => {
    const topic = unique("overlap/waited");
    const [publisher, away] = await connectAll(target.url, {}, durable());
    await away.subscribe(topic, { qos: 1, identifier: 1 });
    await away.subscribe(`${topic}/#`, { qos: 1, identifier: 2 });
    await away.disconnect();
    await publisher.publish(topic, "x", { qos: 1 });
    const back = await connect(target.url, { ...durable(), clientId: away.clientId });
    expectIdentifiers(await back.rest(), [1, 2], 2);
    await publisher.publish(topic, "x", { qos: 1 });
    expectIdentifiers(await back.rest(), [1, 2], 2);
  });
});
