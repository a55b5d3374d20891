import { generate, type Packet } from "mqtt-packet";
import { describe, expect, it } from "vitest";
import { decodePacket } from "../../../src/core/packet/codec.ts";
import type { ProtocolVersion, ServerPacket } from "../../../src/core/packet/packet.ts";
import { PacketReader } from "../../../src/core/packet/packet-reader.ts";
import { ReasonCode } from "../../../src/core/packet/reason-code.ts";
import { encoded, field, hex, rawPacket, reasonOf, received, sent, VERSIONS } from "./client.ts";

describe("the packet type", () => {
  it("must be CONNECT at first [MQTT-3.1.0-1]", () => {
    for (let type = 0; type < 16; type++) {
      if (type !== 1) expect(reasonOf(rawPacket(type << 4, "0001"), undefined)).toBe("0x82");
    }
  });

  it.each([
    ["CONNACK", 0x20],
    ["SUBACK", 0x90],
    ["UNSUBACK", 0xb0],
    ["PINGRESP", 0xd0],
  ])("%s is for servers", (_, firstByte) => {
    for (const version of VERSIONS) expect(reasonOf(rawPacket(firstByte, ""), version)).toBe("0x82");
  });

  it("0 is reserved", () => {
    expect(reasonOf(rawPacket(0x00, ""), 5)).toBe("0x81");
  });
});

describe("PINGREQ and PINGRESP", () => {
  it.each(VERSIONS)("in version %d are two bytes", (version) => {
    expect(sent({ cmd: "pingreq" }, version)).toEqual({ type: "PINGREQ" });
    expect(hex(encoded({ type: "PINGRESP" }, { protocolVersion: version }))).toBe("d000");
  });

  it("has neither flags [MQTT-2.1.3-1] nor a body", () => {
    expect(reasonOf(rawPacket(0xc1, ""), 4)).toBe("0x81");
    expect(reasonOf(rawPacket(0xc0, "00"), 4)).toBe("0x81");
  });
});

const explained: ServerPacket[] = [
  { type: "CONNACK", sessionPresent: false, reasonCode: ReasonCode.Banned, reasonString: "go away" },
  { type: "DISCONNECT", reasonCode: ReasonCode.ServerBusy, reasonString: "later" },
  { type: "PUBACK", packetId: 7, reasonCode: ReasonCode.QuotaExceeded, reasonString: "full" },
  { type: "PUBREC", packetId: 7, reasonCode: ReasonCode.QuotaExceeded, reasonString: "full" },
  { type: "PUBREL", packetId: 7, reasonCode: ReasonCode.PacketIdentifierNotFound, reasonString: "lost" },
  { type: "PUBCOMP", packetId: 7, reasonCode: ReasonCode.PacketIdentifierNotFound, reasonString: "lost" },
  { type: "SUBACK", packetId: 7, reasonCodes: [ReasonCode.NotAuthorized], reasonString: "no" },
  { type: "UNSUBACK", packetId: 7, reasonCodes: [ReasonCode.NotAuthorized], reasonString: "no" },
];

describe.each(explained)("the Reason String of $type", (packet) => {
  const { reasonString: _, ...silent } = packet as ServerPacket & { reasonString: string };

  it("is sent", () => {
    expect(received(packet)).toMatchObject({ properties: { reasonString: expect.any(String) } });
  });

  it("is left out where it would make the packet too large [MQTT-3.4.2-2]", () => {
    const whole = encoded(packet) as Uint8Array;
    expect(encoded(packet, { maximumPacketBytes: whole.length })).toEqual(whole);
    expect(encoded(packet, { maximumPacketBytes: whole.length - 1 })).toEqual(encoded(silent as ServerPacket));
  });

  it("is for CONNACK and DISCONNECT alone when the client wants no problem information [MQTT-3.1.2-29]", () => {
    const always = packet.type === "CONNACK" || packet.type === "DISCONNECT";
    const expected = encoded(always ? packet : (silent as ServerPacket));
    expect(encoded(packet, { requestProblemInformation: false })).toEqual(expected);
  });

  it("is not sent before MQTT 5.0", () => {
    for (const protocolVersion of [3, 4] as const) {
      expect(encoded(packet, { protocolVersion })).toEqual(encoded(silent as ServerPacket, { protocolVersion }));
    }
  });
});

