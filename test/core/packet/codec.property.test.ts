import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodePacket } from "../../../src/core/packet/codec.ts";
import type { ProtocolVersion, PublishPacket, ServerPacket } from "../../../src/core/packet/packet.ts";
import { PacketReader } from "../../../src/core/packet/packet-reader.ts";
import type { RawPacket } from "../../../src/core/packet/raw-packet.ts";
import {
  connectPacket,
  mutated,
  packetId,
  publishPacket,
  subscribePacket,
  text,
  unsubscribePacket,
  wireOf,
  wirePacket,
} from "../../support/arbitraries.ts";
import { rawPacket as packetOf, variableByteInteger } from "../../support/wire.ts";
import { reasonOf, received, sent, VERSIONS } from "./client.ts";

const numRuns = 500;

describe.each(VERSIONS)("what a client of version %d writes with mqtt-packet is read as it was meant", (version) => {
  it("CONNECT", () => {
    fc.assert(
      fc.property(connectPacket(version), (packet) => {
        const { will, username, password, properties = {} } = packet;
        const own = (version === 5 ? properties : {}) as Record<string, unknown>;
        const willOwn = version === 5 ? (will?.properties as Record<string, unknown>) : {};
        expect(sent(packet, version)).toMatchObject({
          protocolVersion: version,
          cleanStart: packet.clean,
          keepAliveSec: packet.keepalive,
          clientId: packet.clientId,
          username,
          password: password && new Uint8Array(password),
          sessionExpirySec: own.sessionExpiryInterval,
          topicAliasMaximum: own.topicAliasMaximum ?? 0,
          requestProblemInformation: own.requestProblemInformation ?? true,
          will: will && {
            topicName: will.topic,
            payload: new Uint8Array(will.payload),
            qos: will.qos,
            retain: will.retain,
            delaySec: willOwn?.willDelayInterval ?? 0,
            messageExpirySec: willOwn?.messageExpiryInterval,
          },
        });
      }),
      { numRuns },
    );
  });

  it("SUBSCRIBE", () => {
    fc.assert(
      fc.property(subscribePacket, (packet) => {
        const is5 = version === 5;
        const { subscriptionIdentifier } = packet.properties as { subscriptionIdentifier?: number };
        expect(sent(packet, version)).toEqual({
          type: "SUBSCRIBE",
          packetId: packet.messageId,
          subscriptionIdentifier: is5 ? subscriptionIdentifier : undefined,
          subscriptions: packet.subscriptions.map(({ topic, qos, nl, rap, rh }) => ({
            topicFilter: topic,
            qos,
            noLocal: is5 && nl,
            retainAsPublished: is5 && rap,
            retainHandling: is5 ? rh : 0,
          })),
        });
      }),
      { numRuns },
    );
  });

  it("UNSUBSCRIBE", () => {
    fc.assert(
      fc.property(unsubscribePacket, (packet) => {
        const { messageId, unsubscriptions } = packet;
        expect(sent(packet, version)).toEqual({
          type: "UNSUBSCRIBE",
          packetId: messageId,
          topicFilters: unsubscriptions,
        });
      }),
      { numRuns },
    );
  });

  it("PUBLISH, and written again for another client: nothing is altered [MQTT-3.3.2-17] [MQTT-3.3.2-20]", () => {
    fc.assert(
      fc.property(publishPacket, (packet) => {
        const heard = received(delivered(sent(packet, version) as PublishPacket), { protocolVersion: version });
        const { topic, qos, retain, payload, messageId, properties } = packet;
        expect(heard).toMatchObject({ topic, qos, retain, payload, ...(qos > 0 ? { messageId } : {}) });
        if (version === 5) expect(plain(heard.properties)).toEqual(plain(properties));
      }),
      { numRuns },
    );
  });
});

/** What a session that granted QoS 2 sends on at once. */
function delivered(packet: PublishPacket): ServerPacket {
  const { topicName, qos, retain, properties, payload, messageExpirySec, packetId } = packet;
  // Past its time it goes on as 0.
  const expiresAtMs = messageExpirySec === undefined ? 0 : messageExpirySec * 1000 || -1;
  const message = { id: "", topicName, qos, retain, expiresAtMs, properties, payload };
  const delivery = { message, qos, retain, subscriptionIdentifiers: [], sharedFilter: "" };
  return { type: "DELIVER", delivery, packetId, dup: false };
}

/** Without prototypes. */
function plain(properties: unknown): object {
  const { userProperties = {}, ...rest } = (properties ?? {}) as { userProperties?: object };
  return { ...rest, userProperties: Object.entries(userProperties) };
}

