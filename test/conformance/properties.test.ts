// Properties in the packets of a client: which may be there, how often and with which values. MQTT 5.0 section 2.2.2,
// and the sections on properties of chapter 3. AUTH, which has its own rules on when it may come, is at the end.

import { describe, expect, it } from "vitest";
import { connect } from "../support/connect.ts";
import { field, hex, properties, rawPacket, userProperty, variableByteInteger } from "../support/wire.ts";
import { type Answer, answersTo, expectAnswer, type Packets } from "./answer.ts";
import { type Owner, owners, publishBytes, withSection } from "./packets.ts";
import { useTarget } from "./target.ts";

const target = useTarget();

/** One of each property, by its identifier. Table 2-4. */
const samples: Readonly<Record<string, Uint8Array>> = {
  "Payload Format Indicator": hex("01 00"),
  "Message Expiry Interval": hex("02 00000e10"),
  "Content Type": hex("03 0001 74"),
  "Response Topic": hex("08 0001 72"),
  "Correlation Data": hex("09 0001 ff"),
  "Subscription Identifier": hex("0b 01"),
  "Session Expiry Interval": hex("11 00000000"),
  "Assigned Client Identifier": hex("12 0001 61"),
  "Server Keep Alive": hex("13 003c"),
  "Authentication Method": hex("15 0001 6d"),
  "Authentication Data": hex("16 0001 ff"),
  "Request Problem Information": hex("17 01"),
  "Will Delay Interval": hex("18 00000000"),
  "Request Response Information": hex("19 00"),
  "Response Information": hex("1a 0001 69"),
  "Server Reference": hex("1c 0001 73"),
  "Reason String": hex("1f 0001 72"),
  "Receive Maximum": hex("21 0010"),
  "Topic Alias Maximum": hex("22 0010"),
  "Topic Alias": hex("23 0001"),
  "Maximum QoS": hex("24 01"),
  "Retain Available": hex("25 01"),
  "User Property": userProperty("a", "b"),
  "Maximum Packet Size": hex("27 00001000"),
  "Wildcard Subscription Available": hex("28 01"),
  "Subscription Identifier Available": hex("29 01"),
  "Shared Subscription Available": hex("2a 01"),
};

/** What a client may send where. */
const message = ["Payload Format Indicator", "Message Expiry Interval", "Content Type", "Response Topic"];
const acknowledgement = ["Reason String", "User Property"];
const allowed: Readonly<Record<Owner, readonly string[]>> = {
  CONNECT: [
    "Session Expiry Interval",
    "Request Problem Information",
    "Request Response Information",
    "Receive Maximum",
    "Topic Alias Maximum",
    "User Property",
    "Maximum Packet Size",
  ],
  "a Will": [...message, "Correlation Data", "Will Delay Interval", "User Property"],
  PUBLISH: [...message, "Correlation Data", "Topic Alias", "User Property"],
  PUBACK: acknowledgement,
  PUBREC: acknowledgement,
  PUBREL: acknowledgement,
  PUBCOMP: acknowledgement,
  SUBSCRIBE: ["Subscription Identifier", "User Property"],
  UNSUBSCRIBE: ["User Property"],
  DISCONNECT: ["Session Expiry Interval", ...acknowledgement],
};

/** Left out: properties that only a server may send with this packet, or that start an exchange of their own. */
const particular: Readonly<Partial<Record<Owner, readonly string[]>>> = {
  CONNECT: ["Authentication Method", "Authentication Data"],
  PUBLISH: ["Subscription Identifier"],
  DISCONNECT: ["Server Reference"],
};

/** A client that sends DISCONNECT hears nothing more. */
const taken = (owner: Owner): Answer => (owner === "DISCONNECT" ? "closed" : "accepted");

function packetsOf(owner: Owner, sections: Packets): Packets {
  return Object.fromEntries(Object.entries(sections).map(([name, bytes]) => [name, withSection[owner](bytes)]));
}

