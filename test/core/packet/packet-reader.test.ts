import { describe, expect, it } from "vitest";
import { PacketReader } from "../../../src/core/packet/packet-reader.ts";
import { bytes, hex } from "./client.ts";

const PINGREQ = bytes("c000");
/** A PUBLISH of 300 bytes: its Remaining Length takes two. */
const PUBLISH = Uint8Array.from([0x30, 0xa9, 0x02, 0, 1, 0x61, ...new Array(294).fill(7)]);

const concat = (...parts: Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]));

const read = (reader: PacketReader, chunk: Uint8Array) => {
  const { packets, error } = reader.push(chunk);
  return { packets: packets.map((packet) => hex(packet.bytes)), reasonCode: error?.reasonCode };
};

describe("a chunk of the stream", () => {
  it("may hold several packets [MQTT-6.0.0-2]", () => {
    const { packets, error } = new PacketReader(1000).push(concat(PINGREQ, PUBLISH, PINGREQ));
    expect(error).toBeUndefined();
    expect(packets).toEqual([
      { firstByte: 0xc0, bytes: PINGREQ, bodyOffset: 2 },
      { firstByte: 0x30, bytes: PUBLISH, bodyOffset: 3 },
      { firstByte: 0xc0, bytes: PINGREQ, bodyOffset: 2 },
    ]);
  });

  it("is not copied where it holds whole packets", () => {
    const chunk = concat(PINGREQ, PUBLISH);
    const { packets } = new PacketReader(1000).push(chunk);
    expect(packets.every((packet) => packet.bytes.buffer === chunk.buffer)).toBe(true);
  });

  it("may hold parts of packets, cut anywhere [MQTT-6.0.0-2]", () => {
    const stream = concat(PUBLISH, PINGREQ, PUBLISH);
    for (let size = 1; size <= stream.length; size++) {
      const reader = new PacketReader(1000);
      const packets: (string | undefined)[] = [];
      for (let at = 0; at < stream.length; at += size)
        packets.push(...read(reader, stream.slice(at, at + size)).packets);
      expect(packets).toEqual([hex(PUBLISH), hex(PINGREQ), hex(PUBLISH)]);
      expect(reader.bufferedBytes).toBe(0);
    }
  });

  it("may be empty", () => {
    const reader = new PacketReader(1000);
    expect(read(reader, new Uint8Array())).toEqual({ packets: [], reasonCode: undefined });
    expect(read(reader, PINGREQ).packets).toHaveLength(1);
  });

  it("is kept as a copy when it ends within a packet", () => {
    const reader = new PacketReader(1000);
    const chunk = PUBLISH.slice(0, 10);
    reader.push(chunk);
    expect(reader.bufferedBytes).toBe(10);
    chunk.fill(0);
    expect(read(reader, PUBLISH.slice(10)).packets).toEqual([hex(PUBLISH)]);
  });

  it("of Node.js gives plain arrays", () => {
    const [packet] = new PacketReader(1000).push(Buffer.from(PUBLISH)).packets;
    expect(packet?.bytes.constructor).toBe(Uint8Array);
  });
});

describe("many small chunks", () => {
  it("cost time in proportion to their number", () => {
    const body = 1_000_000;
    const reader = new PacketReader(Infinity);
    reader.push(Uint8Array.of(0x30, 0xc0, 0x84, 0x3d));
    let whole = 0;
    const started = performance.now();
    for (let i = 0; i < body; i++) whole += reader.push(Uint8Array.of(7)).packets.length;
    expect(whole).toBe(1);
    // Copying all that has arrived for each byte would take minutes.
    expect(performance.now() - started).toBeLessThan(5000);
  });
});

describe("a packet that is too large", () => {
  it("is refused before its body arrives", () => {
    expect(read(new PacketReader(299), PUBLISH.slice(0, 3)).reasonCode).toBe(0x95);
    expect(read(new PacketReader(300), PUBLISH.slice(0, 3)).reasonCode).toBeUndefined();
  });

  it("is refused by the limit of the moment", () => {
    const reader = new PacketReader(10);
    expect(read(reader, PINGREQ).reasonCode).toBeUndefined();
    reader.maximumPacketBytes = 1000;
    expect(read(reader, PUBLISH).packets).toHaveLength(1);
  });
});

describe("a packet that never becomes whole", () => {
  const named = { firstByte: 0x40, bytes: bytes("40e8070007"), bodyOffset: 3 };

  it("and is too large is known by its packet identifier, if it answers something", () => {
    const reader = new PacketReader(299);
    expect(read(reader, bytes("40e807")).reasonCode).toBeUndefined();
    expect(read(reader, bytes("00")).reasonCode).toBeUndefined();
    expect(read(reader, bytes("0707")).reasonCode).toBe(0x95);
    expect(reader.unfinished).toEqual(named);

    const atOnce = new PacketReader(299);
    expect(read(atOnce, concat(PINGREQ, bytes("40e80700070707070707"))).reasonCode).toBe(0x95);
    expect(atOnce.unfinished).toEqual({ ...named, bytes: bytes("40e80700070707") });
  });

  it("is known by what has come of it", () => {
    const reader = new PacketReader(1_000);
    reader.push(concat(PINGREQ, bytes("400300")));
    expect(reader.unfinished).toEqual({ firstByte: 0x40, bytes: bytes("400300"), bodyOffset: 2 });
    reader.push(bytes("0700"));
    expect(reader.unfinished).toBeUndefined();
  });

  it("names nothing if its Remaining Length is none", () => {
    const reader = new PacketReader(1_000);
    expect(read(reader, bytes("50ffffffff0007")).reasonCode).toBe(0x81);
    expect(reader.unfinished).toEqual({ firstByte: 0x50, bytes: bytes("50ffffffff0007"), bodyOffset: 7 });
  });
});

describe("a broken stream", () => {
  it.each([
    ["a Remaining Length of five bytes", "30 ff ff ff ff 01", 0x81],
    ["one of five bytes, of which four arrived", "30 ff ff ff ff", 0x81],
    ["one not in the fewest bytes [MQTT-1.5.5-1]", "30 80 00", 0x81],
    ["one not in the fewest bytes, of four", "30 ff ff 80 00", 0x81],
  ])("%s", (_, input, reasonCode) => {
    expect(read(new PacketReader(Infinity), bytes(input))).toEqual({ packets: [], reasonCode });

    const byteByByte = new PacketReader(Infinity);
    const codes = [...bytes(input)].map((byte) => read(byteByByte, Uint8Array.of(byte)).reasonCode);
    expect(codes.findLast((code) => code !== undefined)).toBe(reasonCode);
  });

  it("still gives the packets before the break, and none after it", () => {
    const reader = new PacketReader(Infinity);
    expect(read(reader, concat(PINGREQ, PUBLISH, bytes("308000"), PINGREQ))).toEqual({
      packets: [hex(PINGREQ), hex(PUBLISH)],
      reasonCode: 0x81,
    });
    expect(read(reader, PINGREQ)).toEqual({ packets: [], reasonCode: 0x81 });
    expect(reader.bufferedBytes).toBe(0);
  });
});
