// Retain Handling: which SUBSCRIBE is followed by retained messages. MQTT 5.0 sections 3.3.1.3 and 3.8.3.1.

import { describe, expect, it } from "vitest";
import { connect, durable } from "../support/connect.ts";
import { connectAll, expectMessages, qosLevels } from "./publishing.ts";
import { retainedTopic } from "./retaining.ts";
import { useTarget } from "./target.ts";

const target = useTarget();
const kept = { payload: "kept", retain: true };

describe("Retain Handling 0", () => {
  it.each(qosLevels)(
    "sends retained messages at every SUBSCRIBE at QoS %i [MQTT-3.3.1-9] [MQTT-3.8.4-4] [B34]",
    async (qos) => {
      const topic = await retainedTopic(target.url, "kept", { qos });
      const subscriber = await connect(target.url);
      for (let time = 0; time < 3; time++) {
        await subscriber.subscribe(topic, { qos, rh: 0 });
        await subscriber.message({ ...kept, topic, qos });
      }
      await subscriber.expectNothingMore();
    },
  );

  it("sends them again in a resumed session, after SUBSCRIBE alone [MQTT-3.3.1-9]", async () => {
    const topic = await retainedTopic(target.url, "kept");
    const before = await connect(target.url, durable());
    await before.subscribe(topic, { rh: 0 });
    await before.message(kept);
    await before.disconnect();
    const after = await connect(target.url, { ...durable(), clientId: before.clientId });
    expect(after.connack.sessionPresent).toBe(true);
    await after.expectNothingMore();
    await after.subscribe(topic, { rh: 0 });
    await after.message(kept);
  });
});

describe("a SUBSCRIBE before MQTT 5.0", () => {
  it.each([3, 4] as const)(
    "of version %i is followed by retained messages, however often it comes [3.1.1 MQTT-3.3.1-6] [3.1.1 MQTT-3.8.4-3]",
    async (version) => {
      const topic = await retainedTopic(target.url, "kept");
      const subscriber = await connect(target.url, { version });
      for (const qos of [0, 1, 0] as const) {
        await subscriber.subscribe(topic, { qos });
        await subscriber.message({ ...kept, topic, qos });
      }
      await subscriber.expectNothingMore();
    },
  );

  it.each([3, 4] as const)("of version %i counts: resuming the session does not", async (version) => {
    const topic = await retainedTopic(target.url, "kept");
    const before = await connect(target.url, durable(version));
    await before.subscribe(topic);
    await before.message(kept);
    await before.disconnect();
    const after = await connect(target.url, { ...durable(version), clientId: before.clientId });
    await after.expectNothingMore();
  });
});

describe("Retain Handling 1", () => {
  it("sends them where the subscription did not exist, and not where it did [MQTT-3.3.1-10]", async () => {
    const topic = await retainedTopic(target.url, "kept");
    const subscriber = await connect(target.url);
    await subscriber.subscribe(topic, { rh: 1 });
    await subscriber.message({ ...kept, topic });
    // Other options, another identifier: the same subscription.
    await subscriber.subscribe(topic, { rh: 1, qos: 1 });
    await subscriber.subscribe(topic, { rh: 1, qos: 1, rap: true, identifier: 7 });
    await subscriber.expectNothingMore();
    await subscriber.unsubscribe(topic);
    await subscriber.subscribe(topic, { rh: 1 });
    await subscriber.message({ ...kept, topic });
    await subscriber.expectNothingMore();
  });

  it.each([0, 2])(
    "does not send them where the subscription was made with Retain Handling %i [MQTT-3.3.1-10]",
    async (rh) => {
      const topic = await retainedTopic(target.url, "kept");
      const subscriber = await connect(target.url);
      await subscriber.subscribe(topic, { rh });
      if (rh === 0) await subscriber.message(kept);
      await subscriber.subscribe(topic, { rh: 1 });
      await subscriber.expectNothingMore();
    },
  );

  it("does not send them in a resumed session, which has the subscription [MQTT-3.3.1-10]", async () => {
    const topic = await retainedTopic(target.url, "kept");
    const before = await connect(target.url, durable());
    await before.subscribe(topic, { rh: 1 });
    await before.message(kept);
    await before.disconnect();
    const after = await connect(target.url, { ...durable(), clientId: before.clientId });
    await after.subscribe(topic, { rh: 1 });
    await after.expectNothingMore();
    await after.disconnect();
    const anew = await connect(target.url, { ...durable(), clientId: before.clientId, clean: true });
    await anew.subscribe(topic, { rh: 1 });
    await anew.message(kept);
  });

  it("goes by the filter: another that matches the same topic is new [MQTT-3.3.1-10]", async () => {
    const topic = await retainedTopic(target.url, "kept");
    const subscriber = await connect(target.url);
    for (const filter of [topic, `${topic}/#`, topic.replace("retained", "+")]) {
      await subscriber.subscribe(filter, { rh: 1 });
      await subscriber.message({ ...kept, topic });
      await subscriber.expectNothingMore();
    }
  });

  it("counts a filter that stands twice in one SUBSCRIBE once [MQTT-3.3.1-10] [MQTT-3.8.4-5]", async () => {
    const topic = await retainedTopic(target.url, "kept");
    const subscriber = await connect(target.url);
    await subscriber.subscribe([topic, topic], { rh: 1 });
    await subscriber.message({ ...kept, topic });
    await subscriber.expectNothingMore();
  });
});

