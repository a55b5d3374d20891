// The first bytes of every packet: its type, its flags and its Remaining Length. MQTT 5.0 section 2.1, and the
// sections "Fixed Header" of chapter 3.

import { describe, expect, it } from "vitest";
import { connect, connectPacket, unique } from "../support/connect.ts";
import { Conversation } from "../support/conversation.ts";
import { field, hex, rawPacket } from "../support/wire.ts";
import { expectAnswer, refusal } from "./answer.ts";
import {
  acknowledgementBytes,
  connectBytes,
  publishBytes,
  section,
  subscribeBytes,
  unsubscribeBytes,
  type Version,
  versions,
} from "./packets.ts";
import { useTarget } from "./target.ts";

const target = useTarget();

/** A valid packet of each type, but for CONNECT and PUBLISH, whose flags say something or come before the version. */
const packetsOf = (version: Version): Record<string, Buffer> => ({
  PUBACK: acknowledgementBytes(0x40),
  PUBREC: acknowledgementBytes(0x50),
  PUBREL: acknowledgementBytes(0x62),
  PUBCOMP: acknowledgementBytes(0x70),
  SUBSCRIBE: subscribeBytes(version),
  UNSUBSCRIBE: unsubscribeBytes(version),
  PINGREQ: hex("c0 00"),
  DISCONNECT: hex("e0 00"),
});

/** The packet with each combination of flags but its own. */
function otherFlags(packet: Uint8Array): Record<string, Uint8Array> {
  const firstByte = packet[0] ?? 0;
  const flags = Array.from({ length: 16 }, (_, value) => (firstByte & 0xf0) | value).filter(
    (byte) => byte !== firstByte,
  );
  return Object.fromEntries(
    flags.map((byte) => [`0x${byte.toString(16)}`, Buffer.from([byte, ...packet.subarray(1)])]),
  );
}

describe("reserved flags", () => {
  const rules: readonly [string, string][] = [
    ["PUBACK", "[MQTT-2.1.3-1] [3.1.1 MQTT-2.2.2-1]"],
    ["PUBREC", "[MQTT-2.1.3-1] [3.1.1 MQTT-2.2.2-1]"],
    ["PUBREL", "[MQTT-3.6.1-1] [3.1.1 MQTT-3.6.1-1]"],
    ["PUBCOMP", "[MQTT-2.1.3-1] [3.1.1 MQTT-2.2.2-1]"],
    ["SUBSCRIBE", "[MQTT-3.8.1-1] [3.1.1 MQTT-3.8.1-1]"],
    ["UNSUBSCRIBE", "[MQTT-3.10.1-1] [3.1.1 MQTT-3.10.1-1]"],
    ["DISCONNECT", "[MQTT-3.14.1-1] [3.1.1 MQTT-3.14.1-1]"],
  ];

  it.each(rules)("of %s, any but its own, are malformed %s [3.1.1 MQTT-2.2.2-2]", async (name) => {
    for (const version of [4, 5] as const) {
      const packets = otherFlags(packetsOf(version)[name] ?? hex(""));
      await expectAnswer(target.url, version, packets, refusal(version, 0x81));
    }
  });

  it("of AUTH are malformed [MQTT-3.15.1-1]", async () => {
    const packets = otherFlags(rawPacket(0xf0, hex("19"), section(5, hex("15 0001 6d"))));
    await expectAnswer(target.url, 5, packets, "0x81", "0x82");
  });

  it("of CONNECT are malformed [MQTT-2.1.3-1] [3.1.1 MQTT-2.2.2-2]", async () => {
    for (const version of [4, 5] as const) {
      const packets = otherFlags(connectBytes(version));
      await expectAnswer(target.url, version, packets, refusal(version, 0x81));
    }
  });

  it("of DISCONNECT are answered with DISCONNECT 0x81 [MQTT-3.14.1-1]", async () => {
    const client = await connect(target.url);
    client.send("e1 00");
    await client.ended(0x81);
  });

  it.each([3, 4, 5] as const)("are the right ones in version %i where they are 0010", async (version) => {
    const { PUBREL = hex(""), SUBSCRIBE = hex(""), UNSUBSCRIBE = hex("") } = packetsOf(version);
    await expectAnswer(target.url, version, { PUBREL, SUBSCRIBE, UNSUBSCRIBE }, "accepted");
  });

  it.each(["CONNECT", "PUBACK", "PUBREC", "PUBCOMP", "PINGREQ"])(
    "of %s are not used in MQTT 3.1, and may be any [B96]",
    async (name) => {
      const packet = name === "CONNECT" ? connectBytes(3) : (packetsOf(3)[name] ?? hex(""));
      await expectAnswer(target.url, 3, otherFlags(packet), "accepted");
    },
  );

  it("may have DUP in MQTT 3.1, which repeats PUBREL, SUBSCRIBE and UNSUBSCRIBE with it", async () => {
    const { PUBREL = hex(""), SUBSCRIBE = hex(""), UNSUBSCRIBE = hex("") } = packetsOf(3);
    const repeated = (packet: Uint8Array) => Buffer.from([(packet[0] ?? 0) | 0x08, ...packet.subarray(1)]);
    const packets = { PUBREL: repeated(PUBREL), SUBSCRIBE: repeated(SUBSCRIBE), UNSUBSCRIBE: repeated(UNSUBSCRIBE) };
    await expectAnswer(target.url, 3, packets, "accepted");
  });
});

