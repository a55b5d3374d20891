import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FrameReader } from "../../bench/generator/frame-reader.ts";

type Heard = { data: Buffer; pings: string[]; closes: number };

const opcodes = { data: 2, continued: 0, ping: 9, close: 8 };

function frame(opcode: number, payload: Buffer): Buffer {
  const { length } = payload;
  const header = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10);
  header[0] = 0x80 | opcode;
  header[1] = header.length === 2 ? length : header.length === 4 ? 126 : 127;
  if (header.length === 4) header.writeUInt16BE(length, 2);
  if (header.length === 10) header.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([header, payload]);
}

function readInPieces(bytes: Buffer, cuts: readonly number[]): Heard {
  const parts: Buffer[] = [];
  const heard: Heard = { data: Buffer.alloc(0), pings: [], closes: 0 };
  const reader = new FrameReader({
    onBytes: (buffer, start, end) => parts.push(Buffer.from(buffer.subarray(start, end))),
    onPing: (payload) => heard.pings.push(payload.toString()),
    onClose: () => {
      heard.closes += 1;
    },
  });
  const ends = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  let start = 0;
  for (const end of [...ends, bytes.length]) {
    // As reads do, each into the same buffer and not from its beginning.
    const read = Buffer.concat([Buffer.from("before"), bytes.subarray(start, end), Buffer.from("after")]);
    reader.read(read, "before".length, "before".length + end - start);
    start = end;
  }
  return { ...heard, data: Buffer.concat(parts) };
}

describe("frames of a server", () => {
  const lengths = [0, 1, 125, 126, 127, 300, 65_535, 65_536, 70_000];
  const opcode = fc.constantFrom(opcodes.data, opcodes.continued, opcodes.ping);
  const kinds = fc.tuple(opcode, fc.constantFrom(...lengths));

  it("are read wherever they are cut", () => {
    const cuts = fc.array(fc.nat(), { maxLength: 40 });
    const property = fc.property(fc.array(kinds, { maxLength: 8 }), cuts, (frames, at) => {
      const built = frames.map(([code, length], index) => {
        const payload = Buffer.alloc(code === opcodes.ping ? Math.min(length, 125) : length, `${index}`);
        return { code, payload };
      });
      const heard = readInPieces(Buffer.concat(built.map(({ code, payload }) => frame(code, payload))), at);
      const data = built.filter(({ code }) => code !== opcodes.ping).map(({ payload }) => payload);
      expect(heard.data.equals(Buffer.concat(data))).toBe(true);
      const pings = built.filter(({ code }) => code === opcodes.ping).map(({ payload }) => payload.toString());
      expect(heard.pings).toEqual(pings);
    });
    fc.assert(property, { numRuns: 200 });
  });

  it("are read byte by byte, up to the Close frame", () => {
    const bytes = Buffer.concat([frame(opcodes.data, Buffer.alloc(200, "x")), frame(opcodes.close, Buffer.of(3, 232))]);
    const heard = readInPieces(
      bytes,
      Array.from(bytes, (_, index) => index),
    );
    expect([heard.data.length, heard.closes]).toEqual([200, 1]);
  });
});
