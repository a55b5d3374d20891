// What is hostile in WebSocket rather than in MQTT: frames of any size and kind, upgrades with nothing behind them, and
// boards that come again and again.

import { once } from "node:events";
import type { Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { useBrokerWithBystander } from "../support/bystander.ts";
import { connect, connectPacket, unique } from "../support/connect.ts";
import { Conversation } from "../support/conversation.ts";
import { clientFrame, closeFrame, framesOf, refusedUpgrade, upgrade } from "../support/handshake.ts";
import { residentBytes, runtimePids } from "../support/runtime.ts";
import { passed } from "../support/time.ts";
import { field, hex, rawPacket } from "../support/wire.ts";

const broker = useBrokerWithBystander({ CONNECT_TIMEOUT_SEC: "1", MAXIMUM_PENDING_SOCKETS: "2" });
/** workerd ends the TCP connection below a native WebSocket only when the object hibernates. */
const endsWithinMs = 20_000;

/** DISCONNECT or not, and the end. */
async function expectEnd(client: Conversation): Promise<void> {
  await client.receiveBytes({ timeoutMs: endsWithinMs }).catch(() => undefined);
  await client.closed({ timeoutMs: endsWithinMs });
}

const webSockets = ["relayed WebSocket", "native WebSocket"] as const;

describe.each(webSockets)("over the %s", (path) => {
  const url = (clientId = unique("hostile")) => broker.url(path, clientId);

  const memory = () => runtimePids().reduce((total, pid) => total + residentBytes(pid), 0);

  it.each([
    ["that is no MQTT", Buffer.alloc(32 * 1024 * 1024, 0xff)],
    ["that is one packet", rawPacket(0x30, field("t"), hex("00"), Buffer.alloc(32 * 1024 * 1024 - 10))],
    ["and a byte more, which is too much for the runtime", Buffer.alloc(32 * 1024 * 1024 + 1)],
  ])("one frame of 32 MiB %s, after CONNECT and before it", { timeout: 60_000 }, async (_, frame) => {
    const before = memory();
    const clientId = unique("large");
    const client = await connect(url(clientId), { clientId });
    client.send(frame);
    const early = await Conversation.open(url());
    early.send(frame);
    await Promise.all([client, early].map((each) => expectEnd(each)));
    expect(memory() - before).toBeLessThan(400_000_000);
  });

  it("one frame of 32 MiB with a hundred thousand messages: more than a lane takes", { timeout: 60_000 }, async () => {
    const before = memory();
    const clientId = unique("large");
    const client = await connect(url(clientId), { clientId });
    client.send(Buffer.alloc(32 * 1024 * 1024 - 400, rawPacket(0x30, field("t"), hex("00"), Buffer.alloc(330))));
    // The last of them is not whole, and takes this into itself.
    client.send(Buffer.alloc(400));
    await expectEnd(client);
    expect(memory() - before).toBeLessThan(400_000_000);
  });

  it("a thousand tiny frames for one packet, from each of many clients", async () => {
    const topic = unique("tiny");
    const subscriber = await connect(broker.tcp);
    await subscriber.subscribe(topic, { qos: 1 });
    const clients = await Promise.all(
      Array.from({ length: 8 }, () => {
        const clientId = unique("tiny");
        return connect(url(clientId), { clientId });
      }),
    );
    for (const client of clients) {
      const bytes = rawPacket(0x30, field(topic), hex("00"), Buffer.alloc(1_000, "x"));
      client.sendFrames(Array.from(bytes, (_, index) => bytes.subarray(index, index + 1)));
    }
    await subscriber.collect(clients.length);
  });

  it("an upgrade without MQTT behind it is closed, however many there are", async () => {
    const codes = await Promise.all(Array.from({ length: 30 }, () => closeFrame(url())));
    expect(new Set(codes)).toEqual(new Set([1008]));
  });

  it("an upgrade whose client leaves at once, or speaks HTTP on", async () => {
    for (const last of [undefined, "GET / HTTP/1.1\r\nHost: broker\r\n\r\n"]) {
      const sockets: Socket[] = [];
      for (let count = 0; count < 20; count += 1) sockets.push((await upgrade(url())).socket);
      for (const socket of sockets) {
        socket.on("error", () => {});
        if (last !== undefined) socket.write(last);
        socket.destroy();
      }
    }
  });

  it("a frame that WebSocket forbids ends the connection", { timeout: 60_000 }, async () => {
    const frames = {
      "a reserved opcode": "83 80 00 00 00 00",
      "a reserved bit": "d2 80 00 00 00 00",
      "a length of 2^63": "82 ff ff ff ff ff ff ff ff ff 00 00 00 00",
      "a continuation of nothing": "80 80 00 00 00 00",
      "a Close frame of one byte": "88 81 00 00 00 00 03",
    };
    await Promise.all(Object.values(frames).map((frame) => expectEndOf(hex(frame))));
  });

  async function expectEndOf(frame: Buffer): Promise<void> {
    const clientId = unique("forbidden");
    const { socket } = await upgrade(url(clientId), { "Sec-WebSocket-Protocol": "mqtt" });
    const closed = once(socket, "close");
    socket.on("error", () => {});
    socket.resume();
    const connectBytes = rawPacket(0x10, field("MQTT"), hex("04 02 00 3c"), field(clientId));
    socket.write(Buffer.concat([clientFrame(connectBytes), frame]));
    await closed;
  }

  it("a client that is refused and comes back every half second", async () => {
    const clientId = unique("refused");
    for (let round = 0; round < 8; round += 1) {
      const client = await Conversation.open(url(clientId));
      client.send(connectPacket({ clientId, properties: { authenticationMethod: "none" } }));
      await client.receive({ cmd: "connack", reasonCode: 0x8c });
      await client.closed();
      // The subject is the pace of the board's library.
      await passed(500);
    }
    await connect(url(clientId), { clientId });
  });
});

describe("sockets of one session that send no CONNECT", () => {
  it("are MAXIMUM_PENDING_SOCKETS, and the next is told to come later with HTTP 503", async () => {
    const clientId = unique("pending");
    const connected = await connect(broker.wsNative(clientId), { clientId });
    const pending = [await upgrade(broker.wsNative(clientId)), await upgrade(broker.wsNative(clientId))];
    expect((await refusedUpgrade(broker.wsNative(clientId))).status).toBe(503);
    for (const each of pending) expect((await framesOf(each).next()).value?.opcode).toBe(8);
    await connected.ping();
    expect(await closeFrame(broker.wsNative(clientId))).toBe(1008);
  });
});