describe("what the codec encodes", () => {
  it("is not sent when it is too large even so [MQTT-3.1.2-24]", () => {
    expect(
      encoded({ type: "SUBACK", packetId: 7, reasonCodes: new Array(20).fill(0) }, { maximumPacketBytes: 20 }),
    ).toBe(undefined);
  });

  it("is in plain arrays of their own", () => {
    for (const packet of explained) {
      const bytes = encoded(packet) as Uint8Array;
      expect(bytes.constructor).toBe(Uint8Array);
      expect(bytes.buffer.byteLength).toBe(bytes.length);
    }
  });
});

describe("whatever arrives", () => {
  const will = {
    topic: "w",
    payload: "gone",
    qos: 1,
    properties: { willDelayInterval: 5, userProperties: { a: "b" } },
  };
  const userProperties = { a: ["1", "2"], b: "3" };
  const subscriptions = [{ topic: "a/#", qos: 1, nl: true, rap: true, rh: 1 }];
  const samples: [object, ProtocolVersion | undefined][] = [
    [{ cmd: "connect", protocolVersion: 4, clientId: "c", username: "u", password: "p", will }, undefined],
    [{ cmd: "connect", protocolVersion: 5, clientId: "c", will, properties: { receiveMaximum: 9 } }, undefined],
    [{ cmd: "connect", protocolId: "MQIsdp", protocolVersion: 3, clientId: "c", username: "u" }, undefined],
    [{ cmd: "publish", topic: "t", payload: "hi", qos: 1, messageId: 7, properties: { userProperties } }, 5],
    [{ cmd: "publish", topic: "t", payload: "hi", qos: 0 }, 4],
    [{ cmd: "subscribe", messageId: 7, subscriptions, properties: { subscriptionIdentifier: 300 } }, 5],
    [{ cmd: "subscribe", messageId: 7, subscriptions }, 4],
    [{ cmd: "unsubscribe", messageId: 7, unsubscriptions: ["a", "b"], properties: { userProperties } }, 5],
    [{ cmd: "puback", messageId: 7, reasonCode: 0x80, properties: { reasonString: "no" } }, 5],
    [{ cmd: "disconnect", reasonCode: 4, properties: { sessionExpiryInterval: 5 } }, 5],
    [{ cmd: "auth", reasonCode: 0x18, properties: { authenticationMethod: "m", userProperties } }, 5],
  ];
  const wires = samples.map(([packet, version]) => {
    const { protocolVersion = version } = packet as { protocolVersion?: ProtocolVersion };
    return { wire: Uint8Array.from(generate(packet as Packet, { protocolVersion })), version };
  });

  /** Decodes all packets of `stream`, and fails on an error that is no ProtocolError. */
  function decodeAll(stream: Uint8Array, version: ProtocolVersion | undefined): void {
    const { packets } = new PacketReader(1000).push(stream);
    for (const packet of packets) expect(reasonOf(packet, version)).toMatch(/^(accepted|0x(81|82|84|90|94|99))$/);
  }

  it("cut short anywhere is refused, not a crash", () => {
    for (const { wire, version } of wires) {
      for (let length = 2; length < wire.length; length++) {
        const cut = wire.slice(0, length);
        cut[1] = length - 2;
        decodeAll(cut, version);
      }
    }
  });

  it("with any one byte changed is decoded or refused, not a crash", () => {
    for (const { wire, version } of wires) {
      for (let at = 0; at < wire.length; at++) {
        for (let byte = 0; byte < 256; byte++) decodeAll(wire.with(at, byte), version);
      }
    }
  });

  it("is decoded from any position in its array", () => {
    const shifted = new Uint8Array(40);
    const { bytes, firstByte, bodyOffset } = rawPacket(0x82, `0007${field("a/b")}01`);
    shifted.set(bytes, 20);
    const raw = { firstByte, bytes: shifted.subarray(20, 20 + bytes.length), bodyOffset };
    expect(decodePacket(raw, 4)).toMatchObject({ packetId: 7, subscriptions: [{ topicFilter: "a/b", qos: 1 }] });
  });
});
