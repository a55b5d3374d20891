// One message at each QoS, in both directions. MQTT 5.0 sections 4.3.1 to 4.3.3.

import { describe, expect, it } from "vitest";
import { connect, unique } from "../support/connect.ts";
import { useTarget } from "./target.ts";

const target = useTarget();
const versions = [3, 4, 5] as const;

describe("at QoS 0", () => {
  it.each(versions)("to version %i, PUBLISH has no DUP and is not answered [MQTT-4.3.1-1]", async (version) => {
    const topic = unique("qos/0");
    const [publisher, subscriber] = [await connect(target.url), await connect(target.url, { version })];
    await subscriber.subscribe(topic, { qos: 2 });
    await publisher.publish(topic, "x", { qos: 0 });
    await subscriber.receive({ cmd: "publish", topic, qos: 0, dup: false });
    await publisher.expectNothingMore();
  });
});

describe("at QoS 1 from the client", () => {
  it.each(versions)(
    "of version %i, PUBLISH is answered with PUBACK, its packet identifier in it [MQTT-4.3.2-4] [MQTT-3.3.4-1]",
    async (version) => {
      const publisher = await connect(target.url, { version });
      for (const messageId of [1, 4711, 65_535]) {
        publisher.send(publishPacket(unique("qos/1"), messageId, 1));
        await publisher.receive({ cmd: "puback", messageId });
      }
    },
  );

  it.each(versions)(
    "of version %i, the same packet identifier after PUBACK is another message, whatever DUP says [MQTT-4.3.2-5]",
    async (version) => {
      const topic = unique("qos/1");
      const [publisher, subscriber] = [await connect(target.url, { version }), await connect(target.url)];
      await subscriber.subscribe(topic, { qos: 1 });
      for (const dup of [false, true, true]) {
        publisher.send({ ...publishPacket(topic, 7, 1), dup });
        await publisher.receive({ cmd: "puback", messageId: 7 });
      }
      expect(await subscriber.rest()).toHaveLength(3);
    },
  );
});

describe("at QoS 1 to the client", () => {
  it.each(versions)(
    "of version %i, PUBLISH has a packet identifier that is not in use, and no DUP [MQTT-4.3.2-1] [MQTT-4.3.2-2]",
    async (version) => {
      const topic = unique("qos/1");
      const [publisher, subscriber] = [await connect(target.url), await connect(target.url, { version })];
      await subscriber.subscribe(topic, { qos: 1 });
      for (let count = 0; count < 10; count++) await publisher.publish(topic, `${count}`, { qos: 1 });
      const used = new Set<number>();
      for (let count = 0; count < 10; count++) {
        const { messageId = 0 } = await subscriber.receive({ cmd: "publish", payload: `${count}`, qos: 1, dup: false });
        expect(messageId).toBeGreaterThan(0);
        used.add(messageId);
      }
      expect(used.size).toBe(10);
    },
  );

  it("PUBLISH counts as unacknowledged until PUBACK [MQTT-4.3.2-3]", async () => {
    const topic = unique("qos/1");
    const publisher = await connect(target.url);
    const subscriber = await connect(target.url, { properties: { receiveMaximum: 1 } });
    await subscriber.subscribe(topic, { qos: 1 });
    for (const payload of ["one", "two"]) await publisher.publish(topic, payload, { qos: 1 });
    const { messageId = 0 } = await subscriber.receive({ cmd: "publish", payload: "one" });
    await subscriber.expectNothingMore();
    subscriber.send({ cmd: "puback", messageId });
    await subscriber.receive({ cmd: "publish", payload: "two" });
  });
});

