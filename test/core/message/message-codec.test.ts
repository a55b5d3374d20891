import { describe, expect, it } from "vitest";
import { ByteReader, BytesError, ByteWriter } from "../../../src/core/bytes.ts";
import type { Delivery, Message } from "../../../src/core/message/message.ts";
import {
  decodeDelivery,
  decodeRetained,
  encodeDelivery,
  encodeRetained,
  readDelivery,
  writeDelivery,
} from "../../../src/core/message/message-codec.ts";

const plain: Message = {
  id: "",
  topicName: "sensors/7",
  qos: 0,
  retain: false,
  expiresAtMs: 0,
  properties: new Uint8Array(),
  payload: Uint8Array.of(0x32, 0x31),
};

const rich: Message = {
  id: "0mabc1234-7-42",
  topicName: "Größe/温度",
  qos: 2,
  retain: true,
  expiresAtMs: 1_790_000_000_123,
  properties: Uint8Array.of(0x26, 0, 1, 0x61, 0, 1, 0x62),
  payload: new Uint8Array(70_000).fill(7),
};

const delivery = (fields: Partial<Delivery>): Delivery => ({
  message: plain,
  qos: 0,
  retain: false,
  subscriptionIdentifiers: [],
  sharedFilter: "",
  ...fields,
});

describe("a stored message", () => {
  it.each([
    ["plain", plain],
    ["with everything", rich],
    ["with no payload", { ...plain, payload: new Uint8Array() }],
  ])("%s comes back as it was", (_, message) => {
    expect(decodeRetained(encodeRetained(message, "c1"))).toEqual({ message, publisherId: "c1" });
  });

  it("takes ten bytes beyond its topic name and payload when its publisher has two and there is nothing else", () => {
    expect(encodeRetained(plain, "c1")).toHaveLength(plain.topicName.length + plain.payload.length + 10);
  });

  it("is refused when its format is unknown", () => {
    const bytes = encodeRetained(plain, "c1");
    bytes[0] = 200;
    expect(() => decodeRetained(bytes)).toThrow("format 200");
  });

  it("is read as an older version stored it, without its publisher", () => {
    const bytes = encodeRetained(plain, "c1").subarray(0, -4);
    expect(decodeRetained(bytes)).toEqual({ message: plain, publisherId: "" });
  });

  it("is refused when bytes are missing", () => {
    expect(() => decodeRetained(encodeRetained(rich, "c1").subarray(0, -1))).toThrow(BytesError);
  });

  it("is not spoilt by an earlier one that could not be written", () => {
    expect(() => encodeRetained({ ...plain, topicName: "a".repeat(70_000) }, "c1")).toThrow(BytesError);
    expect(decodeRetained(encodeRetained(plain, "c1")).message).toEqual(plain);
  });
});

describe("a stored delivery", () => {
  it.each([
    ["plain", delivery({})],
    ["with everything", delivery({ message: rich, qos: 1, retain: true, subscriptionIdentifiers: [1, 268_435_455] })],
    ["of a shared subscription", delivery({ qos: 2, subscriptionIdentifiers: [5], sharedFilter: "$share/g/ä/#" })],
    ["whose own QoS and retain differ from the message's", delivery({ message: rich, qos: 0, retain: false })],
  ])("%s comes back as it was", (_, value) => {
    expect(decodeDelivery(encodeDelivery(value))).toEqual(value);
  });

  it("may follow another in the same bytes", () => {
    const writer = new ByteWriter();
    const values = [
      delivery({ qos: 1, sharedFilter: "$share/g/ä/+" }),
      delivery({ message: rich }),
      delivery({ subscriptionIdentifiers: [5] }),
    ];
    for (const value of values) writeDelivery(writer, value);
    const reader = new ByteReader(writer.finish());
    expect(values.map(() => readDelivery(reader))).toEqual(values);
    expect(reader.remaining).toBe(0);
  });
});
