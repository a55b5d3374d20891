// Idle objects hibernate: after 6 s they can afford to lose their memory, and 10 s later the platform takes it. They
// keep their sockets, and after waking nothing is different. Both kinds of session are set up before one waiting time,
// and looked at after it.

import { generate, type IPublishPacket } from "mqtt-packet";
import { beforeAll, describe, expect, it } from "vitest";
import { asked, auth, authenticated } from "../support/authenticating.ts";
import { useBroker } from "../support/broker.ts";
import { type Connected, type ConnectOptions, connect, connectPacket, unique } from "../support/connect.ts";
import type { Conversation } from "../support/conversation.ts";
import { clientFrame, closeCode, type Upgraded, upgrade } from "../support/handshake.ts";
import { ScramClient, scramUser } from "../support/scram-client.ts";
import { passed, timed } from "../support/time.ts";
import { hex } from "../support/wire.ts";

const receiveMaximum = 3;
const broker = useBroker({
  variables: { SCRAM_USERS: scramUser("user", "pencil"), RECEIVE_MAXIMUM: `${receiveMaximum}` },
});

type Scene = {
  client: Connected;
  /** Subscribed to what the client publishes. */
  watcher: Connected;
  received: IPublishPacket[];
  topic: string;
  /** What the alias 1 stands for. */
  aliased: string;
  /** Delivered to the client and not acknowledged: at QoS 1, at QoS 2, and at QoS 2 after PUBREC. */
  open: [IPublishPacket, IPublishPacket, IPublishPacket];
};

const kinds: Record<string, ConnectOptions> = {
  "a session that ends with its connection": { properties: { topicAliasMaximum: 5 } },
  "a durable session": { properties: { topicAliasMaximum: 5, sessionExpiryInterval: 600 } },
};
const scenes = new Map<string, Scene>();
/** A client that has begun to authenticate again. */
let halfway: { client: Conversation; scram: ScramClient; serverFirst: Buffer | undefined };
/** A client that has all the messages that its Receive Maximum lets through, and one that waits. */
let full: { client: Connected; topic: string; inFlight: IPublishPacket[] };
/** A client that has used up the broker's Receive Maximum. */
let spent: { client: Connected; topic: string };
/** Members of a shared subscription, both there. */
let group: { members: Connected[]; topic: string };
/** A WebSocket that is closed without DISCONNECT after the hibernation, and the topic of its Will. */
let leaving: { webSocket: Upgraded; topic: string };
/** How long a client with a keep alive was silent before it was closed. */
let silenceMs: Promise<number>;
const quiet = { topic: unique("hibernation/retained"), will: unique("hibernation/will") };

async function setScene(options: ConnectOptions): Promise<Scene> {
  const clientId = unique("sleeper");
  const [topic, aliased] = [unique("hibernation/topic"), unique("hibernation/aliased")];
  // No keep alive: nothing but the socket holds the session.
  const will = { topic: quiet.will, payload: clientId, qos: 1 as const, retain: false };
  const client = await connect(broker.wsNative(clientId), { ...options, clientId, keepalive: 0, will });
  await client.subscribe(topic, { qos: 2, identifier: 77 });
  const watcher = await connect(broker.tcp);
  await watcher.subscribe(aliased, { qos: 2 });
  await client.publish(aliased, "sets the alias", { properties: { topicAlias: 1 } });
  client.send({ cmd: "publish", topic: aliased, payload: "half", qos: 2, dup: false, retain: false, messageId: 900 });
  await client.receive({ cmd: "pubrec", messageId: 900 });
  const publisher = await connect(broker.tcp);
  for (const qos of [1, 2, 2] as const) await publisher.publish(topic, `open ${qos}`, { qos });
  const open: IPublishPacket[] = [];
  for (let count = 0; count < 3; count++) open.push(await client.receive({ cmd: "publish", dup: false }));
  client.send({ cmd: "pubrec", messageId: open[2]?.messageId ?? 0 });
  await client.receive({ cmd: "pubrel", messageId: open[2]?.messageId });
  await publisher.disconnect();
  return { client, watcher, received: [], topic, aliased, open: open as Scene["open"] };
}