describe("at QoS 2 from the client", () => {
  it.each(versions)(
    "of version %i, PUBLISH is answered with PUBREC and PUBREL with PUBCOMP [MQTT-4.3.3-8] [MQTT-4.3.3-11]",
    async (version) => {
      const topic = unique("qos/2");
      const [publisher, subscriber] = [await connect(target.url, { version }), await connect(target.url)];
      await subscriber.subscribe(topic, { qos: 2 });
      for (const messageId of [1, 4711, 65_535]) {
        publisher.send(publishPacket(topic, messageId, 2));
        await publisher.receive({ cmd: "pubrec", messageId });
        publisher.send({ cmd: "pubrel", messageId });
        await publisher.receive({ cmd: "pubcomp", messageId });
      }
      expect(await subscriber.rest()).toHaveLength(3);
    },
  );

  it.each(
    versions.flatMap(
      (version) =>
        [
          ["with DUP", version, true],
          ["without DUP", version, false],
        ] as const,
    ),
  )(
    "a repeat %s of version %i before PUBREL is answered with PUBREC and goes to nobody again [MQTT-4.3.3-10]",
    async (_, version, dup) => {
      const topic = unique("qos/2");
      const [publisher, subscriber] = [await connect(target.url, { version }), await connect(target.url)];
      await subscriber.subscribe(topic, { qos: 2 });
      for (const isRepeat of [false, true, true]) {
        publisher.send({ ...publishPacket(topic, 9, 2), dup: isRepeat && dup });
        await publisher.receive({ cmd: "pubrec", messageId: 9 });
      }
      publisher.send({ cmd: "pubrel", messageId: 9 });
      await publisher.receive({ cmd: "pubcomp", messageId: 9 });
      expect(await subscriber.rest()).toHaveLength(1);
    },
  );

  it.each(versions)(
    "of version %i, the same packet identifier after PUBCOMP is another message [MQTT-4.3.3-12]",
    async (version) => {
      const topic = unique("qos/2");
      const [publisher, subscriber] = [await connect(target.url, { version }), await connect(target.url)];
      await subscriber.subscribe(topic, { qos: 2 });
      for (const dup of [false, true]) {
        publisher.send({ ...publishPacket(topic, 9, 2), dup });
        await publisher.receive({ cmd: "pubrec", messageId: 9 });
        publisher.send({ cmd: "pubrel", messageId: 9 });
        await publisher.receive({ cmd: "pubcomp", messageId: 9 });
      }
      expect(await subscriber.rest()).toHaveLength(2);
    },
  );

  it("a repeated PUBREL is answered each time; in 5.0 with 0x92 once there is nothing to release", async () => {
    const publisher = await connect(target.url);
    publisher.send(publishPacket(unique("qos/2"), 5, 2));
    await publisher.receive({ cmd: "pubrec", messageId: 5 });
    publisher.send({ cmd: "pubrel", messageId: 5 });
    await publisher.receive({ cmd: "pubcomp", messageId: 5, reasonCode: 0 });
    publisher.send({ cmd: "pubrel", messageId: 5 });
    await publisher.receive({ cmd: "pubcomp", messageId: 5, reasonCode: 0x92 });
  });

  it.each([3, 4] as const)(
    "of version %i, a PUBREL for nothing is answered with PUBCOMP [3.1.1 MQTT-4.3.3-2]",
    async (version) => {
      const publisher = await connect(target.url, { version });
      publisher.send({ cmd: "pubrel", messageId: 77 });
      await publisher.receive({ cmd: "pubcomp", messageId: 77 });
    },
  );

  it("the packet identifier of a PUBLISH that was refused is free: the next is another message [MQTT-4.3.3-9]", async () => {
    const topic = unique("qos/2");
    const [publisher, subscriber] = [await connect(target.url), await connect(target.url)];
    await subscriber.subscribe(topic, { qos: 2 });
    // A topic that brokers keep for themselves.
    publisher.send(publishPacket("$SYS/mine", 9, 2));
    const { reasonCode } = await publisher.receive({ cmd: "pubrec", messageId: 9 });
    expect(reasonCode).toBeGreaterThanOrEqual(0x80);
    publisher.send({ ...publishPacket(topic, 9, 2), dup: true });
    await publisher.receive({ cmd: "pubrec", messageId: 9, reasonCode: 0 });
    publisher.send({ cmd: "pubrel", messageId: 9 });
    await publisher.receive({ cmd: "pubcomp", messageId: 9, reasonCode: 0 });
    expect(await subscriber.rest()).toHaveLength(1);
  });

  it("an expired message's exchange goes on to its end [MQTT-4.3.3-13]", async () => {
    const topic = unique("qos/2");
    const publisher = await connect(target.url);
    const properties = { messageExpiryInterval: 0 };
    publisher.send({ ...publishPacket(topic, 3, 2), properties });
    await publisher.receive({ cmd: "pubrec", messageId: 3 });
    publisher.send({ cmd: "pubrel", messageId: 3 });
    await publisher.receive({ cmd: "pubcomp", messageId: 3, reasonCode: 0 });
  });
});

