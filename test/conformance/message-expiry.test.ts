// The Message Expiry Interval: live, waiting and retained. MQTT 5.0 section 3.3.2.3.3. Here time itself has to pass,
// so the conversations are held side by side.

import { describe, expect, it } from "vitest";
import { type Connected, connect, durable, unique } from "../support/connect.ts";
import { passed } from "../support/time.ts";
import { connectAll, qosLevels, versions } from "./publishing.ts";
import { useTarget } from "./target.ts";

const target = useTarget();
/** In this time an interval of 1 s is over, even if a broker counts whole seconds. */
const overMs = 2_100;

/** Publishes at QoS 1 unless told otherwise. */
function publishExpiring(
  publisher: Connected,
  topic: string,
  payload: string,
  messageExpiryInterval: number,
  options: { qos?: 0 | 1 | 2; retain?: boolean } = {},
): Promise<number> {
  return publisher.publish(topic, payload, { qos: 1, ...options, properties: { messageExpiryInterval } });
}

/**
 * The next message has the interval that it was published with, less the time since then: whole seconds, so one more
 * or less is right.
 * @param publishedMs before it was published
 */
async function expectLess(subscriber: Connected, interval: number, publishedMs: number, waitedMs = 0): Promise<void> {
  const message = await subscriber.message();
  const elapsedSec = (performance.now() - publishedMs) / 1000;
  expect(message.properties?.messageExpiryInterval).toBeLessThanOrEqual(interval - Math.floor(waitedMs / 1000));
  expect(message.properties?.messageExpiryInterval).toBeGreaterThanOrEqual(interval - Math.ceil(elapsedSec));
}

describe.concurrent("a message with an expiry interval", () => {
  it.each(qosLevels)("keeps it when it is sent on at once, at QoS %i [MQTT-3.3.2-6]", async (qos) => {
    const topic = unique("expiry/live");
    const [publisher, subscriber] = await connectAll(target.url, {}, {});
    await subscriber.subscribe(topic, { qos });
    for (const interval of [60, 86_400, 0xffff_ffff]) {
      const publishedMs = performance.now();
      await publishExpiring(publisher, topic, "x", interval, { qos });
      await expectLess(subscriber, interval, publishedMs);
    }
  });

  it.each([1, 2] as const)(
    "has less of it when it has waited for its session, at QoS %i [MQTT-3.3.2-6]",
    async (qos) => {
      const topic = unique("expiry/waited");
      const [publisher, away] = await connectAll(target.url, {}, durable());
      await away.subscribe(topic, { qos });
      await away.disconnect();
      const publishedMs = performance.now();
      await publishExpiring(publisher, topic, "x", 60, { qos });
      await passed(overMs);
      const back = await connect(target.url, { ...durable(), clientId: away.clientId });
      await expectLess(back, 60, publishedMs, overMs);
    },
  );

  it("has less of it when it was retained [MQTT-3.3.2-6]", async () => {
    const topic = unique("expiry/retained");
    const [publisher, subscriber] = await connectAll(target.url, {}, {});
    const publishedMs = performance.now();
    await publishExpiring(publisher, topic, "x", 60, { retain: true });
    await passed(overMs);
    await subscriber.subscribe(topic);
    await expectLess(subscriber, 60, publishedMs, overMs);
  });

  it("has less of it when it has waited behind the client's Receive Maximum [MQTT-3.3.2-6]", async () => {
    const topic = unique("expiry/flow");
    const [publisher, subscriber] = await connectAll(target.url, {}, { properties: { receiveMaximum: 1 } });
    await subscriber.subscribe(topic, { qos: 1 });
    await publisher.publish(topic, "first", { qos: 1 });
    const { messageId = 0 } = await subscriber.receive({ cmd: "publish", payload: "first" });
    const publishedMs = performance.now();
    await publishExpiring(publisher, topic, "x", 60);
    await passed(overMs);
    subscriber.send({ cmd: "puback", messageId });
    await expectLess(subscriber, 60, publishedMs, overMs);
  });

  it("of 0 is not kept", async () => {
    const topic = unique("expiry/zero");
    const [publisher, away, later] = await connectAll(target.url, {}, durable(), {});
    await away.subscribe(topic, { qos: 1 });
    await away.disconnect();
    await publishExpiring(publisher, topic, "x", 0, { retain: true });
    await later.subscribe(topic);
    await later.expectNothingMore();
    const back = await connect(target.url, { ...durable(), clientId: away.clientId });
    await back.expectNothingMore();
  });
});

