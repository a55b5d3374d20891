// A second connection with the client identifier of a connected client. MQTT 5.0 section 3.1.4, MQTT 3.1.1 section 3.1.4.

import { describe, expect, it } from "vitest";
import { connect, connectPacket, durable, unique } from "../support/connect.ts";
import { Conversation } from "../support/conversation.ts";
import { useTarget } from "./target.ts";

const target = useTarget();
const versions = [3, 4, 5] as const;

describe("a client that is connected already", () => {
  const pairs = versions.flatMap((before) => versions.map((after) => [before, after] as const));

  it.each(pairs.filter(([before]) => before === 5))(
    "of version %i is told 0x8E and closed when one of version %i takes over [MQTT-3.1.4-3] [B3]",
    async (before, after) => {
      const { first, second } = await takenOver(before, after);
      await first.ended(0x8e);
      await second.ping();
    },
  );

  it.each(pairs.filter(([before]) => before !== 5))(
    "of version %i is closed without a packet when one of version %i takes over [3.1.1 MQTT-3.1.4-2] [B3]",
    async (before, after) => {
      const { first, second } = await takenOver(before, after);
      await first.closed();
      await second.ping();
    },
  );

  async function takenOver(before: 3 | 4 | 5, after: 3 | 4 | 5) {
    const clientId = unique("taken");
    const first = await connect(target.url, { version: before, clientId });
    return { first, second: await connect(target.url, { version: after, clientId }) };
  }
});

describe("a client that takes over", () => {
  it.each(versions)("resumes the session with what was under way, in version %i [MQTT-3.1.2-5]", async (version) => {
    const topic = unique("takeover");
    const publisher = await connect(target.url);
    const first = await connect(target.url, durable(version));
    await first.subscribe(topic, { qos: 2 });
    await publisher.publish(topic, "one", { qos: 1 });
    await publisher.publish(topic, "two", { qos: 2 });
    const sent = [
      await first.receive({ cmd: "publish", payload: "one", dup: false }),
      await first.receive({ cmd: "publish", payload: "two", dup: false }),
    ];
    const second = await connect(target.url, { ...durable(version), clientId: first.clientId });
    // MQTT 3.1 has no flag to say so.
    if (version !== 3) expect(second.connack.sessionPresent).toBe(true);
    const again = await second.collect(2);
    expect(again.map(({ messageId, dup }) => ({ messageId, dup }))).toEqual(
      sent.map(({ messageId }) => ({ messageId, dup: true })),
    );
    await publisher.publish(topic, "three", { qos: 1 });
    await second.message({ topic, payload: "three" });
  });

  it("with Clean Start begins a new session [MQTT-3.1.2-4] [MQTT-3.1.4-4]", async () => {
    const topic = unique("takeover");
    const first = await connect(target.url, { ...durable(), clean: true });
    await first.subscribe(topic);
    const second = await connect(target.url, { ...durable(), clean: true, clientId: first.clientId });
    expect(second.connack.sessionPresent).toBe(false);
    await second.publish(topic, "for nobody");
    await second.expectNothingMore();
  });

  it("finds no session where that of the first ends with its connection [MQTT-4.1.0-2]", async () => {
    const topic = unique("takeover");
    const first = await connect(target.url);
    await first.subscribe(topic);
    const second = await connect(target.url, { ...durable(), clientId: first.clientId });
    expect(second.connack.sessionPresent).toBe(false);
    await second.publish(topic, "for nobody");
    await second.expectNothingMore();
  });

  it("is one of many at once: one of them stays connected [B3]", async () => {
    const clientId = unique("rush");
    const rush = await Promise.all(
      Array.from({ length: 6 }, async () => {
        const client = await Conversation.open(target.url);
        client.send(connectPacket({ clientId }));
        return client;
      }),
    );
    // When all have been answered, all but one have been taken over.
    for (const client of rush) await client.receive({ cmd: "connack" });
    for (const client of rush) client.send({ cmd: "pingreq" });
    const isLeft = (client: Conversation) =>
      client.receiveUntil("pingresp").then(
        () => true,
        () => false,
      );
    expect((await Promise.all(rush.map(isLeft))).filter(Boolean)).toHaveLength(1);
  });
});
