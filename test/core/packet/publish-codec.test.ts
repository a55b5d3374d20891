import { describe, expect, it } from "vitest";
import type { Message } from "../../../src/core/message/message.ts";
import { decodePacket } from "../../../src/core/packet/codec.ts";
import type { DeliverPacket, ProtocolVersion, PublishPacket } from "../../../src/core/packet/packet.ts";
import { bytes, encoded, field, hex, rawPacket, reasonOf, received, section, sent, utf8, VERSIONS } from "./client.ts";

describe("PUBLISH from the client", () => {
  it.each(VERSIONS)("in version %d is decoded", (version) => {
    const packet = {
      cmd: "publish",
      topic: "a/Größe",
      payload: "21 °C",
      qos: 2,
      retain: true,
      dup: true,
      messageId: 7,
    };
    expect(sent(packet, version)).toEqual({
      type: "PUBLISH",
      dup: true,
      qos: 2,
      retain: true,
      topicName: "a/Größe",
      packetId: 7,
      topicAlias: undefined,
      messageExpirySec: undefined,
      properties: new Uint8Array(),
      payload: utf8("21 °C"),
      isPayloadAsIndicated: true,
    });
  });

  it.each([
    ["0101", "ff", false],
    ["0101", "c3a9", true],
    ["0101", "00", true],
    ["0100", "ff", true],
    ["", "ff", true],
  ])(
    "with the properties %s and the payload %s, says whether it is UTF-8 as indicated: %s",
    (properties, payload, is) => {
      const raw = rawPacket(0x30, `${field("t")}${section(properties)}${payload}`);
      expect(decodePacket(raw, 5)).toMatchObject({ isPayloadAsIndicated: is });
    },
  );

  it("may have no payload, and no packet identifier at QoS 0 [MQTT-2.2.1-2]", () => {
    const packet = sent({ cmd: "publish", topic: "a", payload: "", qos: 0, retain: false, dup: false }, 5);
    expect(packet).toMatchObject({ packetId: 0, payload: new Uint8Array() });
  });

  it("keeps the forwarded properties as they came, in order [MQTT-3.3.2-18] and takes out the others", () => {
    const b = `26 ${field("b")} ${field("1")}`;
    const a = `26 ${field("a")} ${field("2")}`;
    const forwarded = [b, `01 01 03 ${field("text/plain")}`, a, `08 ${field("re/ply")} 09 0002 0001`, b];
    const [first, second, third, fourth, fifth] = forwarded as [string, string, string, string, string];
    const properties = `${first} 02 0000003c ${second} ${third} 23 0005 ${fourth} ${fifth}`.replaceAll(" ", "");
    const packet = decodePacket(rawPacket(0x30, `${field("t")}${section(properties)}6869`), 5) as PublishPacket;
    expect(packet).toMatchObject({ messageExpirySec: 60, topicAlias: 5, payload: utf8("hi") });
    expect(hex(packet.properties)).toBe(forwarded.join("").replaceAll(" ", ""));
  });

  it("does not copy forwarded properties that stand alone", () => {
    const raw = rawPacket(0x30, field("t") + section(`26${field("a")}${field("b")}`));
    const packet = decodePacket(raw, 5) as PublishPacket;
    expect(packet.properties.buffer).toBe(raw.bytes.buffer);
  });

  it("keeps U+FEFF at the start of a topic name [MQTT-1.5.4-3]", () => {
    expect(sent({ cmd: "publish", topic: "\uFEFFa", payload: "", qos: 0 }, 4)).toMatchObject({ topicName: "\uFEFFa" });
  });

  it("may leave the topic name to the Topic Alias", () => {
    expect(decodePacket(rawPacket(0x30, `0000${section("230001")}`), 5)).toMatchObject({
      topicName: "",
      topicAlias: 1,
    });
  });

  const t = field("t");
  const text = (propertiesHex: string, payload = "") => t + section(propertiesHex) + payload;

  it.each<[string, ProtocolVersion, number, string, string]>([
    ["QoS 3 [MQTT-3.3.1-4]", 4, 0x36, `${t}0001`, "0x81"],
    ["DUP at QoS 0 [MQTT-3.3.1-2]", 4, 0x38, t, "0x81"],
    ["packet identifier 0 [MQTT-2.2.1-3]", 4, 0x32, `${t}0000`, "0x82"],
    ["no packet identifier", 4, 0x32, t, "0x81"],
    ["half a packet identifier", 4, 0x32, `${t}00`, "0x81"],
    ["no topic name [MQTT-3.3.2-1]", 4, 0x30, "", "0x81"],
    ["a topic name that overruns", 4, 0x30, "000574", "0x81"],
    ["an empty topic name", 4, 0x30, "0000", "0x81"],
    ["an empty topic name without alias", 5, 0x30, "000000", "0x82"],
    ["# in the topic name [MQTT-3.3.2-2]", 4, 0x30, field("a/#"), "0x90"],
    ["+ in the topic name [MQTT-3.3.2-2]", 5, 0x30, `${field("a+")}00`, "0x90"],
    ["U+0000 in the topic name [MQTT-1.5.4-2]", 4, 0x30, "0003610062", "0x81"],
    ["a surrogate in the topic name [MQTT-1.5.4-1]", 4, 0x30, "0003eda080", "0x81"],
    ["overlong UTF-8 in the topic name [MQTT-1.5.4-1]", 4, 0x30, "0002c1a1", "0x81"],
    ["UTF-8 cut short in the topic name [MQTT-1.5.4-1]", 4, 0x30, "0002e282", "0x81"],
    ["beyond U+10FFFF in the topic name [MQTT-1.5.4-1]", 4, 0x30, "0004f4908080", "0x81"],
    ["no Property Length [MQTT-2.2.2-1]", 5, 0x30, t, "0x81"],
    ["properties that overrun the packet", 5, 0x30, `${t}05 0101`, "0x81"],
    ["a property that overruns the properties", 5, 0x30, `${t}02 02 00000001`, "0x81"],
    ["a string that overruns the properties", 5, 0x30, `${t}04 03 0005 61 62 63`, "0x81"],
    ["a Property Length not in the fewest bytes [MQTT-1.5.5-1]", 5, 0x30, `${t}8200 0101`, "0x81"],
    ["a Property Length of five bytes", 5, 0x30, `${t}8080808001`, "0x81"],
    ["property 0", 5, 0x30, text("0000"), "0x81"],
    ["an unknown property", 5, 0x30, text("7f00"), "0x81"],
    ["a property identifier not in the fewest bytes", 5, 0x30, text("810001"), "0x81"],
    ["a property of CONNECT", 5, 0x30, text("1100000001"), "0x81"],
    ["a property of the Will", 5, 0x30, text("1800000001"), "0x81"],
    ["a property of CONNACK", 5, 0x30, text("2401"), "0x81"],
    ["Payload Format Indicator 2", 5, 0x30, text("0102"), "0x82"],
    ["Payload Format Indicator twice", 5, 0x30, text("01010101"), "0x82"],
    ["Message Expiry Interval twice", 5, 0x30, text("02000000010200000001"), "0x82"],
    ["Content Type twice", 5, 0x30, text("030000030000"), "0x82"],
    ["Correlation Data twice", 5, 0x30, text("090000090000"), "0x82"],
    ["Topic Alias 0 [MQTT-3.3.2-8]", 5, 0x30, text("230000"), "0x94"],
    ["Topic Alias twice", 5, 0x30, text("230001230001"), "0x82"],
    ["a Subscription Identifier [MQTT-3.3.4-6]", 5, 0x30, text("0b01"), "0x82"],
    ["Response Topic with # [MQTT-3.3.2-14]", 5, 0x30, text(`08${field("a/#")}`), "0x82"],
    ["Response Topic with + [MQTT-3.3.2-14]", 5, 0x30, text(`08${field("+")}`), "0x82"],
    ["an empty Response Topic [MQTT-4.7.3-1]", 5, 0x30, text("080000"), "0x82"],
    ["a Response Topic that is no UTF-8 [MQTT-3.3.2-13]", 5, 0x30, text("080001ff"), "0x81"],
    ["a Content Type that is no UTF-8 [MQTT-3.3.2-19]", 5, 0x30, text("030002c080"), "0x81"],
    ["a user property whose value is no UTF-8 [MQTT-1.5.7-1]", 5, 0x30, text("2600016100 01ff"), "0x81"],
    ["a user property without a value", 5, 0x30, text("26000161"), "0x81"],
    ["user properties of one name", 5, 0x30, text(`26${field("a")}000026${field("a")}0000`), "accepted"],
    ["a zero Message Expiry Interval", 5, 0x30, text("0200000000"), "accepted"],
  ])("with %s (version %d)", (_, version, firstByte, body, reason) => {
    expect(reasonOf(rawPacket(firstByte, body), version)).toBe(reason);
  });
});