describe("packet types", () => {
  it.each(versions)("that only a server sends are a protocol error from a client of version %i", async (version) => {
    const packets = {
      CONNACK: version === 5 ? hex("20 03 00 00 00") : hex("20 02 00 00"),
      SUBACK: rawPacket(0x90, hex("0001"), section(version), hex("00")),
      UNSUBACK: rawPacket(0xb0, hex("0001"), section(version), version === 5 ? hex("00") : hex("")),
      PINGRESP: hex("d0 00"),
    };
    await expectAnswer(target.url, version, packets, refusal(version, 0x82), refusal(version, 0x81));
  });

  it.each(versions)("type 0 is forbidden in version %i", async (version) => {
    const packets = { empty: hex("00 00"), flagged: hex("02 00"), "with a body": hex("00 02 00 01") };
    await expectAnswer(target.url, version, packets, refusal(version, 0x81), refusal(version, 0x82));
  });

  it.each([3, 4] as const)("type 15 is forbidden in version %i, which has no AUTH", async (version) => {
    const packets = { empty: hex("f0 00"), "as in 5.0": rawPacket(0xf0, hex("18 04 15 0001 6d")) };
    await expectAnswer(target.url, version, packets, "closed");
  });
});

describe("Remaining Length", () => {
  it.each(versions)("of five bytes is malformed in version %i [MQTT-4.13.1-1]", async (version) => {
    const packets = {
      PINGREQ: hex("c0 80 80 80 80 00"),
      "that never ends": hex("30 ff ff ff ff ff ff ff ff"),
      "with a small value": hex("c0 80 80 80 80 01 00"),
    };
    await expectAnswer(target.url, version, packets, refusal(version, 0x81));
  });

  it("in more bytes than it needs is malformed [MQTT-1.5.5-1]", async () => {
    const body = Buffer.concat([field(unique("padded")), section(5)]);
    const packets = {
      "0 in two bytes": hex("c0 80 00"),
      "0 in three bytes": hex("c0 80 80 00"),
      "0 in four bytes": hex("c0 80 80 80 00"),
      "of PUBLISH in two bytes": Buffer.concat([Buffer.from([0x30, body.length | 0x80, 0x00]), body]),
      "of PUBLISH in four bytes": Buffer.concat([Buffer.from([0x30, body.length | 0x80, 0x80, 0x80, 0x00]), body]),
    };
    await expectAnswer(target.url, 5, packets, "0x81");
  });

  it("of a CONNECT in five bytes or more than it needs is refused by the close alone [MQTT-1.5.5-1]", async () => {
    const body = connectBytes(5).subarray(2);
    const packets = {
      "five bytes": Buffer.concat([hex("10 80 80 80 80 01"), body]),
      "two bytes": Buffer.concat([Buffer.from([0x10, body.length | 0x80, 0x00]), body]),
    };
    await expectAnswer(target.url, 5, packets, "closed", "0x81");
  });

  it.each([0, 1, 127, 128, 16_383, 16_384, 65_536])(
    "is read where %i bytes of payload make it",
    async (payloadBytes) => {
      const topic = unique("length");
      const client = await connect(target.url);
      await client.subscribe(topic);
      const payload = Buffer.alloc(payloadBytes, 0x61);
      client.sendPublish(topic, payload);
      const received = await client.message({ topic });
      expect(payload.equals(received.payload as Buffer)).toBe(true);
    },
  );

  it.each([4, 5] as const)("that is longer than the content swallows what follows, version %i", async (version) => {
    const longer = (packet: Uint8Array) =>
      Buffer.concat([Buffer.from([packet[0] ?? 0, (packet[1] ?? 0) + 2]), packet.subarray(2), hex("c0 00")]);
    // With all that MQTT 5.0 lets them leave out, or the two bytes would be that.
    const rest = version === 5 ? hex("00 00") : hex("");
    const packets = {
      CONNECT: connectBytes(version),
      PUBACK: acknowledgementBytes(0x40, rest),
      PUBREC: acknowledgementBytes(0x50, rest),
      PUBREL: acknowledgementBytes(0x62, rest),
      PUBCOMP: acknowledgementBytes(0x70, rest),
      SUBSCRIBE: subscribeBytes(version),
      UNSUBSCRIBE: unsubscribeBytes(version),
      PINGREQ: hex("c0 00"),
      DISCONNECT: rawPacket(0xe0, rest),
    };
    const tooLong = Object.entries(packets).map(([name, packet]) => [name, longer(packet)]);
    await expectAnswer(target.url, version, Object.fromEntries(tooLong), refusal(version, 0x81));
  });

  it.each([4, 5] as const)("that is shorter than the content cuts the packet, version %i", async (version) => {
    const shorter = (packet: Uint8Array) => Buffer.from([packet[0] ?? 0, (packet[1] ?? 0) - 1, ...packet.subarray(2)]);
    const { PINGREQ: _, DISCONNECT: __, ...others } = packetsOf(version);
    const packets = Object.fromEntries(Object.entries(others).map(([name, packet]) => [name, shorter(packet)]));
    const CONNECT = shorter(connectBytes(version));
    await expectAnswer(target.url, version, { ...packets, CONNECT }, refusal(version, 0x81));
  });
});

