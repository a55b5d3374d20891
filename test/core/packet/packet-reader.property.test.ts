import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PacketReader } from "../../../src/core/packet/packet-reader.ts";
import { mutated, pieces, wirePacket } from "../../support/arbitraries.ts";

/** All that a reader makes of these chunks. */
function read(chunks: readonly Uint8Array[], maximumPacketBytes: number) {
  const reader = new PacketReader(maximumPacketBytes);
  const results = chunks.map((chunk) => reader.push(chunk));
  return {
    packets: results.flatMap(({ packets }) => packets),
    reasonCode: results.at(-1)?.error?.reasonCode,
    bufferedBytes: reader.bufferedBytes,
  };
}

const conversation = fc
  .array(wirePacket(5), { maxLength: 6 })
  .map((packets) => Uint8Array.from(packets.flatMap((each) => [...each])));
const stream = fc.oneof(conversation, mutated(conversation), fc.uint8Array({ maxLength: 60 }));

describe("a stream of any bytes", () => {
  it("is the same packets, and the same mistake, wherever it is cut [MQTT-6.0.0-2]", () => {
    fc.assert(
      fc.property(pieces(stream), fc.constantFrom(50, 1000), ({ stream, pieces }, maximumPacketBytes) => {
        expect(read(pieces, maximumPacketBytes)).toEqual(read([stream], maximumPacketBytes));
      }),
      { numRuns: 1000 },
    );
  });

  it("is all in packets, but for what waits", () => {
    fc.assert(
      fc.property(pieces(stream), ({ stream, pieces }) => {
        const { packets, reasonCode, bufferedBytes } = read(pieces, 1000);
        const whole = packets.flatMap(({ bytes }) => [...bytes]);
        expect([...stream.subarray(0, whole.length)]).toEqual(whole);
        if (reasonCode === undefined) expect(whole.length + bufferedBytes).toBe(stream.length);
        else expect(bufferedBytes).toBe(0);
      }),
      { numRuns: 1000 },
    );
  });
});
