import { describe, expect, it } from "vitest";
import { PingFilter } from "../../src/relay/ping-filter.ts";

const pingreq = [0xc0, 0x00];

/** A QoS 0 PUBLISH to "t" whose payload is `payload`, with a Remaining Length of as many bytes as it takes. */
function publish(payload: number[]): number[] {
  const body = [0, 1, 0x74, ...payload];
  const length: number[] = [];
  let rest = body.length;
  do {
    length.push(rest > 0x7f ? (rest & 0x7f) | 0x80 : rest);
    rest >>>= 7;
  } while (rest > 0);
  return [0x30, ...length, ...body];
}

function pings(payloadBytes: number): number[] {
  return Array.from({ length: payloadBytes }, (_, index) => pingreq[index % 2] ?? 0);
}

/** Feeds the chunks to one filter; what comes out, put together. */
function filtered(...chunks: number[][]): { bytes: number[]; pings: number } {
  const filter = new PingFilter();
  const out = { bytes: [] as number[], pings: 0 };
  for (const chunk of chunks) {
    const input = Uint8Array.from(chunk);
    const { forward, pings } = filter.push(input);
    expect(input).toEqual(Uint8Array.from(chunk));
    expect(forward?.length).not.toBe(0);
    for (const byte of forward ?? []) out.bytes.push(byte);
    out.pings += pings;
  }
  return out;
}

describe("PingFilter", () => {
  it("takes a PINGREQ out", () => {
    expect(new PingFilter().push(Uint8Array.from(pingreq))).toEqual({ forward: undefined, pings: 1 });
  });

  it("takes every PINGREQ out of a chunk, and keeps the rest in order", () => {
    const [first, second, third] = [publish([1]), publish([2]), publish([3])];
    const chunk = [...pingreq, ...first, ...pingreq, ...pingreq, ...second, ...third, ...pingreq];
    expect(filtered(chunk)).toEqual({ bytes: [...first, ...second, ...third], pings: 4 });
  });

  it("passes an empty chunk, and a 0xC0 is still withheld after it", () => {
    expect(filtered([], [0xc0], [], [0x00])).toEqual({ bytes: [], pings: 1 });
  });

  it.each([
    ["of one length byte", 100],
    ["of two", 127],
    ["of two, the longest", 16_383 - 3],
    ["of three", 20_000],
    ["of four", 2_097_152],
  ])("never takes payload bytes for a PINGREQ: a packet %s", (_what, payloadBytes) => {
    const packet = publish(pings(payloadBytes));
    const filter = new PingFilter();
    const { forward, pings: count } = filter.push(Uint8Array.from([...pingreq, ...packet, ...pingreq]));
    expect(count).toBe(2);
    expect(Buffer.compare(forward ?? new Uint8Array(), Uint8Array.from(packet))).toBe(0);
  });

  it.each([
    ["with other flags", [0xc1, 0x00]],
    ["with a body", [0xc0, 0x01, 0x00]],
    ["with a body that looks like another", [0xc0, 0x02, 0xc0, 0x00]],
    ["with its length in more bytes than it needs", [0xc0, 0x80, 0x00]],
  ])("leaves a PINGREQ %s to the session, and finds the next", (_what, packet) => {
    expect(filtered([...packet, ...pingreq])).toEqual({ bytes: packet, pings: 1 });
  });

  it("follows packets without a body", () => {
    expect(filtered([0xe0, 0x00, ...pingreq, 0xd0, 0x00])).toEqual({ bytes: [0xe0, 0x00, 0xd0, 0x00], pings: 1 });
  });
});

