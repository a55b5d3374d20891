// Variable Byte Integers within packets; the Remaining Length is in fixed-header.test.ts. MQTT 5.0 section 1.5.5.

import { describe, expect, it } from "vitest";
import { connect, unique } from "../support/connect.ts";
import { field, hex, properties, rawPacket, userProperty } from "../support/wire.ts";
import { expectAnswer } from "./answer.ts";
import { owners, publishBytes, subscribeBytes, withSection } from "./packets.ts";
import { useTarget } from "./target.ts";

const target = useTarget();

describe("a Property Length", () => {
  it.each(owners)("of %s in more bytes than it needs is malformed [MQTT-1.5.5-1]", async (owner) => {
    const pair = userProperty("a", "b");
    const length = (pair.length | 0x80).toString(16);
    const packets = {
      "0 in two bytes": withSection[owner](hex("80 00")),
      "0 in four bytes": withSection[owner](hex("80 80 80 00")),
      "7 in two bytes": withSection[owner](Buffer.concat([hex(`${length} 00`), pair])),
      "7 in three bytes": withSection[owner](Buffer.concat([hex(`${length} 80 00`), pair])),
    };
    await expectAnswer(target.url, 5, packets, "0x81");
  });

  it.each(owners)("of %s in five bytes is malformed", async (owner) => {
    const packets = {
      "0": withSection[owner](hex("80 80 80 80 00")),
      "268,435,456": withSection[owner](hex("80 80 80 80 01")),
      "without an end": withSection[owner](hex("ff ff ff ff ff ff")),
    };
    await expectAnswer(target.url, 5, packets, "0x81");
  });

  it.each([127, 128, 16_383, 16_384])("of %i is taken", async (length) => {
    const topic = unique("length");
    const client = await connect(target.url);
    await client.subscribe(topic);
    const pair = userProperty("n", "v".repeat(length - userProperty("n", "").length));
    const message = rawPacket(0x30, field(topic), properties(pair), Buffer.from("x"));
    client.send(message);
    expect((await client.receiveBytes()).equals(message)).toBe(true);
  });
});

describe("a property identifier", () => {
  it.each(owners)("in %s in more bytes than it needs, or in five, is malformed [MQTT-1.5.5-1]", async (owner) => {
    const packets = {
      "two bytes": withSection[owner](properties(hex("a6 00 0001 61 0001 62"))),
      "four bytes": withSection[owner](properties(hex("a6 80 80 00 0001 61 0001 62"))),
      "five bytes": withSection[owner](properties(hex("a6 80 80 80 00 0001 61 0001 62"))),
    };
    await expectAnswer(target.url, 5, packets, "0x81");
  });
});

describe("a Subscription Identifier", () => {
  it("in more bytes than it needs, or in five, is malformed [MQTT-1.5.5-1]", async () => {
    const identifiers = ["81 00", "81 80 00", "81 80 80 00", "ff 80 00", "81 80 80 80 00", "80 80 80 80 01"];
    const packets = identifiers.map((digits) => [
      digits,
      subscribeBytes(5, { properties: properties(hex("0b"), hex(digits)) }),
    ]);
    await expectAnswer(target.url, 5, Object.fromEntries(packets), "0x81");
  });

  it.each([
    [1, "01"],
    [127, "7f"],
    [128, "80 01"],
    [16_383, "ff 7f"],
    [16_384, "80 80 01"],
    [2_097_151, "ff ff 7f"],
    [2_097_152, "80 80 80 01"],
    [268_435_455, "ff ff ff 7f"],
  ])("of %i comes back in the fewest bytes [MQTT-1.5.5-1]", async (_, digits) => {
    const topic = unique("identifier");
    const client = await connect(target.url);
    const identifier = properties(hex("0b"), hex(digits));
    client.send(subscribeBytes(5, { properties: identifier, payload: [field(topic), hex("00")] }));
    await client.receive({ cmd: "suback", granted: [0] });
    client.send(publishBytes(5, { topic: field(topic) }));
    const expected = rawPacket(0x30, field(topic), identifier, Buffer.from("hi"));
    expect((await client.receiveBytes()).toString("hex")).toBe(expected.toString("hex"));
  });
});
