// Topics of 60,000 slashes, and those that nobody may publish to: refused by default, and no burden where the settings
// let them in.

import { describe, expect, it } from "vitest";
import { paths } from "../support/broker.ts";
import { useBrokerWithBystander } from "../support/bystander.ts";
import { connect, connectPacket, durable, unique } from "../support/connect.ts";
import { Conversation } from "../support/conversation.ts";

const slashes = "/".repeat(60_000);
const will = { topic: slashes, payload: Buffer.from("gone"), qos: 1 as const, retain: true };

describe("where the settings do not take 60,000 slashes", () => {
  const broker = useBrokerWithBystander();

  describe.each(paths)("a topic of 60,000 slashes over %s is refused, and the connection goes on", (path) => {
    const connected = () => {
      const clientId = unique("slashes");
      return connect(broker.url(path, clientId), { clientId });
    };

    it.each([false, true])("in PUBLISH, retained %s", async (retain) => {
      const client = await connected();
      expect(await client.publish(slashes, "x", { qos: 1, retain })).toBe(0x90);
      expect(await client.publish(slashes, "x", { qos: 2, retain })).toBe(0x90);
      client.sendPublish(slashes, "x", { retain });
      await client.ping();
    });

    it.each([
      ["a Topic Filter", slashes],
      ["with a # behind", `${slashes}#`],
      ["with a + before each", `${"+/".repeat(30_000)}+`],
      ["behind $share", `$share/g/${slashes}`],
    ])("in SUBSCRIBE, %s", async (_, filter) => {
      const client = await connected();
      expect((await client.subscribe(filter)).granted).toEqual([0x8f]);
      expect((await client.unsubscribe(filter)).granted).not.toEqual([0]);
      await client.ping();
    });

    it("in a Will, which refuses the connection", async () => {
      const clientId = unique("slashes");
      const client = await Conversation.open(broker.url(path, clientId));
      client.send(connectPacket({ clientId, will }));
      await client.receive({ cmd: "connack", reasonCode: 0x90 });
      await client.closed();
    });
  });

  describe.each(paths)("over %s", (path) => {
    it.each([0, 1, 2] as const)("`$SYS` is nobody's to publish to, at QoS %i [B26]", async (qos) => {
      const clientId = unique("sys");
      const client = await connect(broker.url(path, clientId), { clientId });
      await client.subscribe("$SYS/broker/forged", { qos: 2 });
      expect(await client.publish("$SYS/broker/forged", "x", { qos, retain: true })).toBe(qos === 0 ? 0 : 0x87);
      await client.expectNothingMore();
    });
  });
});

describe("where the settings take 60,000 slashes", () => {
  const broker = useBrokerWithBystander({ MAXIMUM_TOPIC_LEVELS: "65535", SHARE_PERCENT: "100" });

  it("they are published, retained, subscribed to and a Will like others, beside many at once", async () => {
    const [publisher, subscriber] = [await connect(broker.tcp), await connect(broker.tcp)];
    const filters = [slashes, `${slashes}#`, "+/".repeat(30_000)];
    for (const filter of filters) expect((await subscriber.subscribe(filter, { qos: 1 })).granted).toEqual([1]);
    // MAXIMUM_SUBSCRIPTION_BYTES bounds what they take of the topic object's memory.
    expect((await publisher.subscribe(slashes)).granted).toEqual([0x97]);
    await subscriber.unsubscribe(...filters.slice(1));
    for (let count = 0; count < 50; count += 1) publisher.sendPublish(slashes, `${count}`, { qos: 1, retain: true });
    for (let count = 0; count < 50; count += 1) await publisher.receive({ cmd: "puback", reasonCode: 0 });
    const messages = await subscriber.collect(50);
    expect(messages.map(({ payload }) => Number(payload))).toEqual(Array.from({ length: 50 }, (_, number) => number));
    const dying = await connect(broker.tcp, { will });
    dying.drop();
    await subscriber.message({ topic: slashes, payload: "gone" });
    const late = await connect(broker.tcp, durable());
    expect((await late.subscribe(slashes, { qos: 1 })).granted).toEqual([1]);
    await late.message({ topic: slashes, payload: "gone", retain: true });
  });
});
