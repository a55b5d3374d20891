import { describe, expect, it } from "vitest";
import { decodePacket } from "../../../src/core/packet/codec.ts";
import type { AcknowledgementPacket, ProtocolVersion } from "../../../src/core/packet/packet.ts";
import { encoded, field, hex, rawPacket, reasonOf, received, section, sent, VERSIONS } from "./client.ts";

const TYPES = ["PUBACK", "PUBREC", "PUBREL", "PUBCOMP"] as const;
const FIRST_BYTES = { PUBACK: 0x40, PUBREC: 0x50, PUBREL: 0x62, PUBCOMP: 0x70 };

describe.each(TYPES)("%s from the client", (type) => {
  const firstByte = FIRST_BYTES[type];

  it.each(VERSIONS)("in version %d is decoded", (version) => {
    const packet = { cmd: type.toLowerCase(), messageId: 0x1234, reasonCode: 0 };
    expect(sent(packet, version)).toEqual({ type, packetId: 0x1234, reasonCode: 0 });
  });

  it("in MQTT 5.0 may have a reason code, and properties that nobody reads", () => {
    const reason = type === "PUBACK" || type === "PUBREC" ? 0x97 : 0x92;
    const packetId = 7;
    const code = reason.toString(16);
    const properties = section(`1f${field("full")}26${field("a")}${field("b")}`);
    const expected = { type, packetId, reasonCode: reason };
    expect(decodePacket(rawPacket(firstByte, `0007${code}`), 5)).toEqual(expected);
    expect(decodePacket(rawPacket(firstByte, `0007${code}00`), 5)).toEqual(expected);
    expect(decodePacket(rawPacket(firstByte, `0007${code}${properties}`), 5)).toEqual(expected);
  });

  it.each<[string, ProtocolVersion, string, string]>([
    ["no packet identifier", 4, "", "0x81"],
    ["half a packet identifier", 4, "00", "0x81"],
    ["packet identifier 0", 4, "0000", "0x82"],
    ["a reason code, in 3.1.1", 4, "000700", "0x81"],
    ["bytes left over", 5, "0007000000", "0x81"],
    ["a Reason String that is no UTF-8", 5, `000700${section("1f0001ff")}`, "0x81"],
    ["Reason String twice", 5, `000700${section("1f00001f0000")}`, "0x82"],
    ["a property of PUBLISH", 5, `000700${section("0101")}`, "0x81"],
  ])("with %s (version %d)", (_, version, body, reason) => {
    expect(reasonOf(rawPacket(firstByte, body), version)).toBe(reason);
  });

  it("with other flags [MQTT-2.1.3-1]", () => {
    expect(reasonOf(rawPacket(firstByte ^ 0x02, "0007"), 4)).toBe("0x81");
    expect(reasonOf(rawPacket(firstByte | 0x08, "0007"), 5)).toBe("0x81");
    expect(reasonOf(rawPacket(firstByte | 0x01, "0007"), 4)).toBe("0x81");
  });

  it("in MQTT 3.1 may have any flags that are not used there [B96]", () => {
    const unused = type === "PUBREL" ? [0x01, 0x08, 0x09] : [0x01, 0x02, 0x04, 0x08, 0x0f];
    for (const flags of unused) {
      expect(decodePacket(rawPacket(firstByte | flags, "0007"), 3)).toEqual({ type, packetId: 7, reasonCode: 0 });
    }
  });
});

describe.each(TYPES)("the reason code of a %s", (type) => {
  it("may be any: the client decides what it says, and the broker whether that is an error [B94]", () => {
    for (let reasonCode = 0; reasonCode <= 0xff; reasonCode += 1) {
      const body = `0007${reasonCode.toString(16).padStart(2, "0")}`;
      expect(decodePacket(rawPacket(FIRST_BYTES[type], body), 5)).toEqual({ type, packetId: 7, reasonCode });
    }
  });
});

describe("PUBREL with DUP", () => {
  it("is a repeat in MQTT 3.1, and malformed later [MQTT-3.6.1-1]", () => {
    expect(decodePacket(rawPacket(0x6a, "0007"), 3)).toEqual({ type: "PUBREL", packetId: 7, reasonCode: 0 });
    expect(reasonOf(rawPacket(0x6a, "0007"), 4)).toBe("0x81");
    expect(reasonOf(rawPacket(0x6a, "0007"), 5)).toBe("0x81");
  });
});

describe.each(TYPES)("%s to the client", (type) => {
  const first = FIRST_BYTES[type].toString(16);
  const reasonCode = type === "PUBACK" || type === "PUBREC" ? 0x97 : 0x92;
  const packet = (fields: Partial<AcknowledgementPacket> = {}) => ({ type, packetId: 7, reasonCode: 0, ...fields });

  it.each(VERSIONS)("of success in version %d is four bytes", (protocolVersion) => {
    expect(hex(encoded(packet(), { protocolVersion }))).toBe(`${first}020007`);
  });

  it("has its reason in MQTT 5.0 alone", () => {
    expect(received(packet({ reasonCode }))).toMatchObject({ messageId: 7, reasonCode });
    expect(hex(encoded(packet({ reasonCode }), { protocolVersion: 4 }))).toBe(`${first}020007`);
  });

  it("has a Reason String where it was given", () => {
    const explained = received(packet({ reasonCode, reasonString: "unknown" }));
    expect(explained).toMatchObject({ reasonCode, properties: { reasonString: "unknown" } });
  });
});
