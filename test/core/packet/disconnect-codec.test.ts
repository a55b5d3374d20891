import { describe, expect, it } from "vitest";
import { decodePacket } from "../../../src/core/packet/codec.ts";
import type { AuthPacket } from "../../../src/core/packet/packet.ts";
import { encoded, field, hex, rawPacket, reasonOf, received, section, sent, VERSIONS } from "./client.ts";

describe("DISCONNECT from the client", () => {
  it.each(VERSIONS)("in version %d may be empty, and is then a normal one", (version) => {
    expect(decodePacket(rawPacket(0xe0, ""), version)).toEqual({
      type: "DISCONNECT",
      reasonCode: 0,
      sessionExpirySec: undefined,
    });
  });

  it("in MQTT 5.0 may have a reason code alone", () => {
    expect(decodePacket(rawPacket(0xe0, "04"), 5)).toMatchObject({ reasonCode: 4, sessionExpirySec: undefined });
  });

  it("in MQTT 5.0 may have properties", () => {
    const properties = { sessionExpiryInterval: 0, reasonString: "bye", userProperties: { a: "b" } };
    expect(sent({ cmd: "disconnect", reasonCode: 4, properties }, 5)).toEqual({
      type: "DISCONNECT",
      reasonCode: 4,
      sessionExpirySec: 0,
    });
  });

  it("has one of the reason codes that are for clients [MQTT-3.14.2-1]", () => {
    const accepted = [];
    for (let code = 0; code <= 0xff; code++) {
      const reason = reasonOf(rawPacket(0xe0, code.toString(16).padStart(2, "0")), 5);
      if (reason === "accepted") accepted.push(code);
      else expect(reason).toBe("0x82");
    }
    expect(accepted).toEqual([0, 4, 0x80, 0x81, 0x82, 0x83, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99]);
  });

  it.each([
    ["a body, in 3.1.1", 4, 0xe0, "00", "0x81"],
    ["flags [MQTT-3.14.1-1]", 5, 0xe1, "", "0x81"],
    ["bytes left over", 5, 0xe0, "000000", "0x81"],
    ["properties that overrun", 5, 0xe0, "000511000000", "0x81"],
    ["Session Expiry Interval twice", 5, 0xe0, `00${section("11000000011100000001")}`, "0x82"],
    ["a Server Reference", 5, 0xe0, `00${section("1c0000")}`, "0x82"],
  ] as const)("with %s (version %d)", (_, version, firstByte, body, reason) => {
    expect(reasonOf(rawPacket(firstByte, body), version)).toBe(reason);
  });
});

describe("DISCONNECT to the client", () => {
  it("is of MQTT 5.0 alone", () => {
    const packet = { type: "DISCONNECT", reasonCode: 0x8e, reasonString: "taken over" } as const;
    expect(received(packet)).toMatchObject({ reasonCode: 0x8e, properties: { reasonString: "taken over" } });
    expect(encoded(packet, { protocolVersion: 4 })).toBeUndefined();
    expect(encoded(packet, { protocolVersion: 3 })).toBeUndefined();
  });

  it("never has a Session Expiry Interval [MQTT-3.14.2-2]", () => {
    expect(hex(encoded({ type: "DISCONNECT", reasonCode: 0x8b, sessionExpirySec: 10 }))).toBe("e0028b00");
  });
});

describe("AUTH", () => {
  it.each([
    ["0x18", 0x18],
    ["0x19", 0x19],
  ])("with reason code %s is decoded", (_, reasonCode) => {
    const properties = { authenticationMethod: "SCRAM", authenticationData: Buffer.from([1, 2]) };
    const packet = sent({ cmd: "auth", reasonCode, properties }, 5) as AuthPacket;
    expect(packet).toEqual({
      type: "AUTH",
      reasonCode,
      authenticationMethod: "SCRAM",
      authenticationData: Uint8Array.of(1, 2),
    });
    expect(packet.authenticationData?.constructor).toBe(Uint8Array);
  });

  it("to the client has its method, and its data if there are any [MQTT-3.15.2-1]", () => {
    const auth = (data: Uint8Array | undefined, reasonCode = 0x18) =>
      hex(encoded({ type: "AUTH", reasonCode, authenticationMethod: "m", authenticationData: data }));
    expect(auth(undefined)).toBe(`f006180415${field("m")}`);
    expect(auth(Uint8Array.of())).toBe(`f009180715${field("m")}160000`);
    expect(auth(Uint8Array.of(1, 2), 0)).toBe(`f00b000915${field("m")}1600020102`);
  });

  it("is not sent before MQTT 5.0, nor to a client for which it is too large", () => {
    const packet = { type: "AUTH", reasonCode: 0, authenticationMethod: "m", authenticationData: undefined } as const;
    expect(encoded(packet, { protocolVersion: 4 })).toBeUndefined();
    expect(encoded(packet, { maximumPacketBytes: 8 })).toHaveLength(8);
    expect(encoded(packet, { maximumPacketBytes: 7 })).toBeUndefined();
  });

  const method = `15${field("m")}`;

  it.each([
    ["before MQTT 5.0", 4, 0xf0, `18${section(method)}`, "0x82"],
    ["with flags [MQTT-3.15.1-1]", 5, 0xf1, `18${section(method)}`, "0x81"],
    ["of success, which is for servers [MQTT-3.15.2-1]", 5, 0xf0, `00${section(method)}`, "0x82"],
    ["that is empty, which means success", 5, 0xf0, "", "0x82"],
    ["with another reason code [MQTT-3.15.2-1]", 5, 0xf0, `87${section(method)}`, "0x82"],
    ["without properties", 5, 0xf0, "18", "0x81"],
    ["without a method", 5, 0xf0, "1800", "0x82"],
    ["with its method twice", 5, 0xf0, `18${section(method + method)}`, "0x82"],
    ["with bytes left over", 5, 0xf0, `18${section(method)}00`, "0x81"],
  ] as const)("%s", (_, version, firstByte, body, reason) => {
    expect(reasonOf(rawPacket(firstByte, body), version)).toBe(reason);
  });
});