describe("a stream cut anywhere [MQTT-6.0.0-2]", () => {
  const kept = [
    publish(pings(5)),
    [0xe0, 0x00],
    publish(pings(130)),
    [0xc0, 0x01, 0xc0],
    [0xc1, 0x00],
    [0xc0, 0x80, 0x00],
    publish([0xc0]),
  ];
  const stream = [...pingreq, ...kept.flatMap((packet) => [...packet, ...pingreq, ...pingreq])];
  const whole = { bytes: kept.flat(), pings: 1 + 2 * kept.length };

  it("gives the same in one piece", () => {
    expect(filtered(stream)).toEqual(whole);
  });

  it("gives the same in two pieces, wherever the cut is", () => {
    for (let cut = 0; cut <= stream.length; cut += 1) {
      expect(filtered(stream.slice(0, cut), stream.slice(cut))).toEqual(whole);
    }
  });

  it("gives the same in three pieces, wherever the cuts are", () => {
    for (let first = 0; first <= stream.length; first += 1) {
      for (let second = first; second <= stream.length; second += 7) {
        expect(filtered(stream.slice(0, first), stream.slice(first, second), stream.slice(second))).toEqual(whole);
      }
    }
  });

  it.each([1, 2, 3, 5])("gives the same in pieces of %d", (pieceBytes) => {
    const pieces: number[][] = [];
    for (let from = 0; from < stream.length; from += pieceBytes) pieces.push(stream.slice(from, from + pieceBytes));
    expect(filtered(...pieces)).toEqual(whole);
  });

  it("delays nothing but a 0xC0 where a packet begins", () => {
    for (let cut = 0; cut <= stream.length; cut += 1) {
      const { bytes, pings } = filtered(stream.slice(0, cut));
      const heldBack = cut - bytes.length - 2 * pings;
      expect(heldBack === 0 || (heldBack === 1 && stream[cut - 1] === 0xc0)).toBe(true);
    }
  });

  it("does not withhold a 0xC0 inside a packet", () => {
    const packet = publish([1, 0xc0]);
    expect(filtered(packet)).toEqual({ bytes: packet, pings: 0 });
    expect(filtered([0x30, 0xc0])).toEqual({ bytes: [0x30, 0xc0], pings: 0 });
  });
});

describe("a malformed Remaining Length (section 1.5.5)", () => {
  const malformed = [0x30, 0xff, 0xff, 0xff, 0xff];

  it("passes everything through from there on, PINGREQ included", () => {
    const bytes = [...malformed, ...pingreq, 0x00, ...pingreq];
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      expect(filtered(bytes.slice(0, cut), bytes.slice(cut), pingreq, [0xc0])).toEqual({
        bytes: [...bytes, ...pingreq, 0xc0],
        pings: 0,
      });
    }
  });

  it("begins with the fifth byte, whatever that byte is", () => {
    const bytes = [0x30, 0x80, 0x80, 0x80, 0x80, 0x00, ...pingreq];
    expect(filtered(bytes)).toEqual({ bytes, pings: 0 });
  });

  it("does not hide the PINGREQ before it", () => {
    expect(filtered([...pingreq, ...malformed])).toEqual({ bytes: malformed, pings: 1 });
  });

  it("is not the longest length there is", () => {
    const packet = [0x30, 0xff, 0xff, 0xff, 0x7f];
    expect(filtered([...packet, ...pingreq])).toEqual({ bytes: [...packet, ...pingreq], pings: 0 });
    const filter = new PingFilter();
    filter.push(Uint8Array.from(packet));
    const body = new Uint8Array(268_435_455 / 5);
    for (let part = 0; part < 5; part += 1) filter.push(body);
    expect(filter.push(Uint8Array.from(pingreq))).toEqual({ forward: undefined, pings: 1 });
  });
});

describe("copying", () => {
  it.each([
    ["without a PINGREQ", publish([1, 2, 3]), 0],
    ["after a PINGREQ", [...pingreq, ...publish([1])], 2],
    ["before a PINGREQ", [...publish([1]), ...pingreq], 0],
    ["before a withheld 0xC0", [...publish([1]), 0xc0], 0],
  ])("is not done for one run of bytes %s", (_where, bytes, byteOffset) => {
    const chunk = Uint8Array.from(bytes);
    const { forward } = new PingFilter().push(chunk);
    expect(forward?.buffer).toBe(chunk.buffer);
    expect(forward?.byteOffset).toBe(byteOffset);
  });

  it("keeps to the chunk's part of its buffer", () => {
    const buffer = Uint8Array.from([9, 9, ...publish([1]), ...pingreq, 9]);
    const { forward } = new PingFilter().push(buffer.subarray(2, -1));
    expect(forward).toEqual(Uint8Array.from(publish([1])));
  });
});