describe("Retain Handling 2", () => {
  it("sends none: at first, again, and after UNSUBSCRIBE [MQTT-3.3.1-11]", async () => {
    const topic = await retainedTopic(target.url, "kept");
    const subscriber = await connect(target.url);
    await subscriber.subscribe(topic, { rh: 2 });
    await subscriber.subscribe([topic, `${topic}/#`], { rh: 2, qos: 1 });
    await subscriber.unsubscribe(topic);
    await subscriber.subscribe(topic, { rh: 2 });
    await subscriber.expectNothingMore();
  });

  it("leaves live messages alone, those with RETAIN 1 too", async () => {
    const topic = await retainedTopic(target.url, "kept");
    const [publisher, subscriber] = await connectAll(target.url, {}, {});
    await subscriber.subscribe(topic, { rh: 2 });
    await publisher.publish(topic, "live", { qos: 1, retain: true });
    await subscriber.message({ topic, payload: "live", retain: false });
  });
});

describe("Retain Handling", () => {
  it("is each filter's own in one SUBSCRIBE [MQTT-3.3.1-9] [MQTT-3.3.1-10] [MQTT-3.3.1-11] [MQTT-3.8.4-5]", async () => {
    const topics = await Promise.all([0, 1, 2].map(() => retainedTopic(target.url, "kept")));
    const subscriber = await connect(target.url);
    const sent: string[][] = [];
    for (let time = 0; time < 2; time++) {
      const messageId = subscriber.nextPacketId();
      const subscriptions = topics.map((topic, rh) => ({ topic, qos: 1 as const, rh }));
      subscriber.send({ cmd: "subscribe", messageId, subscriptions });
      await subscriber.receive({ cmd: "suback", messageId, granted: [1, 1, 1] });
      sent.push((await subscriber.rest()).map(({ topic }) => topic));
    }
    expect(sent.map((names) => names.toSorted())).toEqual([topics.slice(0, 2).toSorted(), topics.slice(0, 1)]);
  });

  it("0 sends them for each of the filters that overlap, each with its own identifier [MQTT-3.3.1-9]", async () => {
    const topic = await retainedTopic(target.url, "kept");
    const subscriber = await connect(target.url);
    for (const [index, filter] of [`${topic}/#`, topic].entries()) {
      await subscriber.subscribe(filter, { rh: 0, qos: 1, identifier: index + 1 });
      const message = await subscriber.message({ ...kept, topic });
      expect([message.properties?.subscriptionIdentifier].flat()).toEqual([index + 1]);
    }
    await subscriber.expectNothingMore();
  });

  it("0 sends the newest of a topic, and then what is published live [MQTT-3.3.1-9] [MQTT-3.3.1-12] [B30]", async () => {
    const topic = await retainedTopic(target.url, "old");
    const [publisher, subscriber] = await connectAll(target.url, {}, {});
    await publisher.publish(topic, "newest", { qos: 1, retain: true });
    await subscriber.subscribe(topic, { qos: 1, rh: 0 });
    await publisher.publish(topic, "live", { qos: 1, retain: true });
    await expectMessages(subscriber, [
      { topic, payload: "newest", retain: true },
      { topic, payload: "live", retain: false },
    ]);
    await subscriber.expectNothingMore();
  });
});
