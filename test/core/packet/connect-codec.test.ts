import { describe, expect, it } from "vitest";
import { decodePacket, refusalVersion } from "../../../src/core/packet/codec.ts";
import type { ConnectPacket, ProtocolVersion } from "../../../src/core/packet/packet.ts";
import { field, hex, rawPacket, reasonOf, section, sent, utf8, VERSIONS } from "./client.ts";

const protocolId = (version: ProtocolVersion) => (version === 3 ? "MQIsdp" : "MQTT");

/** A CONNECT with nothing but a client identifier. */
const plain: ConnectPacket = {
  type: "CONNECT",
  isBridge: false,
  protocolVersion: 4,
  cleanStart: true,
  keepAliveSec: 60,
  clientId: "c",
  username: undefined,
  password: undefined,
  will: undefined,
  sessionExpirySec: undefined,
  receiveMaximum: undefined,
  maximumPacketBytes: undefined,
  topicAliasMaximum: 0,
  requestResponseInformation: false,
  requestProblemInformation: true,
  authenticationMethod: undefined,
  authenticationData: undefined,
};

describe("CONNECT", () => {
  it.each(VERSIONS)("in version %d is decoded", (protocolVersion) => {
    const packet = {
      cmd: "connect",
      protocolId: protocolId(protocolVersion),
      protocolVersion,
      clean: false,
      keepalive: 60,
      clientId: "Gerät 1",
      username: "üser",
      password: Buffer.from([0, 0xff]),
      will: { topic: "a/will", payload: Buffer.from("gone"), qos: 2, retain: true },
    };
    expect(sent(packet, protocolVersion)).toEqual({
      ...plain,
      protocolVersion,
      cleanStart: false,
      clientId: "Gerät 1",
      username: "üser",
      password: Uint8Array.of(0, 0xff),
      will: {
        topicName: "a/will",
        payload: utf8("gone"),
        qos: 2,
        retain: true,
        delaySec: 0,
        messageExpirySec: undefined,
        properties: new Uint8Array(),
      },
    });
  });

  it.each(VERSIONS)("in version %d may have next to nothing", (protocolVersion) => {
    const connect = { cmd: "connect", protocolId: protocolId(protocolVersion), protocolVersion, keepalive: 60 };
    expect(sent({ ...connect, clientId: "c" }, protocolVersion)).toEqual({ ...plain, protocolVersion });
  });

  it("of MQTT 5.0 has properties", () => {
    const properties = {
      sessionExpiryInterval: 0xffffffff,
      receiveMaximum: 10,
      maximumPacketSize: 1000,
      topicAliasMaximum: 20,
      requestResponseInformation: true,
      requestProblemInformation: false,
      authenticationMethod: "SCRAM",
      authenticationData: Buffer.from([1, 2]),
      userProperties: { a: ["1", "2"], __proto__: "3" },
    };
    expect(sent({ cmd: "connect", protocolVersion: 5, clientId: "c", keepalive: 60, properties }, 5)).toEqual({
      ...plain,
      protocolVersion: 5,
      sessionExpirySec: 0xffffffff,
      receiveMaximum: 10,
      maximumPacketBytes: 1000,
      topicAliasMaximum: 20,
      requestResponseInformation: true,
      requestProblemInformation: false,
      authenticationMethod: "SCRAM",
      authenticationData: Uint8Array.of(1, 2),
    });
  });

  it("of MQTT 5.0 may have a password without a user name", () => {
    expect(decodePacket(rawPacket(0x10, v5({ flags: "40", rest: field("secret") })), undefined)).toMatchObject({
      username: undefined,
      password: utf8("secret"),
    });
  });

  it("leaves plain arrays behind", () => {
    const will = { topic: "a", payload: "x", properties: { correlationData: Buffer.from("c") } };
    const packet = { cmd: "connect", protocolVersion: 5, clientId: "c", username: "u", password: "p", will };
    const connect = sent(packet, 5) as ConnectPacket;
    for (const array of [connect.password, connect.will?.payload, connect.will?.properties]) {
      expect(array?.constructor).toBe(Uint8Array);
    }
  });

  it("keeps the Will's forwarded properties in order [MQTT-3.1.3-10], and takes out its delay and expiry", () => {
    const first = `26${field("b")}${field("1")}`;
    const second = `08${field("re/ply")}26${field("a")}${field("2")}`;
    const properties = section(`${first}180000000a${second}020000003c`);
    const rest = properties + field("t") + field("gone");
    const { will } = decodePacket(rawPacket(0x10, v5({ flags: "04", rest })), undefined) as ConnectPacket;
    expect(will).toMatchObject({ topicName: "t", payload: utf8("gone"), delaySec: 10, messageExpirySec: 60 });
    expect(hex(will?.properties)).toBe(first + second);
  });

  it("keeps U+FEFF at the start of a client identifier [MQTT-1.5.4-3]", () => {
    expect(sent({ cmd: "connect", clientId: "\uFEFFc" }, 4)).toMatchObject({ clientId: "\uFEFFc" });
  });

  it.each([
    ["83", "MQIsdp", 3],
    ["84", "MQTT", 4],
  ])("of a Mosquitto bridge, level 0x%s, is one of %s [B64]", (level, name, protocolVersion) => {
    const body = `${field(name)}${level}02003c${field("c")}`;
    expect(decodePacket(rawPacket(0x10, body), undefined)).toEqual({ ...plain, protocolVersion, isBridge: true });
  });

  it.each([
    ["user name", "80", ""],
    ["user name and password", "c0", ""],
    ["password", "c0", field("u")],
  ])("of MQTT 3.1 may flag a %s that is not there", (_, flags, rest) => {
    const body = `${field("MQIsdp")}03${flags}003c${field("c")}${rest}`;
    const username = rest === "" ? undefined : "u";
    expect(decodePacket(rawPacket(0x10, body), undefined)).toMatchObject({ username, password: undefined });
    // 3.1.1 and later have it [3.1.1 MQTT-3.1.2-19].
    const later = `${field("MQTT")}04${flags}003c${field("c")}${rest}`;
    expect(reasonOf(rawPacket(0x10, later), undefined)).toBe("0x81");
  });
});

