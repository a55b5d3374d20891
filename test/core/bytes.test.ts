import { describe, expect, it } from "vitest";
import { ByteReader, BytesError, ByteWriter, MAXIMUM_VARINT, varintBytes } from "../../src/core/bytes.ts";

function written(write: (writer: ByteWriter) => void): number[] {
  const writer = new ByteWriter(1);
  write(writer);
  return [...writer.finish()];
}

const reader = (...bytes: number[]) => new ByteReader(Uint8Array.from(bytes));

describe("integers", () => {
  it.each([
    ["u8", 0xff, [0xff]],
    ["u16", 0x1234, [0x12, 0x34]],
    ["u32", 0xfedcba98, [0xfe, 0xdc, 0xba, 0x98]],
    ["u53", 0x1f_ffff_ffff_ffff, [0x00, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]],
    ["u53", 1_790_000_000_123, [0, 0, 1, 0xa0, 0xc4, 0x50, 0x6c, 0x7b]],
  ] as const)("%s %d", (type, value, bytes) => {
    expect(written((writer) => writer[type](value))).toEqual(bytes);
    expect(reader(...bytes)[type]()).toBe(value);
  });

  it("refuses what no u53 can be", () => {
    expect(() => new ByteWriter().u53(-1)).toThrow(BytesError);
    expect(() => new ByteWriter().u53(0.5)).toThrow(BytesError);
    expect(() => reader(0xff, 0, 0, 0, 0, 0, 0, 0).u53()).toThrow(BytesError);
  });
});

describe("the Variable Byte Integer", () => {
  it.each([
    [0, [0x00]],
    [127, [0x7f]],
    [128, [0x80, 0x01]],
    [16_383, [0xff, 0x7f]],
    [16_384, [0x80, 0x80, 0x01]],
    [2_097_151, [0xff, 0xff, 0x7f]],
    [2_097_152, [0x80, 0x80, 0x80, 0x01]],
    [MAXIMUM_VARINT, [0xff, 0xff, 0xff, 0x7f]],
  ])("%d takes the fewest bytes [MQTT-1.5.5-1]", (value, bytes) => {
    expect(written((writer) => writer.varint(value))).toEqual(bytes);
    expect(reader(...bytes).varint()).toBe(value);
    expect(varintBytes(value)).toBe(bytes.length);
  });

  it.each([
    ["not in the fewest bytes", [0x80, 0x00]],
    ["not in the fewest bytes, later", [0xff, 0x80, 0x00]],
    ["of five bytes", [0x80, 0x80, 0x80, 0x80, 0x01]],
    ["cut off", [0x80]],
  ])("%s is refused [MQTT-1.5.5-1]", (_, bytes) => {
    expect(() => reader(...bytes).varint()).toThrow(BytesError);
  });

  it("cannot hold more than 268,435,455", () => {
    expect(() => new ByteWriter().varint(MAXIMUM_VARINT + 1)).toThrow(BytesError);
    expect(() => new ByteWriter().varint(-1)).toThrow(BytesError);
  });
});

describe("strings and bytes", () => {
  it.each(["", "sensors/7/temperature", "Größe", "温度", "😀 after ASCII", "\uFEFFmark [MQTT-1.5.4-3]"])(
    "%j survives the round trip",
    (text) => {
      const writer = new ByteWriter(1);
      writer.string(text);
      writer.u8(7);
      const read = new ByteReader(writer.finish());
      expect(read.string()).toBe(text);
      expect(read.u8()).toBe(7);
      expect(read.remaining).toBe(0);
    },
  );

  it("has its length before the text [MQTT-1.5.4-1]", () => {
    expect(written((writer) => writer.string("aé"))).toEqual([0, 3, 0x61, 0xc3, 0xa9]);
  });

  it("holds 65,535 bytes and no more", () => {
    expect(written((writer) => writer.string("a".repeat(65_535)))).toHaveLength(65_537);
    expect(() => new ByteWriter().string("a".repeat(65_536))).toThrow(BytesError);
    expect(() => new ByteWriter().string("é".repeat(32_768))).toThrow(BytesError);
  });

  it("refuses ill-formed UTF-8 when reading", () => {
    expect(() => reader(0, 2, 0xc0, 0x80).string()).toThrow(TypeError);
  });

  it("reads bytes as a view, with their length before them", () => {
    const stored = Uint8Array.from(written((writer) => writer.bytes(Uint8Array.of(1, 2, 3))));
    const bytes = new ByteReader(stored).bytes();
    expect([...bytes]).toEqual([1, 2, 3]);
    expect(bytes.buffer).toBe(stored.buffer);
  });
});

describe("ByteWriter", () => {
  it("grows, and is empty again when finished", () => {
    const writer = new ByteWriter(1);
    for (let i = 0; i < 1000; i++) writer.u16(i);
    const first = writer.finish();
    expect(first).toHaveLength(2000);
    expect(writer.length).toBe(0);
    writer.u8(9);
    expect([...writer.finish()]).toEqual([9]);
    expect([first[1998], first[1999]]).toEqual([999 >> 8, 999 & 0xff]);
  });
});

describe("ByteReader", () => {
  it("stops at its end, not at the end of the array", () => {
    const read = new ByteReader(Uint8Array.of(1, 2, 3, 4), 1, 3);
    expect(read.u8()).toBe(2);
    expect(read.position).toBe(2);
    expect(() => read.u16()).toThrow(BytesError);
    expect(read.u8()).toBe(3);
    expect(() => read.u8()).toThrow("1 bytes wanted at 3, 0 are left");
  });

  it("refuses a range that the array does not have", () => {
    expect(() => new ByteReader(Uint8Array.of(1), 0, 2)).toThrow(BytesError);
  });
});
