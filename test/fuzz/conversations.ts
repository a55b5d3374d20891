// What a well-behaved client says from CONNECT on: what the mutations start from. Packet by packet, as bytes.

import { generate, type Packet } from "mqtt-packet";
import type { Random } from "../support/random.ts";

/** So few that connections take each other over, and sessions are found again. */
const clientIds = Array.from({ length: 12 }, (_, index) => `fuzz${index}`);
const topics = ["fuzz/a", "fuzz/b", "fuzz/a/b", "fuzz//", "fuzz/ü", "$SYS/fuzz"];
const filters = ["fuzz/#", "fuzz/+", "fuzz/a", "fuzz/+/b", "$share/g/fuzz/#", "$share/h/fuzz/a", "$SYS/#"];

export type Conversation = { readonly clientId: string; readonly packets: readonly Buffer[] };

export function conversationOf(random: Random): Conversation {
  const version = random.pick([3, 4, 5, 5] as const);
  // Now and then a session that nobody takes over.
  const clientId = random.chance(1 / 5) ? `own${random.below(1_000_000)}` : random.pick(clientIds);
  const packets: object[] = [connectOf(random, version, clientId)];
  for (let count = 1 + random.below(12); count > 0; count -= 1) packets.push(...exchangeOf(random, version, count));
  if (random.chance(1 / 2)) packets.push({ cmd: "disconnect", reasonCode: version === 5 ? random.pick([0, 4]) : 0 });
  return { clientId, packets: packets.map((packet) => generate(packet as Packet, { protocolVersion: version })) };
}

function connectOf(random: Random, version: 3 | 4 | 5, clientId: string): object {
  const will = { topic: random.pick(topics), payload: "gone", qos: random.below(3), retain: random.chance(1 / 2) };
  const userProperties = { a: "b", c: "d" };
  const properties = {
    sessionExpiryInterval: random.pick([0, 5, 3600]),
    receiveMaximum: random.pick([1, 20, 65_535]),
    topicAliasMaximum: random.below(20),
    userProperties,
    ...(random.chance(1 / 3) ? { maximumPacketSize: random.pick([50, 1000]) } : {}),
    ...(random.chance(1 / 6)
      ? { authenticationMethod: "SCRAM-SHA-256", authenticationData: Buffer.from("n,,n=user,r=x") }
      : {}),
  };
  const willProperties = { willDelayInterval: random.below(3), messageExpiryInterval: 60, userProperties };
  return {
    cmd: "connect",
    protocolId: version === 3 ? "MQIsdp" : "MQTT",
    protocolVersion: version,
    clientId,
    clean: random.chance(1 / 2),
    keepalive: random.pick([0, 1, 60, 65_535]),
    ...(version === 5 ? { properties } : {}),
    ...(random.chance(1 / 2) ? { will: version === 5 ? { ...will, properties: willProperties } : will } : {}),
    ...(random.chance(1 / 3) ? { username: "user", password: "pencil" } : {}),
  };
}

function exchangeOf(random: Random, version: 3 | 4 | 5, messageId: number): object[] {
  switch (random.below(8)) {
    case 0:
      return [{ cmd: "pingreq" }];
    case 1:
      return [{ cmd: "unsubscribe", messageId, unsubscriptions: [random.pick(filters), random.pick(filters)] }];
    case 2:
      return version === 5 ? [reauthentication] : [{ cmd: "pingreq" }];
    case 3:
    case 4:
      return [{ cmd: "subscribe", messageId, subscriptions: [subscriptionOf(random), subscriptionOf(random)] }];
    default:
      return publishOf(random, version, messageId);
  }
}

const reauthentication = {
  cmd: "auth",
  reasonCode: 0x19,
  properties: { authenticationMethod: "SCRAM-SHA-256", authenticationData: Buffer.from("n,,n=user,r=y") },
};

function subscriptionOf(random: Random): object {
  return {
    topic: random.pick(filters),
    qos: random.below(3),
    nl: false,
    rap: random.chance(1 / 2),
    rh: random.below(3),
  };
}

function publishOf(random: Random, version: 3 | 4 | 5, messageId: number): object[] {
  const qos = random.below(3);
  const properties = {
    payloadFormatIndicator: random.chance(1 / 2),
    messageExpiryInterval: random.pick([1, 60]),
    contentType: "text/plain",
    responseTopic: "fuzz/response",
    correlationData: Buffer.from("7"),
    userProperties: { a: "b" },
    ...(random.chance(1 / 3) ? { topicAlias: 1 + random.below(5) } : {}),
  };
  const publish = {
    cmd: "publish",
    topic: random.pick(topics),
    payload: "x".repeat(random.pick([0, 1, 100, 3000])),
    qos,
    dup: false,
    retain: random.chance(1 / 3),
    ...(qos > 0 ? { messageId } : {}),
    ...(version === 5 ? { properties } : {}),
  };
  return qos === 2 ? [publish, { cmd: "pubrel", messageId }] : [publish];
}
