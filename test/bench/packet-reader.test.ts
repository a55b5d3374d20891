import fc from "fast-check";
import { generate } from "mqtt-packet";
import { expect, it } from "vitest";
import { PacketReader } from "../../bench/generator/packet-reader.ts";

const topic = "a/b";

function publish(payload: Buffer): Buffer {
  return generate({ cmd: "publish", topic, payload, qos: 0, dup: false, retain: false });
}

it("packets are read wherever they are cut, even inside their length", () => {
  const lengths = fc.array(fc.constantFrom(0, 1, 50, 122, 123, 124, 2_000, 16_378, 16_379, 40_000), { maxLength: 8 });
  const cuts = fc.array(fc.nat(), { maxLength: 40 });
  const property = fc.property(lengths, cuts, (payloads, at) => {
    const sent = payloads.map((length, index) => Buffer.alloc(length, `${index}`));
    const bytes = Buffer.concat([...sent.map(publish), generate({ cmd: "pingresp" })]);
    const received: Buffer[] = [];
    const types: number[] = [];
    const reader = new PacketReader((firstByte, buffer, start, end) => {
      types.push(firstByte >> 4);
      received.push(Buffer.from(buffer.subarray(start, end)));
    });
    const ends = [...new Set(at.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
    let start = 0;
    for (const end of [...ends, bytes.length]) {
      reader.read(Buffer.from(bytes.subarray(start, end)), 0, end - start);
      start = end;
    }
    expect(types).toEqual([...sent.map(() => 3), 13]);
    const bodies = received.slice(0, -1).map((body) => body.subarray(2 + topic.length));
    expect(bodies.every((body, index) => body.equals(sent[index] as Buffer))).toBe(true);
  });
  fc.assert(property, { numRuns: 200 });
});