describe.each(owners)("with %s", (owner) => {
  it("each property that belongs there is taken", async () => {
    const names = allowed[owner];
    const sections = Object.fromEntries(names.map((name) => [name, properties(samples[name] ?? hex(""))]));
    await expectAnswer(target.url, 5, packetsOf(owner, sections), taken(owner));
  });

  it("each other property is malformed [MQTT-4.13.1-1] [B13]", async () => {
    const belonging = [...allowed[owner], ...(particular[owner] ?? [])];
    const others = Object.entries(samples).filter(([name]) => !belonging.includes(name));
    const sections = Object.fromEntries(others.map(([name, bytes]) => [name, properties(bytes)]));
    await expectAnswer(target.url, 5, packetsOf(owner, sections), "0x81");
  });

  it("an identifier that no property has is malformed", async () => {
    const identifiers = ["00", "04", "0a", "14", "20", "2b", "7f", "80 01", "a6 01", "ff ff ff 7f"];
    const sections = Object.fromEntries(identifiers.map((digits) => [digits, properties(hex(`${digits} 00`))]));
    await expectAnswer(target.url, 5, packetsOf(owner, sections), "0x81");
  });

  it("a property twice is a protocol error, but for User Property [B13]", async () => {
    const names = allowed[owner].filter((name) => name !== "User Property");
    const sections = Object.fromEntries(names.map((name) => [name, twice(name)]));
    await expectAnswer(target.url, 5, packetsOf(owner, sections), "0x82");
    await expectAnswer(target.url, 5, packetsOf(owner, { "User Property": twice("User Property") }), taken(owner));
  });

  it("a Property Length that is not that of the properties is malformed", async () => {
    await expectAnswer(
      target.url,
      5,
      packetsOf(owner, {
        "beyond the packet": Buffer.concat([variableByteInteger(2000), userProperty("a", "b")]),
        "far beyond": hex("ff ff ff 7f"),
        "ends within a length": hex("02 26 00"),
        "ends within a name": Buffer.concat([hex("03"), userProperty("a", "b")]),
        "ends between name and value": Buffer.concat([hex("04"), userProperty("a", "b")]),
        "ends before the last byte": Buffer.concat([hex("06"), userProperty("a", "b")]),
        "ends after the identifier": hex("01 26"),
      }),
      "0x81",
    );
  });
});

function twice(name: string): Buffer {
  const sample = samples[name] ?? hex("");
  return properties(sample, sample);
}

describe("left out", () => {
  it("the Property Length is malformed where a packet must have one [MQTT-2.2.2-1]", async () => {
    const none = hex("");
    const topic = field("raw");
    await expectAnswer(
      target.url,
      5,
      {
        CONNECT: rawPacket(0x10, field("MQTT"), hex("05 02 003c"), topic),
        "a Will": withSection["a Will"](none),
        PUBLISH: publishBytes(5, { properties: none, payload: none }),
        SUBSCRIBE: rawPacket(0x82, hex("0001"), topic, hex("00")),
        UNSUBSCRIBE: rawPacket(0xa2, hex("0001"), topic),
      },
      "0x81",
    );
  });

  it("it is 0 in what the broker sends without properties [MQTT-2.2.2-1]", async () => {
    const client = await connect(target.url);
    const topic = field(client.clientId);
    client.send(rawPacket(0x82, hex("0001 00"), topic, hex("00")));
    expect(await client.receiveBytes()).toEqual(hex("90 04 0001 00 00"));
    client.send(rawPacket(0x30, topic, hex("00"), Buffer.from("bare")));
    expect(await client.receiveBytes()).toEqual(rawPacket(0x30, topic, hex("00"), Buffer.from("bare")));
    client.send(rawPacket(0xa2, hex("0002 00"), topic));
    expect(await client.receiveBytes()).toEqual(hex("b0 04 0002 00 00"));
  });
});