describe("at QoS 2 to the client", () => {
  it.each(versions)(
    "of version %i, PUBLISH has an unused packet identifier and no DUP; PUBREL follows PUBREC [MQTT-4.3.3-1] [MQTT-4.3.3-2] [MQTT-4.3.3-4]",
    async (version) => {
      const topic = unique("qos/2");
      const [publisher, subscriber] = [await connect(target.url), await connect(target.url, { version })];
      await subscriber.subscribe(topic, { qos: 2 });
      for (let count = 0; count < 5; count++) await publisher.publish(topic, `${count}`, { qos: 2 });
      const used = new Set<number>();
      for (let count = 0; count < 5; count++) {
        const { messageId = 0 } = await subscriber.receive({ cmd: "publish", payload: `${count}`, qos: 2, dup: false });
        expect(messageId).toBeGreaterThan(0);
        used.add(messageId);
      }
      expect(used.size).toBe(5);
      for (const messageId of used) {
        subscriber.send({ cmd: "pubrec", messageId });
        await subscriber.receive({ cmd: "pubrel", messageId });
        subscriber.send({ cmd: "pubcomp", messageId });
      }
      await subscriber.expectNothingMore();
    },
  );

  it("PUBLISH counts as unacknowledged until PUBREC [MQTT-4.3.3-3]", async () => {
    const { subscriber, messageId } = await oneInFlight();
    await subscriber.expectNothingMore();
    subscriber.send({ cmd: "pubrec", messageId });
    await subscriber.receive({ cmd: "pubrel", messageId });
  });

  it("PUBREL counts as unacknowledged until PUBCOMP [MQTT-4.3.3-5]", async () => {
    const { subscriber, messageId } = await oneInFlight();
    subscriber.send({ cmd: "pubrec", messageId });
    await subscriber.receive({ cmd: "pubrel", messageId });
    await subscriber.expectNothingMore();
    subscriber.send({ cmd: "pubcomp", messageId });
    await subscriber.receive({ cmd: "publish", payload: "next" });
  });

  it("a repeated PUBREC is answered with PUBREL again, never with PUBLISH [MQTT-4.3.3-6]", async () => {
    const { subscriber, messageId } = await oneInFlight();
    for (let count = 0; count < 3; count++) {
      subscriber.send({ cmd: "pubrec", messageId });
      await subscriber.receive({ cmd: "pubrel", messageId });
    }
    await subscriber.expectNothingMore();
  });

  it("a PUBREC for nothing is answered with PUBREL 0x92 [B18]", async () => {
    const subscriber = await connect(target.url);
    subscriber.send({ cmd: "pubrec", messageId: 321 });
    await subscriber.receive({ cmd: "pubrel", messageId: 321, reasonCode: 0x92 });
  });

  /** A subscriber that has a message in flight, and another, "next", behind it, which waits for it to end. */
  async function oneInFlight() {
    const topic = unique("qos/2");
    const publisher = await connect(target.url);
    const subscriber = await connect(target.url, { properties: { receiveMaximum: 1 } });
    await subscriber.subscribe(topic, { qos: 2 });
    for (const payload of ["first", "next"]) await publisher.publish(topic, payload, { qos: 2 });
    const { messageId = 0 } = await subscriber.receive({ cmd: "publish", payload: "first" });
    return { subscriber, messageId };
  }
});

function publishPacket(topic: string, messageId: number, qos: 1 | 2) {
  return { cmd: "publish", topic, payload: "x", qos, messageId, dup: false, retain: false } as const;
}
