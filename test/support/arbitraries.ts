// What property-based tests are made of: topics, messages and packets, as many kinds as MQTT allows.

import fc from "fast-check";
import { generate, type Packet } from "mqtt-packet";
import type { Delivery, Message, QoS } from "../../src/core/message/message.ts";
import type { ProtocolVersion } from "../../src/core/packet/packet.ts";

export const qos = fc.constantFrom<QoS>(0, 1, 2);
export const packetId = fc.integer({ min: 1, max: 65_535 });

/** What MQTT calls a UTF-8 Encoded String: no U+0000, no half of a surrogate pair. Section 1.5.4. */
export const text = fc.oneof(
  { weight: 4, arbitrary: fc.string({ maxLength: 12 }) },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 12 }).map((any) => any.replaceAll("\0", "")) },
  { weight: 1, arbitrary: fc.constantFrom("\ufeffmark", "__proto__", "toString", "ü/温/😀", "\uffff") },
);

/** So few distinct levels that filters and names often meet; empty and `$` levels among them. */
const level = fc.constantFrom("a", "b", "", "$a", "ab");

export const topicName = fc.array(level, { minLength: 1, maxLength: 5 }).map((levels) => levels.join("/") || "/");

export const topicFilter = fc
  .tuple(
    fc.array(fc.oneof({ weight: 2, arbitrary: level }, { weight: 1, arbitrary: fc.constant("+") }), { maxLength: 4 }),
    fc.constantFrom("#", "+", "a", "b", ""),
  )
  .map(([levels, last]) => [...levels, last].join("/") || "/");

const bytes = fc.uint8Array({ maxLength: 40 });

export const message: fc.Arbitrary<Message> = fc.record({
  id: fc.constantFrom("", "0mabc1234-7-42", "0mabc1235-7-43"),
  topicName: fc.oneof(topicName, text),
  qos,
  retain: fc.boolean(),
  expiresAtMs: fc.oneof(fc.constant(0), fc.maxSafeNat()),
  properties: bytes,
  payload: fc.oneof(bytes, fc.uint8Array({ minLength: 120, maxLength: 300 })),
});

export const delivery: fc.Arbitrary<Delivery> = fc.record({
  message,
  qos,
  retain: fc.boolean(),
  subscriptionIdentifiers: fc.array(fc.integer({ min: 1, max: 0x0fff_ffff }), { maxLength: 4 }),
  sharedFilter: fc.constantFrom("", "$share/g/#", "$share/ü/a/+"),
});

// Packets of a client, in the form of mqtt-packet.

/** The library sorts names that look like numbers first, knows each name once, and miscounts the bytes of none. */
const userProperties = fc.dictionary(
  text.map((name) => `n${name}`),
  text,
  { minKeys: 1, maxKeys: 3 },
);

/** In any combination, each property left out as often as not. */
function properties<Values extends Record<string, fc.Arbitrary<unknown>>>(values: Values) {
  return fc.record({ ...values, userProperties }, { requiredKeys: [] }) as fc.Arbitrary<object>;
}

const u16 = fc.integer({ min: 0, max: 0xffff });
const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const binary = bytes.map((each) => Buffer.from(each));
const messageProperties = { contentType: text, responseTopic: topicName, correlationData: binary };

const will = fc.record({
  topic: topicName,
  payload: binary,
  qos,
  retain: fc.boolean(),
  properties: properties({ ...messageProperties, willDelayInterval: u32, messageExpiryInterval: u32 }),
});

const publishProperties = properties({ ...messageProperties, messageExpiryInterval: u32 });

/** PUBLISH of a client, without a topic alias. */
export const publishPacket = fc
  .record({ topic: topicName, payload: binary, qos, retain: fc.boolean(), properties: publishProperties, id: packetId })
  .map(({ id, ...packet }) => ({
    cmd: "publish" as const,
    dup: false,
    ...packet,
    ...(packet.qos ? { messageId: id } : {}),
  }));

