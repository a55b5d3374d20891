// Limits of the table in docs/SETTINGS.md, reached from outside: what the client is told, and that the connection goes on where it
// may. The rates are in rates.test.ts, time limits in connect.test.ts and behaviour.test.ts.

import { describe, expect, it } from "vitest";
import { useBroker } from "../support/broker.ts";
import { type ConnectOptions, connect, connectPacket, durable, unique } from "../support/connect.ts";
import { Conversation } from "../support/conversation.ts";
import { closeCode, refusedUpgrade, upgrade } from "../support/handshake.ts";

const broker = useBroker({
  variables: {
    MAXIMUM_PACKET_BYTES: "2000",
    MAXIMUM_CLIENT_ID_BYTES: "30",
    MAXIMUM_TOPIC_LEVELS: "8",
    MAXIMUM_TOPIC_BYTES: "64",
    MAXIMUM_USER_PROPERTIES: "2",
    MAXIMUM_SUBSCRIPTIONS: "40",
    MAXIMUM_SUBSCRIPTION_BYTES: "65536",
    RECEIVE_MAXIMUM: "2",
    MAXIMUM_IN_FLIGHT: "2",
    MAXIMUM_QUEUED_MESSAGES: "4",
    MAXIMUM_QUEUED_BYTES: "4000",
    TOPIC_ALIAS_MAXIMUM: "2",
    MAXIMUM_KEEP_ALIVE_SEC: "5",
    MAXIMUM_SESSION_EXPIRY_SEC: "60",
    MAXIMUM_PENDING_SOCKETS: "2",
    MAXIMUM_RETAINED_MESSAGES: "3",
    MAXIMUM_RETAINED_BYTES: "2500",
    // The limits themselves; the shares are in shares.test.ts.
    SHARE_PERCENT: "100",
  },
});
/** A namespace has topic objects of its own, and their limits to itself. */
const namespace = (name: string) => broker.ws.replace("/mqtt", `/ns/${name}/mqtt`);
const [tooManyLevels, tooLongTopic] = ["1/2/3/4/5/6/7/8/9", "x".repeat(65)];
const userProperties = { a: ["1", "2"], b: "3" };

/** CONNECT that is refused with this reason code. */
async function refused(reasonCode: number, options: ConnectOptions): Promise<void> {
  const client = await Conversation.open(broker.tcp);
  client.send(connectPacket(options));
  await client.receive({ cmd: "connack", reasonCode });
  await client.closed();
}

function willOn(topic: string, properties = {}): ConnectOptions {
  return { will: { topic, payload: "will" as string & Buffer, qos: 1, retain: false, properties } };
}

describe("a packet and its parts", () => {
  it("may be too large, as CONNACK says: 0x95 [maximumPacketBytes]", async () => {
    const client = await connect(broker.tcp);
    expect(client.connack.properties?.maximumPacketSize).toBe(2000);
    client.sendPublish("a", Buffer.alloc(2000), { qos: 1 });
    await client.ended(0x95);
  });

  it("may have too many levels or bytes in a topic: 0x90 [maximumTopicLevels] [maximumTopicBytes]", async () => {
    const client = await connect(broker.tcp);
    for (const topic of [tooManyLevels, tooLongTopic]) {
      expect(await client.publish(topic, "", { qos: 1 })).toBe(0x90);
      expect(await client.publish(topic, "", { qos: 2 })).toBe(0x90);
      expect((await client.subscribe(topic)).granted).toEqual([0x8f]);
      await refused(0x90, willOn(topic));
    }
  });

  it("may have too many user properties: 0x97 [maximumUserProperties]", async () => {
    const client = await connect(broker.tcp);
    expect(await client.publish("a", "", { qos: 1, properties: { userProperties } })).toBe(0x97);
    expect(await client.publish("a", "", { qos: 2, properties: { userProperties } })).toBe(0x97);
    await refused(0x97, willOn("a", { userProperties }));
  });

  it("may have a topic alias that is too high, as CONNACK says: 0x94 [topicAliasMaximum]", async () => {
    const client = await connect(broker.tcp);
    expect(client.connack.properties?.topicAliasMaximum).toBe(2);
    client.sendPublish("a", "", { properties: { topicAlias: 3 } });
    await client.ended(0x94);
  });
});

describe("a client identifier that is too long", () => {
  const clientId = "x".repeat(31);

  it("is refused in CONNACK: 0x85, before 5.0 return code 2 [maximumClientIdBytes]", async () => {
    await refused(0x85, { clientId });
    const older = await Conversation.open(broker.tcp);
    older.send(connectPacket({ version: 4, clientId }));
    await older.receive({ cmd: "connack", returnCode: 2 });
    await older.closed();
  });

  it.each(["", "/ns/other"])("is refused in the address, below %j: HTTP 400 [maximumClientIdBytes]", async (path) => {
    const { status, body } = await refusedUpgrade(`${broker.http}${path}/mqtt/${clientId}`);
    expect([status, body]).toEqual([400, "the client identifier in the address is not valid\n"]);
    const longest = await connect(`${broker.http.replace("http", "ws")}${path}/mqtt/${clientId.slice(1)}`, {
      clientId: clientId.slice(1),
    });
    await longest.ping();
  });
});