describe("CONNECT of MQTT 3.1", () => {
  it.each(["1e", "17", "1d", "1f"])("may have any flags in its first byte: 0x%s [B96]", (firstByte) => {
    const body = `${field("MQIsdp")}0302003c${field("c")}`;
    expect(decodePacket(rawPacket(Number.parseInt(firstByte, 16), body), undefined)).toEqual({
      ...plain,
      protocolVersion: 3,
    });
    const later = `${field("MQTT")}0402003c${field("c")}`;
    expect(reasonOf(rawPacket(Number.parseInt(firstByte, 16), later), undefined)).toBe("0x81");
  });

  it("may set the connect flag that is not used [B96]", () => {
    const will = field("t") + field("gone");
    const alone = decodePacket(rawPacket(0x10, `${field("MQIsdp")}0303003c${field("c")}`), undefined);
    expect(alone).toEqual({ ...plain, protocolVersion: 3 });
    const withWill = decodePacket(rawPacket(0x10, `${field("MQIsdp")}0307003c${field("c")}${will}`), undefined);
    expect(withWill).toMatchObject({ protocolVersion: 3, will: { topicName: "t", payload: utf8("gone") } });
  });
});

describe("CONNECT of MQTT 3.1 without a Will", () => {
  it.each(["1a", "22", "3a"])("may have any Will QoS and Will Retain: flags 0x%s", (flags) => {
    const body = `${field("MQIsdp")}03${flags}003c${field("c")}`;
    expect(decodePacket(rawPacket(0x10, body), undefined)).toEqual({ ...plain, protocolVersion: 3 });
  });
});

/** The body of an MQTT 3.1.1 CONNECT, in hexadecimal. */
const v4 = ({ name = field("MQTT"), level = "04", flags = "02", rest = "" }) =>
  `${name}${level}${flags}003c${field("c")}${rest}`;

/** The same for MQTT 5.0. */
const v5 = ({ flags = "02", properties = "00", rest = "" }) =>
  `${field("MQTT")}05${flags}003c${properties}${field("c")}${rest}`;

const withProperties = (propertiesHex: string) => v5({ properties: section(propertiesHex) });

