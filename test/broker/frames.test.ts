// WebSocket frames and control packets on both paths: what is large, what boards' libraries can take.
// MQTT 5.0 section 6; that packets need not fit frames is among the conformance conversations.

import { generate, type Packet } from "mqtt-packet";
import { describe, expect, it } from "vitest";
import { useBroker } from "../support/broker.ts";
import { connect, connectPacket, unique } from "../support/connect.ts";
import { clientFrame, type Frame, framesOf, upgrade } from "../support/handshake.ts";
import { packetLength, takePackets } from "../support/wire.ts";

const broker = useBroker();
const webSockets = ["relayed WebSocket", "native WebSocket"] as const;

describe.each(webSockets)("over the %s", (path) => {
  it("many packets may share a frame", async () => {
    const clientId = unique("together");
    const topic = unique("frames/together");
    const client = await connect(broker.url(path, clientId), { clientId });
    await client.subscribe(topic);
    const packet = (number: number) =>
      client.encode({ cmd: "publish", topic, payload: `${number}`, qos: 0, dup: false, retain: false });
    client.send(Buffer.concat(Array.from({ length: 500 }, (_, number) => packet(number))));
    const messages = await client.collect(500);
    expect(messages.map(({ payload }) => Number(payload.toString()))).toEqual(Array.from({ length: 500 }, (_, n) => n));
  });

  it("a thousand frames of one byte are one packet", async () => {
    const clientId = unique("thousand");
    const topic = unique("frames/thousand");
    const client = await connect(broker.url(path, clientId), { clientId });
    await client.subscribe(topic);
    const payload = "x".repeat(1000);
    const bytes = client.encode({ cmd: "publish", topic, payload, qos: 0, dup: false, retain: false });
    client.sendFrames(Array.from(bytes, (_, index) => bytes.subarray(index, index + 1)));
    await client.message({ topic, payload });
  });

  it("a large packet may come in many frames, empty ones among them", async () => {
    const clientId = unique("large");
    const topic = unique("frames/large");
    const client = await connect(broker.url(path, clientId), { clientId });
    await client.subscribe(topic);
    const payload = Buffer.alloc(300_000, "abc");
    const bytes = client.encode({ cmd: "publish", topic, payload, qos: 0, dup: false, retain: false });
    const pieces: Uint8Array[] = [];
    for (let from = 0; from < bytes.length; from += 1300)
      pieces.push(bytes.subarray(from, from + 1300), Buffer.alloc(0));
    client.sendFrames(pieces);
    expect(payload.equals((await client.message({ topic })).payload as Buffer)).toBe(true);
  });

  // Boards' libraries lose fragments, and close a frame over 15 KiB where packets share it.
  it("frames to clients are whole packets, and share one up to 4 KiB only", async () => {
    const clientId = unique("whole");
    const topic = unique("frames/whole");
    const [publisher, client] = [await connect(broker.tcp), await connect(broker.url(path, clientId), { clientId })];
    await client.subscribe(topic, { qos: 1 });
    const sizes = Array.from({ length: 200 }, (_, index) => (index % 50 === 49 ? 10_000 : index));
    for (let from = 0; from < sizes.length; from += 50) {
      const batch = sizes.slice(from, from + 50);
      for (const size of batch) publisher.sendPublish(topic, Buffer.alloc(size, "x"), { qos: 1 });
      for (const _ of batch) await publisher.receive({ cmd: "puback" });
    }
    const messages = await client.collect(sizes.length);
    expect(messages.map(({ payload }) => payload.length)).toEqual(sizes);
    for (const frame of client.frames) {
      const { packets, rest } = takePackets(frame);
      expect(rest.length).toBe(0);
      if (packets.length > 1) expect(frame.length).toBeLessThanOrEqual(4096);
    }
  });

  it("frames to clients are binary, unfragmented and not compressed [MQTT-6.0.0-1]", async () => {
    const clientId = unique("plain");
    const topic = `f/${clientId}`;
    const packets: Packet[] = [
      connectPacket({ clientId, version: 4 }),
      { cmd: "subscribe", messageId: 1, subscriptions: [{ topic, qos: 1 }] },
      { cmd: "publish", topic, payload: "hi", qos: 1, messageId: 2, dup: false, retain: false },
    ];
    const bytes = Buffer.concat(packets.map((packet) => generate(packet, { protocolVersion: 4 })));
    const offer = { "Sec-WebSocket-Protocol": "mqtt", "Sec-WebSocket-Extensions": "permessage-deflate" };
    const upgraded = await upgrade(broker.url(path, clientId), offer);
    upgraded.socket.write(clientFrame(bytes));
    const publisher = await connect(broker.tcp);
    const frames: Frame[] = [];
    for await (const frame of framesOf(upgraded)) {
      frames.push(frame);
      if (frame.payload.includes("hi")) publisher.sendPublish(topic, Buffer.alloc(100_000, "large"));
      if (frame.payload.length > 50_000) break;
    }
    for (const { fin, opcode, compressed, payload } of frames) {
      expect({ fin, opcode, compressed }).toEqual({ fin: true, opcode: 2, compressed: false });
      expect(packetLength(payload)).toBeDefined();
    }
  });
});