const message = (fields: Partial<Message> = {}): Message => ({
  id: "",
  topicName: "a/Größe",
  qos: 2,
  retain: true,
  expiresAtMs: 0,
  properties: new Uint8Array(),
  payload: utf8("21 °C"),
  ...fields,
});

const deliver = (fields: Partial<DeliverPacket> & { message?: Message; subscriptionIdentifiers?: number[] } = {}) => {
  const { message: given = message(), subscriptionIdentifiers = [], ...rest } = fields;
  const delivery = { message: given, qos: 1, retain: false, subscriptionIdentifiers, sharedFilter: "" } as const;
  return { type: "DELIVER", delivery, packetId: 7, dup: false, ...rest } as const;
};

describe("PUBLISH to the client", () => {
  it.each(VERSIONS)("in version %d has the QoS and the RETAIN flag of the delivery", (protocolVersion) => {
    expect(received(deliver({ dup: true }), { protocolVersion })).toMatchObject({
      cmd: "publish",
      topic: "a/Größe",
      payload: Buffer.from("21 °C"),
      qos: 1,
      retain: false,
      dup: true,
      messageId: 7,
    });
  });

  it("has neither packet identifier nor DUP at QoS 0 [MQTT-2.2.1-2] [MQTT-3.3.1-2]", () => {
    const delivery = {
      message: message(),
      qos: 0,
      retain: true,
      subscriptionIdentifiers: [],
      sharedFilter: "",
    } as const;
    const packet = received({ type: "DELIVER", delivery, packetId: 0, dup: true });
    expect(packet).toMatchObject({ qos: 0, dup: false, retain: true, payload: Buffer.from("21 °C") });
    expect(packet.messageId).toBeUndefined();
  });

  it("carries the forwarded properties unaltered, after its own [MQTT-3.3.2-17]", () => {
    const properties = bytes(
      `26${field("b")}${field("1")}0101 26${field("a")}${field("2")}26${field("b")}${field("3")}`,
    );
    const given = message({ topicName: "t", properties, payload: utf8("hi"), expiresAtMs: 61_000 });
    const packet = deliver({
      message: given,
      subscriptionIdentifiers: [1, 300],
      topicAlias: { alias: 5, known: false },
    });
    const own = "02 0000003d 23 0005 0b 01 0b ac02".replaceAll(" ", "");
    expect(hex(encoded(packet))).toBe(
      `32${(6 + 13 + 1 + properties.length + 1).toString(16)}${field("t")}0007${section(own + hex(properties))}6869`,
    );
  });

  it.each([
    ["what was received, when sent at once", 1_000_000, 60],
    ["what was received, when sent within half a second", 1_000_400, 60],
    ["what was received, when this object's clock is behind", 999_600, 60],
    ["less the time it has waited", 1_010_000, 50],
    ["not zero while there is any time left", 1_059_999, 1],
    ["zero when it has just passed", 1_060_000, 0],
    ["never less than zero", 1_070_000, 0],
  ])("has a Message Expiry Interval that is %s [MQTT-3.3.2-6]", (_, nowMs, messageExpiryInterval) => {
    const packet = received(deliver({ message: message({ expiresAtMs: 1_060_000 }) }), { nowMs });
    expect(packet.properties).toEqual({ messageExpiryInterval });
  });

  it("leaves out a topic name that the client knows by its alias", () => {
    const packet = received(deliver({ topicAlias: { alias: 5, known: true } }));
    expect(packet).toMatchObject({ topic: "", properties: { topicAlias: 5 } });
  });

  it.each([3, 4] as const)("has no properties in version %d", (protocolVersion) => {
    const given = message({ topicName: "t", expiresAtMs: 1, properties: bytes("0101"), payload: utf8("hi") });
    const packet = deliver({
      message: given,
      subscriptionIdentifiers: [1],
      topicAlias: { alias: 1, known: true },
    });
    expect(hex(encoded(packet, { protocolVersion }))).toBe(`3207${field("t")}00076869`);
  });

  it("is not sent when it is larger than the client takes [MQTT-3.1.2-24]", () => {
    const whole = encoded(deliver()) as Uint8Array;
    expect(encoded(deliver(), { maximumPacketBytes: whole.length })).toEqual(whole);
    expect(encoded(deliver(), { maximumPacketBytes: whole.length - 1 })).toBeUndefined();
  });

  it("of any size has a Remaining Length that is right", () => {
    for (const payloadBytes of [0, 110, 120, 127, 128, 16_370, 16_384, 2_097_152]) {
      const payload = new Uint8Array(payloadBytes).fill(1);
      expect((received(deliver({ message: message({ payload }) })).payload as Buffer).length).toBe(payloadBytes);
    }
  });
});