describe("CONNECT is refused", () => {
  it.each<[string, string, string]>([
    ["of an unknown protocol [3.1.1 MQTT-3.1.4-1]", v4({ name: field("HTTP") }), "0x81"],
    ["of an unknown protocol, at level 5 [MQTT-3.1.2-1]", v4({ name: field("HTTP"), level: "05" }), "0x84"],
    ["of an unknown level [MQTT-3.1.2-2]", v4({ level: "06" }), "0x84"],
    ["of level 3 under the name MQTT", v4({ level: "03" }), "0x84"],
    ["of level 4 under the name MQIsdp", v4({ name: field("MQIsdp") }), "0x84"],
    ["of level 5 from a bridge", v4({ level: "85" }), "0x84"],
    ["with no body", "", "0x81"],
    ["cut short in the protocol name", "00044d51", "0x81"],
    ["cut short after the name", field("MQTT"), "0x81"],
    ["cut short after the flags", `${field("MQTT")}0402`, "0x81"],
    ["without a client identifier [MQTT-3.1.3-3]", `${field("MQTT")}0402003c`, "0x81"],
    ["with the reserved flag [MQTT-3.1.2-3]", v4({ flags: "03" }), "0x81"],
    ["with Will QoS and no Will [MQTT-3.1.2-11]", v4({ flags: "0a" }), "0x81"],
    ["with Will Retain and no Will [MQTT-3.1.2-13]", v4({ flags: "22" }), "0x81"],
    ["with Will QoS 3 [MQTT-3.1.2-12]", v4({ flags: "1e", rest: field("t") + field("") }), "0x81"],
    ["with a flagged Will that is missing [MQTT-3.1.2-9]", v4({ flags: "06" }), "0x81"],
    ["without a Will payload [MQTT-3.1.2-9]", v4({ flags: "06", rest: field("t") }), "0x81"],
    ["with a wildcard in the Will Topic", v5({ flags: "06", rest: `00${field("a/#")}${field("")}` }), "0x90"],
    ["with an empty Will Topic [MQTT-4.7.3-1]", v5({ flags: "06", rest: `00${field("")}${field("")}` }), "0x90"],
    ["with a wildcard in the Will Topic of 3.1.1", v4({ flags: "06", rest: field("a/#") + field("") }), "0x81"],
    ["with a Will Topic that is no UTF-8 [MQTT-3.1.3-11]", v4({ flags: "06", rest: `0001ff${field("")}` }), "0x81"],
    ["with a password and no user name [3.1.1 MQTT-3.1.2-22]", v4({ flags: "42", rest: field("p") }), "0x81"],
    ["with a flagged user name that is missing [MQTT-3.1.2-17]", v4({ flags: "82" }), "0x81"],
    ["with a flagged password that is missing [MQTT-3.1.2-19]", v4({ flags: "c2", rest: field("u") }), "0x81"],
    ["with a user name that is no UTF-8 [MQTT-3.1.3-12]", v4({ flags: "82", rest: "0002c080" }), "0x81"],
    ["with a user name not flagged [MQTT-3.1.2-16]", v4({ rest: field("u") }), "0x81"],
    ["with a password not flagged [MQTT-3.1.2-18]", v4({ flags: "82", rest: field("u") + field("p") }), "0x81"],
    ["with U+0000 in the client identifier [MQTT-1.5.4-2]", `${field("MQTT")}0402003c000100`, "0x81"],
    ["with a client identifier that is no UTF-8 [MQTT-3.1.3-4]", `${field("MQTT")}0402003c0001ff`, "0x81"],
    ["without a Property Length [MQTT-2.2.2-1]", `${field("MQTT")}0502003c`, "0x81"],
    ["with Receive Maximum 0", withProperties("210000"), "0x82"],
    ["with Maximum Packet Size 0", withProperties("2700000000"), "0x82"],
    ["with Request Response Information 2", withProperties("1902"), "0x82"],
    ["with Request Problem Information 2", withProperties("1702"), "0x82"],
    ["with Session Expiry Interval twice", withProperties("11000000011100000001"), "0x82"],
    ["with Receive Maximum twice", withProperties("210001210001"), "0x82"],
    ["with Topic Alias Maximum twice", withProperties("220000220000"), "0x82"],
    ["with Authentication Method twice", withProperties("1500001500 00"), "0x82"],
    ["with Authentication Data alone", withProperties("160000"), "0x82"],
    ["with a property of PUBLISH", withProperties("0101"), "0x81"],
    ["with a property of the Will", withProperties("1800000001"), "0x81"],
    ["with a Reason String", withProperties("1f0000"), "0x81"],
    ["with a Will that has a Topic Alias", v5({ flags: "06", rest: `03230001${field("t")}0000` }), "0x81"],
    ["with Will Delay twice", v5({ flags: "06", rest: `0a18000000011800000001${field("t")}0000` }), "0x82"],
    ["with a Will payload not in its format", v5({ flags: "06", rest: `020101${field("t")}0001ff` }), "0x99"],
    ["with bytes left over", v5({ rest: "00" }), "0x81"],
  ])("%s", (_, body, reason) => {
    expect(reasonOf(rawPacket(0x10, body.replaceAll(" ", "")), undefined)).toBe(reason);
  });

  it("with flags in its first byte [MQTT-2.1.3-1]", () => {
    expect(reasonOf(rawPacket(0x11, v4({})), undefined)).toBe("0x81");
  });

  it("when it is the second [MQTT-3.1.0-2]", () => {
    expect(reasonOf(rawPacket(0x10, v4({})), undefined)).toBe("accepted");
    expect(reasonOf(rawPacket(0x10, v4({})), 4)).toBe("0x82");
  });

  it.each<[string, string, ProtocolVersion]>([
    ["that names 5.0", v5({ flags: "03" }), 5],
    ["that names 3.1.1", v4({ flags: "03" }), 4],
    ["that names 3.1", v4({ name: field("MQIsdp"), level: "03" }), 3],
    ["of a bridge", v4({ level: "84" }), 4],
    ["of a later version", v4({ level: "06" }), 5],
    ["of an earlier version", v4({ level: "02" }), 4],
    ["that stops before its level", field("MQTT"), 4],
    ["with no body", "", 4],
  ])("in its own version: one %s", (_, body, version) => {
    expect(refusalVersion(rawPacket(0x10, body))).toBe(version);
  });
});