async function authenticateHalfway() {
  const clientId = unique("sleeper");
  const client = await authenticated(broker.wsNative(clientId), { clientId, keepalive: 0 });
  const scram = new ScramClient("user", "pencil");
  client.send(auth(scram.first(), 0x19));
  return { client, scram, serverFirst: await asked(client) };
}

/** In a session that ends with its connection; no keep alive: nothing but the socket holds it. */
function sleeper(options: ConnectOptions = {}): Promise<Connected> {
  const clientId = unique("sleeper");
  return connect(broker.wsNative(clientId), { clientId, keepalive: 0, ...options });
}

async function setFull(publisher: Connected) {
  const [client, topic] = [await sleeper({ properties: { receiveMaximum: 2 } }), unique("hibernation/full")];
  await client.subscribe(topic, { qos: 1 });
  for (const payload of ["1", "2", "3"]) await publisher.publish(topic, payload, { qos: 1 });
  const inFlight = [await client.receive({ cmd: "publish" }), await client.receive({ cmd: "publish" })];
  return { client, topic, inFlight };
}

async function setSpent() {
  const [client, topic] = [await sleeper(), unique("hibernation/spent")];
  for (let count = 0; count < receiveMaximum; count++) {
    const messageId = client.sendPublish(topic, "open", { qos: 2 });
    await client.receive({ cmd: "pubrec", messageId });
  }
  return { client, topic };
}

async function setLeaving() {
  const [clientId, topic] = [unique("sleeper"), unique("hibernation/left")];
  const webSocket = await upgrade(broker.wsNative(clientId), { "Sec-WebSocket-Protocol": "mqtt" });
  const will = { topic, payload: Buffer.from("gone"), qos: 0 as const, retain: false };
  webSocket.socket.write(clientFrame(generate(connectPacket({ version: 4, clientId, will, keepalive: 0 }))));
  return { webSocket, topic };
}

async function setGroup() {
  const topic = unique("hibernation/group");
  const members = [await sleeper(), await sleeper({ version: 4 })];
  for (const member of members) await member.subscribe(`$share/g/${topic}`, { qos: 1 });
  return { members, topic };
}

beforeAll(async () => {
  for (const [kind, options] of Object.entries(kinds)) scenes.set(kind, await setScene(options));
  halfway = await authenticateHalfway();
  const publisher = await connect(broker.tcp);
  await publisher.publish(quiet.topic, "kept", { qos: 1, retain: true });
  full = await setFull(publisher);
  spent = await setSpent();
  group = await setGroup();
  leaving = await setLeaving();
  await publisher.disconnect();
  // Over later than the hibernation begins.
  const silent = await sleeper({ keepalive: 12 });
  silenceMs = timed(silent.receive({ cmd: "disconnect", reasonCode: 0x8d }, { timeoutMs: 40_000 }));
  await passed(17_000);
}, 60_000);

