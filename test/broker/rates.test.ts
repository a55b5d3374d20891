// How often a client may publish, subscribe and connect, reached from outside. MQTT 5.0 has a reason code for each, and leaves the
// rest to the broker.

import { describe, expect, it } from "vitest";
import { paths, useBroker } from "../support/broker.ts";
import { connect, connectPacket, durable, unique } from "../support/connect.ts";
import { Conversation } from "../support/conversation.ts";

const broker = useBroker({
  variables: { MAXIMUM_PUBLISH_RATE: "10", MAXIMUM_SUBSCRIBE_RATE: "10", MAXIMUM_CONNECTS_PER_MINUTE: "3" },
});
/** Five seconds' worth. */
const burst = 50;

describe.each(paths)("over %s", (path) => {
  it("a client that publishes too often is disconnected: 0x96 [maximumPublishRate] [B75]", async () => {
    const clientId = unique("flooder");
    const [topic, url] = [unique("rates"), broker.url(path, clientId)];
    const subscriber = await connect(broker.tcp, durable());
    await subscriber.subscribe(topic, { qos: 1 });
    const publisher = await connect(url, { ...durable(), clientId });
    const payloads = Array.from({ length: burst + 10 }, (_, index) => `${index}`);
    // In one piece: no time passes between them.
    const packets = payloads.map((payload, index) =>
      publisher.encode({ cmd: "publish", topic, payload, qos: 1, messageId: index + 1, dup: false, retain: false }),
    );
    publisher.send(Buffer.concat(packets));
    expect((await publisher.receiveUntil("disconnect")).reasonCode).toBe(0x96);
    await publisher.closed();
    const arrived = await subscriber.collect(burst);
    expect(arrived.map(({ payload }) => payload.toString())).toEqual(payloads.slice(0, burst));
    const later = await connect(url, { ...durable(), clientId });
    await later.ping();
    await subscriber.expectNothingMore();
  });

  it("a client that subscribes too often is disconnected: 0x96 [maximumSubscribeRate] [B83]", async () => {
    const clientId = unique("subscriber");
    const [topic, url] = [unique("rates"), broker.url(path, clientId)];
    const filters = Array.from({ length: burst }, (_, index) => `${topic}/${index}`);
    const subscriber = await connect(url, { ...durable(), clientId });
    const { granted } = await subscriber.subscribe(filters);
    expect(granted).toEqual(filters.map(() => 0));
    subscriber.send({ cmd: "unsubscribe", messageId: 99, unsubscriptions: filters });
    expect((await subscriber.receiveUntil("disconnect")).reasonCode).toBe(0x96);
    await subscriber.closed();
    // Nothing of the packet that was one too many has happened.
    const later = await connect(url, { ...durable(), clientId });
    await (await connect(broker.tcp)).publish(`${topic}/0`, "still subscribed", { qos: 1 });
    await later.message({ payload: "still subscribed" });
  });

  it("a client identifier that connects too often is refused: 0x9F, 3.x: 3 [maximumConnectsPerMinute] [B76]", async () => {
    const clientId = unique("again");
    const [topic, url] = [unique("rates"), broker.url(path, clientId)];
    for (let count = 0; count < 2; count += 1) await (await connect(url, { ...durable(), clientId })).disconnect();
    const present = await connect(url, { ...durable(), clientId });
    await present.subscribe(topic, { qos: 1 });
    const [refused, older] = [await Conversation.open(url), await Conversation.open(url)];
    refused.send(connectPacket({ clientId }));
    await refused.receive({ cmd: "connack", reasonCode: 0x9f, sessionPresent: false });
    await refused.closed();
    older.send(connectPacket({ clientId, version: 4 }));
    await older.receive({ cmd: "connack", returnCode: 3 });
    await older.closed();
    await (await connect(broker.tcp)).publish(topic, "to the one that is there", { qos: 1 });
    await present.message({ payload: "to the one that is there" });
  });
});