export function connectPacket(version: ProtocolVersion) {
  return fc
    .record(
      {
        clientId: text.map((each) => `c${each}`),
        keepalive: u16,
        clean: fc.boolean(),
        username: text.map((each) => `u${each}`),
        password: binary,
        will: fc.option(will, { nil: undefined }),
        properties: properties({
          sessionExpiryInterval: u32,
          topicAliasMaximum: u16,
          requestProblemInformation: fc.boolean(),
        }),
      },
      { requiredKeys: ["clientId", "keepalive", "clean"] },
    )
    .map((packet) => ({
      cmd: "connect" as const,
      protocolId: version === 3 ? "MQIsdp" : "MQTT",
      protocolVersion: version,
      ...packet,
      // The library writes no password without a user name.
      password: packet.username === undefined ? undefined : packet.password,
    }));
}

const subscription = fc.record({
  topic: topicFilter,
  qos,
  nl: fc.boolean(),
  rap: fc.boolean(),
  rh: fc.constantFrom(0 as const, 1 as const, 2 as const),
});

export const subscribePacket = fc.record({
  cmd: fc.constant("subscribe" as const),
  messageId: packetId,
  subscriptions: fc.array(subscription, { minLength: 1, maxLength: 4 }),
  properties: properties({ subscriptionIdentifier: fc.integer({ min: 1, max: 0x0fff_ffff }) }),
});

export const unsubscribePacket = fc.record({
  cmd: fc.constant("unsubscribe" as const),
  messageId: packetId,
  unsubscriptions: fc.array(topicFilter, { minLength: 1, maxLength: 4 }),
  properties: properties({}),
});

const acknowledgementPacket = fc.record({
  cmd: fc.constantFrom("puback" as const, "pubrec" as const, "pubrel" as const, "pubcomp" as const),
  messageId: packetId,
});

const otherPacket = fc.constantFrom(
  { cmd: "pingreq" },
  { cmd: "disconnect", reasonCode: 0 },
  { cmd: "disconnect", reasonCode: 4 },
);
const authPacket = fc.constant({
  cmd: "auth",
  reasonCode: 0x18,
  properties: { authenticationMethod: "SCRAM-SHA-256" },
});

/** Bytes of a packet that a client of this version may send once it is connected. */
export function wirePacket(version: ProtocolVersion): fc.Arbitrary<Uint8Array> {
  const ofThisVersion = version === 5 ? fc.oneof(otherPacket, authPacket) : otherPacket;
  const subscribing = fc.oneof(subscribePacket, unsubscribePacket);
  return fc
    .oneof(publishPacket, subscribing, acknowledgementPacket, ofThisVersion, connectPacket(version))
    .map((packet) => wireOf(packet, version));
}

export function wireOf(packet: object, protocolVersion: ProtocolVersion): Uint8Array {
  return Uint8Array.from(generate(packet as Packet, { protocolVersion }));
}

/** A stream of bytes near to a valid one: a few of them changed, taken out, put in. */
export function mutated(stream: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  const mutation = fc.record({
    kind: fc.constantFrom("change" as const, "remove" as const, "insert" as const),
    at: fc.nat({ max: 10_000 }),
    byte: fc.oneof(fc.integer({ min: 0, max: 255 }), fc.constantFrom(0, 1, 0x7f, 0x80, 0xff)),
  });
  return fc.tuple(stream, fc.array(mutation, { minLength: 1, maxLength: 4 })).map(([bytes, mutations]) => {
    const result = [...bytes];
    for (const { kind, at, byte } of mutations) {
      const position = at % (result.length + 1);
      if (kind === "insert") result.splice(position, 0, byte);
      else if (kind === "remove") result.splice(position, 1);
      else if (position < result.length) result[position] = byte;
    }
    return Uint8Array.from(result);
  });
}

/** Cuts a stream anywhere, empty pieces among them. */
export function pieces(stream: fc.Arbitrary<Uint8Array>): fc.Arbitrary<{ stream: Uint8Array; pieces: Uint8Array[] }> {
  return fc.tuple(stream, fc.array(fc.nat({ max: 100_000 }), { maxLength: 20 })).map(([whole, cuts]) => {
    const at = [0, ...cuts.map((cut) => cut % (whole.length + 1)).sort((one, other) => one - other), whole.length];
    return { stream: whole, pieces: at.slice(1).map((end, index) => whole.slice(at[index], end)) };
  });
}