describe.each(Object.keys(kinds))("%s, after a hibernation", (kind) => {
  const scene = () => scenes.get(kind) as Scene;

  it("receives, under an identifier that is not in use [MQTT-2.2.1-4]", async () => {
    const { client, topic, open } = scene();
    const publisher = await connect(broker.tcp);
    for (let count = 0; count < 5; count++) await publisher.publish(topic, `new ${count}`, { qos: 1 });
    const inUse = open.map(({ messageId }) => messageId);
    const learned = open.find(({ properties }) => properties?.topicAlias !== undefined)?.properties?.topicAlias;
    for (let count = 0; count < 5; count++) {
      const message = await client.message({ payload: `new ${count}`, dup: false });
      // The broker's own alias is known on both sides still.
      if (learned !== undefined) expect([message.topic, message.properties?.topicAlias]).toEqual(["", learned]);
      else expect(message.topic).toBe(topic);
      expect([message.properties?.subscriptionIdentifier].flat()).toEqual([77]);
      expect(inUse).not.toContain(message.messageId);
    }
  });

  it("knows the client's topic alias", async () => {
    const { client, watcher, received, aliased } = scene();
    await client.publish("", "by alias", { qos: 1, properties: { topicAlias: 1 } });
    received.push(...(await watcher.rest()));
    expect(received.at(-1)).toMatchObject({ topic: aliased, payload: Buffer.from("by alias") });
  });

  it("goes on with the QoS 2 message that it had begun to take [MQTT-4.3.3-10]", async () => {
    const { client, watcher, received, aliased } = scene();
    const again = { topic: aliased, payload: "half", qos: 2, dup: true, retain: false, messageId: 900 } as const;
    client.send({ cmd: "publish", ...again });
    await client.receive({ cmd: "pubrec", messageId: 900 });
    client.send({ cmd: "pubrel", messageId: 900 });
    await client.receive({ cmd: "pubcomp", messageId: 900 });
    // The broker may hand it on at PUBLISH or at PUBREL: once in all.
    received.push(...(await watcher.rest()));
    expect(received.filter(({ payload }) => payload.toString() === "half")).toHaveLength(1);
  });

  it("accepts the acknowledgements of what it had begun to send, and sends none of it again [MQTT-4.4.0-1]", async () => {
    const { client, open } = scene();
    const [one, two, three] = open.map(({ messageId }) => messageId ?? 0);
    client.send({ cmd: "puback", messageId: one ?? 0 });
    client.send({ cmd: "pubrec", messageId: two ?? 0 });
    await client.receive({ cmd: "pubrel", messageId: two, reasonCode: 0 });
    client.send({ cmd: "pubcomp", messageId: two ?? 0 });
    client.send({ cmd: "pubcomp", messageId: three ?? 0 });
    await client.expectNothingMore();
  });

  it("answers PINGREQ, subscribes and unsubscribes", async () => {
    const { client, topic } = scene();
    await client.ping();
    await client.subscribe(quiet.topic, { qos: 1 });
    const message = await client.message({ payload: "kept", retain: true });
    expect(message.topic || quiet.topic).toBe(quiet.topic);
    expect((await client.unsubscribe(topic, `${topic}/other`)).granted).toEqual([0, 0x11]);
  });

  it("has its Will", async () => {
    const { client } = scene();
    const watcher = await connect(broker.tcp);
    await watcher.subscribe(quiet.will);
    client.drop();
    await watcher.message({ topic: quiet.will, payload: client.clientId });
  });
});

describe("a session that ends with its connection, after a hibernation", () => {
  it("sends no more than the Receive Maximum, with what it sent before [MQTT-3.3.4-9]", async () => {
    const { client, topic, inFlight } = full;
    const publisher = await connect(broker.tcp);
    await publisher.publish(topic, "4", { qos: 1 });
    await client.ping();
    for (const [index, { messageId = 0 }] of inFlight.entries()) {
      client.send({ cmd: "puback", messageId });
      await client.receive({ cmd: "publish", payload: `${3 + index}`, dup: false });
      await client.ping();
    }
  });

  it("counts the QoS 2 messages that the client left open before [MQTT-3.3.4-7]", async () => {
    const { client, topic } = spent;
    client.sendPublish(topic, "too much", { qos: 2 });
    await client.ended(0x93);
  });

  it("has its client's Close frame answered, and publishes its Will [MQTT-3.1.2-8]", async () => {
    const { webSocket, topic } = leaving;
    const watcher = await connect(broker.tcp);
    await watcher.subscribe(topic);
    webSocket.socket.write(clientFrame(hex("03 e8"), 8));
    expect(await closeCode(webSocket)).toBe(1000);
    await watcher.message({ payload: "gone" });
  });

  it("is a member of its shared subscription", async () => {
    const { members, topic } = group;
    const publisher = await connect(broker.tcp);
    for (const payload of ["1", "2", "3", "4"]) await publisher.publish(topic, payload, { qos: 1 });
    for (const member of members) expect(await member.rest()).toHaveLength(2);
  });

  it("is closed when its client is silent for 1.5 times its keep alive [MQTT-3.1.2-22]", async () => {
    expect(await silenceMs).toBeGreaterThan(17_500);
    expect(await silenceMs).toBeLessThan(22_000);
  });
});

describe("a re-authentication", () => {
  it("is completed after a hibernation [MQTT-4.12.1-1]", async () => {
    const { client, scram, serverFirst } = halfway;
    client.send(auth(scram.final(serverFirst)));
    const { properties } = auth(scram.serverFinal);
    await client.receive({ cmd: "auth", reasonCode: 0, properties: { ...properties } });
  });
});