describe("out of range", () => {
  const cases: readonly [string, Owner, string, Answer, ...Answer[]][] = [
    ["Receive Maximum 0", "CONNECT", "21 0000", "0x82"],
    ["Maximum Packet Size 0", "CONNECT", "27 00000000", "0x82"],
    ["Request Problem Information 2", "CONNECT", "17 02", "0x82"],
    ["Request Problem Information 255", "CONNECT", "17 ff", "0x82"],
    ["Request Response Information 2", "CONNECT", "19 02", "0x82"],
    ["Request Response Information 255", "CONNECT", "19 ff", "0x82"],
    // No section says which of the two these are.
    ["Payload Format Indicator 2", "PUBLISH", "01 02", "0x82", "0x81"],
    ["Payload Format Indicator 255", "PUBLISH", "01 ff", "0x82", "0x81"],
    ["Payload Format Indicator 2", "a Will", "01 02", "0x82", "0x81"],
    ["Subscription Identifier 0", "SUBSCRIBE", "0b 00", "0x82"],
  ];

  it.each(cases)("%s in %s is refused [B13]", async (name, owner, digits, expected, ...others) => {
    await expectAnswer(target.url, 5, { [name]: withSection[owner](properties(hex(digits))) }, expected, ...others);
  });

  it("the limits of each range are taken", async () => {
    const within: readonly [Owner, string][] = [
      ["CONNECT", "21 0001"],
      ["CONNECT", "21 ffff"],
      ["CONNECT", "27 ffffffff"],
      ["CONNECT", "22 0000"],
      ["CONNECT", "22 ffff"],
      ["CONNECT", "11 ffffffff"],
      ["CONNECT", "17 00"],
      ["CONNECT", "19 01"],
      ["PUBLISH", "02 00000000"],
      ["PUBLISH", "02 ffffffff"],
      ["a Will", "18 ffffffff"],
      ["SUBSCRIBE", "0b 01"],
      ["SUBSCRIBE", "0b ff ff ff 7f"],
    ];
    const packets = within.map(([owner, digits]) => [
      `${owner} ${digits}`,
      withSection[owner](properties(hex(digits))),
    ]);
    await expectAnswer(target.url, 5, Object.fromEntries(packets), "accepted");
  });

  it("a Topic Alias of 0 is invalid [MQTT-3.3.2-8] [B13]", async () => {
    const packet = withSection.PUBLISH(properties(hex("23 0000")));
    await expectAnswer(target.url, 5, { "Topic Alias 0": packet }, "0x94", "0x82", "0x81");
  });

  it("a Topic Alias above the server's Topic Alias Maximum is invalid [MQTT-3.3.2-9]", async () => {
    const client = await connect(target.url);
    const maximum = client.connack.properties?.topicAliasMaximum ?? 0;
    client.send(
      publishBytes(5, { properties: properties(Buffer.from([0x23, (maximum + 1) >> 8, (maximum + 1) & 0xff])) }),
    );
    await client.ended(0x94);
  });
});

describe("where it makes no sense", () => {
  it("Subscription Identifier is for a server to send with PUBLISH [MQTT-3.3.4-6]", async () => {
    const packet = withSection.PUBLISH(properties(hex("0b 01")));
    await expectAnswer(target.url, 5, { "Subscription Identifier": packet }, "0x82", "0x81");
  });

  it("Server Reference is for a server to send with DISCONNECT", async () => {
    const packet = withSection.DISCONNECT(properties(hex("1c 0001 73")));
    await expectAnswer(target.url, 5, { "Server Reference": packet }, "0x82", "0x81");
  });

  it("Authentication Data without Authentication Method is a protocol error", async () => {
    const packet = withSection.CONNECT(properties(hex("16 0001 ff")));
    await expectAnswer(target.url, 5, { "Authentication Data": packet }, "0x82");
  });

  it("Authentication Method and Data twice are protocol errors", async () => {
    const method = hex("15 0001 6d");
    const data = hex("16 0001 ff");
    await expectAnswer(
      target.url,
      5,
      {
        method: withSection.CONNECT(properties(method, method)),
        data: withSection.CONNECT(properties(method, data, data)),
      },
      "0x82",
    );
  });
});

describe("with AUTH, which is refused already where CONNECT named no method,", () => {
  it("no property is let through", async () => {
    const sections = Object.entries({ nothing: hex(""), ...samples }).map(([name, bytes]) => [name, properties(bytes)]);
    const packets = sections.map(([name, bytes]) => [name, rawPacket(0xf0, hex("18"), bytes as Uint8Array)]);
    const answers = Object.values(await answersTo(target.url, 5, Object.fromEntries(packets)));
    expect(answers).not.toContain("accepted");
    expect(answers).not.toContain("silence");
  });
});
