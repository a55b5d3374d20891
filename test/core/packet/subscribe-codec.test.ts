import { describe, expect, it } from "vitest";
import { decodePacket } from "../../../src/core/packet/codec.ts";
import type { ProtocolVersion } from "../../../src/core/packet/packet.ts";
import { encoded, field, hex, rawPacket, reasonOf, received, section, sent, VERSIONS } from "./client.ts";

describe("SUBSCRIBE", () => {
  it.each([3, 4] as const)("in version %d asks for a QoS", (version) => {
    const subscriptions = [
      { topic: "a/#", qos: 2 },
      { topic: "größe/+", qos: 0 },
    ];
    const plain = { noLocal: false, retainAsPublished: false, retainHandling: 0 };
    expect(sent({ cmd: "subscribe", messageId: 7, subscriptions }, version)).toEqual({
      type: "SUBSCRIBE",
      packetId: 7,
      subscriptionIdentifier: undefined,
      subscriptions: [
        { topicFilter: "a/#", qos: 2, ...plain },
        { topicFilter: "größe/+", qos: 0, ...plain },
      ],
    });
  });

  it("in MQTT 5.0 has options and an identifier", () => {
    const subscriptions = [
      { topic: "a", qos: 1, nl: true, rap: false, rh: 2 },
      { topic: "b", qos: 0, nl: false, rap: true, rh: 1 },
    ];
    const properties = { subscriptionIdentifier: 268_435_455, userProperties: { a: "b" } };
    expect(sent({ cmd: "subscribe", messageId: 7, subscriptions, properties }, 5)).toEqual({
      type: "SUBSCRIBE",
      packetId: 7,
      subscriptionIdentifier: 268_435_455,
      subscriptions: [
        { topicFilter: "a", qos: 1, noLocal: true, retainAsPublished: false, retainHandling: 2 },
        { topicFilter: "b", qos: 0, noLocal: false, retainAsPublished: true, retainHandling: 1 },
      ],
    });
  });

  it.each(["", "a#", "a/#/b", "+a"])(
    "refuses the text %o, which is no topic filter [MQTT-4.7.1-1] [MQTT-4.7.1-2]",
    (text) => {
      for (const version of [3, 4] as const) {
        expect(reasonOf(rawPacket(0x82, `0001${field("a")}00${field(text)}00`), version)).toBe("0x81");
        expect(reasonOf(rawPacket(0xa2, `0001${field("a")}${field(text)}`), version)).toBe("0x81");
      }
    },
  );

  it.each(["$share", "$share/g", "$share//a", "$share/+/a", "$share/g/"])("leaves the share %o to others", (text) => {
    expect(reasonOf(rawPacket(0x82, `0001${field(text)}00`), 4)).toBe("accepted");
  });

  const a = field("a");

  it.each<[string, ProtocolVersion, number, string, string]>([
    ["other flags [MQTT-3.8.1-1]", 4, 0x80, `0001${a}00`, "0x81"],
    ["DUP, in 3.1.1", 4, 0x8a, `0001${a}00`, "0x81"],
    ["DUP, in 3.1", 3, 0x8a, `0001${a}00`, "accepted"],
    ["packet identifier 0 [MQTT-2.2.1-3]", 4, 0x82, `0000${a}00`, "0x82"],
    ["no body", 4, 0x82, "", "0x81"],
    ["no topic filter [MQTT-3.8.3-2]", 4, 0x82, "0001", "0x82"],
    ["no topic filter, in 5.0 [MQTT-3.8.3-2]", 5, 0x82, "000100", "0x82"],
    ["no options", 4, 0x82, `0001${a}`, "0x81"],
    ["a second filter without options", 4, 0x82, `0001${a}00${a}`, "0x81"],
    ["a topic filter that overruns", 4, 0x82, "0001000561", "0x81"],
    ["a topic filter that is no UTF-8 [MQTT-3.8.3-1]", 4, 0x82, "00010001ff00", "0x81"],
    ["U+0000 in a topic filter [MQTT-4.7.3-2]", 4, 0x82, "000100010000", "0x81"],
    ["reserved options [MQTT-3.8.3-5]", 5, 0x82, `000100${a}40`, "0x81"],
    ["options of 5.0 in 3.1.1 [3.1.1 MQTT-3-8.3-4]", 4, 0x82, `0001${a}04`, "0x81"],
    ["QoS 3, in 3.1.1 [3.1.1 MQTT-3-8.3-4]", 4, 0x82, `0001${a}03`, "0x81"],
    ["QoS 3, in 5.0", 5, 0x82, `000100${a}03`, "0x82"],
    ["Retain Handling 3", 5, 0x82, `000100${a}30`, "0x82"],
    ["Subscription Identifier 0", 5, 0x82, `0001${section("0b00")}${a}00`, "0x82"],
    ["Subscription Identifier twice", 5, 0x82, `0001${section("0b010b01")}${a}00`, "0x82"],
    ["a Subscription Identifier of five bytes", 5, 0x82, `0001${section("0b8080808001")}${a}00`, "0x81"],
    ["a Reason String", 5, 0x82, `0001${section("1f0000")}${a}00`, "0x81"],
  ])("with %s (version %d)", (_, version, firstByte, body, reason) => {
    expect(reasonOf(rawPacket(firstByte, body), version)).toBe(reason);
  });
});