describe("bytes after the end", () => {
  it.each(versions)("of a packet of version %i are malformed", async (version) => {
    const extended = (packet: Uint8Array, rest: string) => rawPacket(packet[0] ?? 0, packet.subarray(2), hex(rest));
    const { SUBSCRIBE = hex(""), UNSUBSCRIBE = hex(""), PINGREQ = hex("") } = packetsOf(version);
    // Reason code 0 and no properties, which MQTT 5.0 may leave out, come first.
    const rest = version === 5 ? "00 00 00" : "00";
    const packets = {
      CONNECT: extended(connectBytes(version), "00"),
      PUBACK: acknowledgementBytes(0x40, hex(rest)),
      PUBREC: acknowledgementBytes(0x50, hex(rest)),
      PUBREL: acknowledgementBytes(0x62, hex(rest)),
      PUBCOMP: acknowledgementBytes(0x70, hex(rest)),
      "SUBSCRIBE, one byte": extended(SUBSCRIBE, "00"),
      "SUBSCRIBE, a filter without options": extended(SUBSCRIBE, "0001 61"),
      "UNSUBSCRIBE, one byte": extended(UNSUBSCRIBE, "00"),
      "UNSUBSCRIBE, half a filter": extended(UNSUBSCRIBE, "0002 61"),
      "PINGREQ, one byte": extended(PINGREQ, "00"),
      "PINGREQ, two bytes": extended(PINGREQ, "c0 00"),
      DISCONNECT: rawPacket(0xe0, hex(rest)),
    };
    await expectAnswer(target.url, version, packets, refusal(version, 0x81));
  });
});

describe("after a malformed packet", () => {
  it("the connection is closed, and nothing behind it counts [MQTT-4.13.1-1] [MQTT-4.13.2-1]", async () => {
    const topic = unique("behind");
    const [observer, client] = [await connect(target.url), await connect(target.url)];
    await observer.subscribe(topic);
    const message = (text: string) => publishBytes(5, { topic: field(topic), payload: Buffer.from(text) });
    const malformed = publishBytes(5, { flags: 0x06, packetId: 1 });
    client.send(Buffer.concat([message("before"), malformed, message("behind")]));
    await client.ended(0x81);
    await observer.message({ payload: "before" });
    await observer.expectNothingMore();
  });

  it("before MQTT 5.0 there is the close alone [3.1.1 MQTT-4.8.0-1]", async () => {
    for (const version of [3, 4] as const) {
      const client = await connect(target.url, { version });
      client.send("00 00");
      await client.closed();
    }
  });

  it("a CONNECT behind a refused one counts for nothing [MQTT-3.1.4-6]", async () => {
    const client = await Conversation.open(target.url);
    const accepted = client.encode(connectPacket());
    client.send(Buffer.concat([connectBytes(5, { flags: 0x03 }), accepted]));
    await expect(client.receive({ cmd: "connack", reasonCode: 0 })).rejects.toThrow();
    await expect(client.receiveBytes()).rejects.toThrow("closed");
  });
});