describe("a connection", () => {
  it("is told what keep alive and session expiry it gets [maximumKeepAliveSec] [maximumSessionExpirySec]", async () => {
    const { connack } = await connect(broker.tcp, { keepalive: 60, properties: { sessionExpiryInterval: 3600 } });
    expect(connack.properties).toMatchObject({ serverKeepAlive: 5, sessionExpiryInterval: 60 });
  });

  it("that says nothing makes room for others if there are too many [maximumPendingSockets]", async () => {
    const url = broker.wsNative(unique("pending"));
    const first = await upgrade(url);
    for (let count = 0; count < 2; count += 1) await upgrade(url);
    expect(await closeCode(first)).toBe(1013);
  });
});

describe("subscriptions", () => {
  const filters = (count: number, prefix = "") => Array.from({ length: count }, (_, index) => `${prefix}${index}`);

  it("may be too many of one session: 0x97 [maximumSubscriptions]", async () => {
    const client = await connect(namespace("subscriptions"));
    for (const prefix of ["a", "b"]) await client.subscribe(filters(20, prefix));
    expect((await client.subscribe(["one-more", "a0"], { qos: 1 })).granted).toEqual([0x97, 1]);
    await client.unsubscribe("a0");
    expect((await client.subscribe("one-more")).granted).toEqual([0]);
  });

  it("may take too much memory of a topic object: 0x97 [maximumSubscriptionBytes]", async () => {
    const [client, other] = [await connect(namespace("memory")), await connect(namespace("memory"))];
    await client.subscribe(filters(20, "a/2/3/4/5/6/7/"));
    const { granted } = await other.subscribe(filters(20, "b/2/3/4/5/6/7/"));
    expect(granted).toContain(0);
    expect(granted?.at(-1)).toBe(0x97);
    await client.unsubscribe(...filters(20, "a/2/3/4/5/6/7/"));
    expect((await other.subscribe("b/2/3/4/5/6/7/19")).granted).toEqual([0]);
  });
});

describe("messages on their way", () => {
  it("may be too many at QoS 2 before PUBREL, as CONNACK says: 0x93 [receiveMaximum]", async () => {
    const client = await connect(broker.tcp);
    expect(client.connack.properties?.receiveMaximum).toBe(2);
    for (let count = 0; count < 2; count += 1) {
      const messageId = client.sendPublish("a", "", { qos: 2 });
      await client.receive({ cmd: "pubrec", messageId });
    }
    client.sendPublish("a", "", { qos: 2 });
    await client.ended(0x93);
  });

  it("to a client wait behind those it has not acknowledged [maximumInFlight]", async () => {
    const topic = unique("flight");
    const [publisher, subscriber] = [await connect(broker.tcp), await connect(broker.tcp)];
    await subscriber.subscribe(topic, { qos: 1 });
    for (const payload of ["1", "2", "3"]) await publisher.publish(topic, payload, { qos: 1 });
    await publisher.publish(topic, "0");
    const { messageId = 0 } = await subscriber.receive({ cmd: "publish", payload: "1" });
    await subscriber.receive({ cmd: "publish", payload: "2" });
    await subscriber.receive({ cmd: "publish", payload: "0", qos: 0 });
    subscriber.send({ cmd: "puback", messageId });
    await subscriber.receive({ cmd: "publish", payload: "3" });
  });

  it.each([
    ["many [maximumQueuedMessages]", 10, 4],
    ["large [maximumQueuedBytes]", 1500, 2],
  ])("may be too %s for the queue of a session: 0x97, and those in it arrive", async (_, bytes, fitting) => {
    const topic = unique("queue");
    const subscriber = await connect(broker.tcp, durable());
    await subscriber.subscribe(topic, { qos: 1 });
    subscriber.drop();
    const publisher = await connect(broker.tcp);
    for (let count = 0; count < fitting; count += 1) {
      expect(await publisher.publish(topic, Buffer.alloc(bytes), { qos: 1 })).toBe(0);
    }
    expect(await publisher.publish(topic, Buffer.alloc(bytes), { qos: 1 })).toBe(0x97);
    expect(await publisher.publish(topic, Buffer.alloc(bytes), { qos: 2 })).toBe(0x97);
    const again = await connect(broker.tcp, { ...durable(), clientId: subscriber.clientId });
    expect(await again.rest()).toHaveLength(fitting);
  });
});

describe("retained messages of a topic object", () => {
  it.each([
    ["many", "[maximumRetainedMessages]", 10, 3],
    ["large", "[maximumRetainedBytes]", 1000, 2],
  ])("may be too %s: 0x97, and one that is cleared makes room %s", async (what, _, bytes, fitting) => {
    const client = await connect(namespace(`retained-${what}`));
    const retain = (topic: string, payload: Buffer) => client.publish(topic, payload, { qos: 1, retain: true });
    for (let count = 0; count < fitting; count += 1) expect(await retain(`${count}`, Buffer.alloc(bytes))).toBe(0x10);
    expect(await retain("one-more", Buffer.alloc(bytes))).toBe(0x97);
    await retain("0", Buffer.alloc(0));
    expect(await retain("one-more", Buffer.alloc(bytes))).toBe(0x10);
  });
});