describe.concurrent("a message that has expired", () => {
  it.each(versions)(
    "does not go to a session of version %i that it has waited for, and others do [MQTT-3.3.2-5]",
    async (version) => {
      const topic = unique("expiry/session");
      const [publisher, away] = await connectAll(target.url, {}, durable(version));
      await away.subscribe(topic, { qos: 2 });
      await away.disconnect();
      for (const qos of [1, 2] as const) {
        await publishExpiring(publisher, topic, "short", 1, { qos });
        await publishExpiring(publisher, topic, `long ${qos}`, 60, { qos });
        await publisher.publish(topic, `endless ${qos}`, { qos });
        await publishExpiring(publisher, topic, "short", 1, { qos });
      }
      await passed(overMs);
      const back = await connect(target.url, { ...durable(version), clientId: away.clientId });
      const payloads = (await back.rest()).map(({ payload }) => payload.toString());
      expect(payloads).toEqual(["long 1", "endless 1", "long 2", "endless 2"]);
    },
  );

  it("does not go to a client whose Receive Maximum has held it back [MQTT-3.3.2-5]", async () => {
    const topic = unique("expiry/flow");
    const [publisher, subscriber] = await connectAll(target.url, {}, { properties: { receiveMaximum: 1 } });
    await subscriber.subscribe(topic, { qos: 1 });
    await publisher.publish(topic, "first", { qos: 1 });
    await publishExpiring(publisher, topic, "short", 1);
    await publisher.publish(topic, "last", { qos: 1 });
    const { messageId = 0 } = await subscriber.receive({ cmd: "publish", payload: "first" });
    await passed(overMs);
    subscriber.send({ cmd: "puback", messageId });
    await subscriber.message({ payload: "last" });
    await subscriber.expectNothingMore();
  });

  it.each(versions)("is no retained message any more, for version %i [MQTT-3.3.2-5]", async (version) => {
    const topic = unique("expiry/retained");
    const [publisher, early, late] = await connectAll(target.url, {}, { version }, { version });
    await publishExpiring(publisher, `${topic}/short`, "x", 1, { retain: true });
    await publishExpiring(publisher, `${topic}/long`, "x", 60, { retain: true });
    await early.subscribe(`${topic}/short`);
    await early.message({ topic: `${topic}/short`, retain: true });
    await passed(overMs);
    await late.subscribe([`${topic}/short`, `${topic}/+`]);
    await late.message({ topic: `${topic}/long`, retain: true });
    await late.expectNothingMore();
  });

  it("leaves no earlier retained message behind, section 3.3.1.3 [B28]", async () => {
    const topic = unique("expiry/replaced");
    const [publisher, subscriber] = await connectAll(target.url, {}, {});
    await publisher.publish(topic, "old", { qos: 1, retain: true });
    await publishExpiring(publisher, topic, "new", 1, { retain: true });
    await passed(overMs);
    await subscriber.subscribe(topic);
    await subscriber.expectNothingMore();
  });

  it("does not take a later retained message of its topic with it [MQTT-3.3.1-5]", async () => {
    const topic = unique("expiry/replaced");
    const [publisher, subscriber] = await connectAll(target.url, {}, {});
    await publishExpiring(publisher, topic, "old", 1, { retain: true });
    await publisher.publish(topic, "new", { qos: 1, retain: true });
    await passed(overMs);
    await subscriber.subscribe(topic);
    const message = await subscriber.message({ payload: "new" });
    expect(message.properties?.messageExpiryInterval).toBeUndefined();
  });
});

describe("a message without an expiry interval", () => {
  it.each(versions)("of version %i is sent on without one", async (version) => {
    const topic = unique("expiry/none");
    const [publisher, subscriber] = await connectAll(target.url, { version }, {});
    await subscriber.subscribe(topic);
    await publisher.publish(topic, "x");
    expect((await subscriber.message()).properties?.messageExpiryInterval).toBeUndefined();
  });
});