describe("UNSUBSCRIBE", () => {
  it.each(VERSIONS)("in version %d names topic filters", (version) => {
    expect(sent({ cmd: "unsubscribe", messageId: 7, unsubscriptions: ["a/#", "größe"] }, version)).toEqual({
      type: "UNSUBSCRIBE",
      packetId: 7,
      topicFilters: ["a/#", "größe"],
    });
  });

  it("repeated in MQTT 3.1 has DUP", () => {
    expect(decodePacket(rawPacket(0xaa, `0001${field("a")}`), 3)).toMatchObject({ packetId: 1, topicFilters: ["a"] });
  });

  it.each<[string, ProtocolVersion, number, string, string]>([
    ["other flags [MQTT-3.10.1-1]", 4, 0xa0, `0001${field("a")}`, "0x81"],
    ["packet identifier 0 [MQTT-2.2.1-3]", 4, 0xa2, `0000${field("a")}`, "0x82"],
    ["no topic filter [MQTT-3.10.3-2]", 4, 0xa2, "0001", "0x82"],
    ["no topic filter, in 5.0 [MQTT-3.10.3-2]", 5, 0xa2, "000100", "0x82"],
    ["half a length", 4, 0xa2, `0001${field("a")}00`, "0x81"],
    ["a topic filter that is no UTF-8 [MQTT-3.10.3-1]", 4, 0xa2, "00010002c080", "0x81"],
    ["a Subscription Identifier", 5, 0xa2, `0001${section("0b01")}${field("a")}`, "0x81"],
  ])("with %s (version %d)", (_, version, firstByte, body, reason) => {
    expect(reasonOf(rawPacket(firstByte, body), version)).toBe(reason);
  });
});

describe("SUBACK", () => {
  it("to MQTT 5.0 has a reason code for each filter [MQTT-3.8.4-6]", () => {
    const packet = received({ type: "SUBACK", packetId: 7, reasonCodes: [0, 2, 0x87], reasonString: "no" });
    expect(packet).toMatchObject({ messageId: 7, granted: [0, 2, 0x87], properties: { reasonString: "no" } });
  });

  it.each([3, 4] as const)("to version %d has one way to refuse [3.1.1 MQTT-3.9.3-2]", (protocolVersion) => {
    const packet = { type: "SUBACK", packetId: 7, reasonCodes: [0, 2, 0x87, 0x8f], reasonString: "no" } as const;
    expect(hex(encoded(packet, { protocolVersion }))).toBe("9006000700028080");
  });
});

describe("UNSUBACK", () => {
  it("to MQTT 5.0 has a reason code for each filter", () => {
    expect(received({ type: "UNSUBACK", packetId: 7, reasonCodes: [0, 0x11] })).toMatchObject({
      messageId: 7,
      granted: [0, 0x11],
    });
  });

  it.each([3, 4] as const)("to version %d has none", (protocolVersion) => {
    expect(hex(encoded({ type: "UNSUBACK", packetId: 7, reasonCodes: [0, 0x11] }, { protocolVersion }))).toBe(
      "b0020007",
    );
  });
});
