import { generate } from "mqtt-packet";
import { describe, expect, it } from "vitest";
import { BrokerFrames } from "../../tools/local-server/front-door/broker-frames.ts";

const connack = (returnCode: number) => frame(generate({ cmd: "connack", returnCode, sessionPresent: false }));
const close = Buffer.from([0x88, 2, 0x03, 0xe8]);

function frame(payload: Buffer): Buffer {
  if (payload.length < 126) return Buffer.concat([Buffer.from([0x82, payload.length]), payload]);
  const length = Buffer.alloc(payload.length < 65_536 ? 2 : 8);
  if (length.length === 2) length.writeUInt16BE(payload.length);
  else length.writeBigUInt64BE(BigInt(payload.length));
  return Buffer.concat([Buffer.from([0x82, length.length === 2 ? 126 : 127]), length, payload]);
}

function stagesOf(chunks: Iterable<Buffer>): string[] {
  const frames = new BrokerFrames();
  return Array.from(chunks, (chunk) => {
    frames.push(chunk);
    return frames.stage;
  });
}

describe("what the broker sends on a WebSocket", () => {
  it("tells whether it has a client, and whether the broker has closed it", () => {
    const stages = ["client", "client", "closing", "closing"];
    expect(stagesOf([connack(0), frame(Buffer.alloc(10)), close, close])).toEqual(stages);
  });

  it("is no client that is refused, or has to prove more first", () => {
    expect(stagesOf([connack(5), close])).toEqual(["pending", "closing"]);
    const auth = frame(Buffer.from([0xf0, 2, 0x18, 0]));
    expect(stagesOf([auth, connack(0)])).toEqual(["pending", "client"]);
    // A CONNACK of MQTT 5.0 whose Remaining Length takes two bytes.
    const long = (reasonCode: number) => frame(Buffer.from([0x20, 0x80, 1, 0, reasonCode, ...Array(126).fill(0)]));
    expect(stagesOf([long(0x87), long(0)])).toEqual(["pending", "client"]);
  });

  it("is understood wherever it is cut, with frames of every length", () => {
    const parts = [300, 70_000, 0].map((length) => frame(Buffer.alloc(length, close)));
    const all = Buffer.concat([connack(0), ...parts, close]);
    const bytes = Array.from({ length: all.length }, (_, index) => all.subarray(index, index + 1));
    const byByte = stagesOf(bytes);
    expect([byByte.at(connack(0).length - 2), byByte.at(-1 - close.length)]).toEqual(["pending", "client"]);
    // Two bytes of a Close frame tell what it is.
    expect(byByte.slice(-close.length)).toEqual(["client", "closing", "closing", "closing"]);
    expect(stagesOf([all])).toEqual(["closing"]);
  });
});