const codes = (...each: number[]) => fc.array(fc.constantFrom(...each), { minLength: 1, maxLength: 300 });
const answer: fc.Arbitrary<ServerPacket> = fc.oneof(
  fc.record({
    type: fc.constantFrom("PUBACK" as const, "PUBREC" as const),
    packetId,
    reasonCode: fc.constantFrom(0, 0x10, 0x80, 0x97),
    reasonString: text,
  }),
  fc.record({
    type: fc.constantFrom("PUBREL" as const, "PUBCOMP" as const),
    packetId,
    reasonCode: fc.constantFrom(0, 0x92),
    reasonString: text,
  }),
  fc.record({
    type: fc.constant("SUBACK" as const),
    packetId,
    reasonCodes: codes(0, 1, 2, 0x80, 0x8f, 0x97),
    reasonString: text,
  }),
  fc.record({
    type: fc.constant("UNSUBACK" as const),
    packetId,
    reasonCodes: codes(0, 0x11, 0x80, 0x8f),
    reasonString: text,
  }),
);

describe("what the server writes is read by mqtt-packet as it was meant", () => {
  it.each(VERSIONS)("in version %d", (protocolVersion) => {
    fc.assert(
      fc.property(answer, (packet) => {
        const heard = received(packet, { protocolVersion });
        const cmd = packet.type.toLowerCase();
        expect(heard).toMatchObject({ cmd, messageId: "packetId" in packet ? packet.packetId : undefined });
        if (protocolVersion !== 5) return;
        if ("reasonCodes" in packet) expect(heard.granted).toEqual(packet.reasonCodes);
        else expect(heard.reasonCode).toBe("reasonCode" in packet ? packet.reasonCode : undefined);
      }),
      { numRuns },
    );
  });
});

describe("whatever arrives", () => {
  const anyType = fc.integer({ min: 0, max: 255 });
  const body = fc.uint8Array({ maxLength: 50 });
  const anything = fc.tuple(anyType, body).map(([firstByte, bytes]) => Uint8Array.from(packetOf(firstByte, bytes)));

  it.each([undefined, ...VERSIONS])("is decoded, or refused with a ProtocolError, in version %s", (version) => {
    const near = mutated(version === undefined ? fc.oneof(...VERSIONS.map(connectWire)) : wirePacket(version));
    fc.assert(
      fc.property(fc.oneof(near, anything), (stream) => {
        const { packets } = new PacketReader(100_000).push(stream);
        for (const packet of packets) expect(reasonOf(packet, version)).toMatch(/^(accepted|0x(81|82|84|90|94|99))$/);
      }),
      { numRuns: 3000 },
    );
  });
});

function connectWire(version: ProtocolVersion): fc.Arbitrary<Uint8Array> {
  return connectPacket(version).map((packet) => wireOf(packet, version));
}

describe("a packet of a megabyte", () => {
  const bytes = 1_000_000;
  const many = (part: string) => Buffer.from(part.repeat(bytes / (part.length / 2)), "hex");
  const section = (part: string) => [variableByteInteger(many(part).length), many(part)];
  const name = Buffer.from("00044d5154540502003c", "hex");
  const id = Buffer.from("0001", "hex");
  const topic = Buffer.from("000161", "hex");

  // Each walks through its bytes once or twice: work that grows with their square would take minutes.
  it.each<[string, ProtocolVersion | undefined, Buffer]>([
    ["CONNECT, user properties", undefined, packetOf(0x10, name, ...section("26000161000162"), topic)],
    ["CONNECT, user properties of one name", undefined, packetOf(0x10, name, ...section("2600000000"), topic)],
    ["PUBLISH, user properties", 5, packetOf(0x30, topic, ...section("2600000000"))],
    ["PUBLISH, a payload said to be UTF-8", 5, packetOf(0x30, topic, Buffer.from("020101", "hex"), many("e6b8a9"))],
    ["SUBSCRIBE, filters", 5, packetOf(0x82, id, Buffer.from("00", "hex"), many("00016100"))],
    [
      "SUBSCRIBE, user properties",
      5,
      packetOf(0x82, id, ...section("26000161000162"), topic, Buffer.from("00", "hex")),
    ],
    ["SUBSCRIBE, filters, of 3.1.1", 4, packetOf(0x82, id, many("00016100"))],
    ["UNSUBSCRIBE, filters", 5, packetOf(0xa2, id, Buffer.from("00", "hex"), many("000161"))],
    ["PUBACK, user properties", 5, packetOf(0x40, id, Buffer.from("00", "hex"), ...section("26000161000162"))],
    ["DISCONNECT, user properties", 5, packetOf(0xe0, Buffer.from("00", "hex"), ...section("26000161000162"))],
  ])("is decoded in time that grows with its bytes: %s", (_, version, wire) => {
    const [raw] = new PacketReader(2 * bytes).push(wire).packets;
    const startedMs = performance.now();
    decodePacket(raw as RawPacket, version);
    expect(performance.now() - startedMs).toBeLessThan(3000);
  });
});
