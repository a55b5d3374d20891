// What is hostile in WebSocket rather than in MQTT: frames of any size and kind, upgrades with nothing behind them, and
// boards that come again and again.

import type { Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { useBrokerWithBystander } from "../support/bystander.ts";
import { connect, connectPacket, unique } from "../support/connect.ts";
import { Conversation } from "../support/conversation.ts";
import { clientFrame, closeCode, framesOf, type Upgraded, upgrade } from "../support/handshake.ts";
import { residentBytes } from "../support/runtime.ts";
import { passed } from "../support/time.ts";
import { field, hex, rawPacket } from "../support/wire.ts";

const broker = useBrokerWithBystander({
  CONNECT_TIMEOUT_SEC: "1",
  MAXIMUM_PENDING_SOCKETS: "2",
  MAXIMUM_PUBLISH_RATE: "0",
});
const webSockets = ["relayed WebSocket", "native WebSocket"] as const;
const mebibyte = 1024 * 1024;

describe.each(webSockets)("over the %s", (path) => {
  const url = (clientId = unique("hostile")) => broker.url(path, clientId);

  /** The broker, or the runtime, closes the WebSocket after this frame, behind a CONNECT or as the first. */
  async function expectEnd(frame: Buffer): Promise<void> {
    const clientId = unique("forbidden");
    const connectBytes = rawPacket(0x10, field("MQTT"), hex("04 02 00 3c"), field(clientId));
    await Promise.all([endAfter(clientId, clientFrame(connectBytes), frame), endAfter(clientId, frame)]);
  }

  async function endAfter(clientId: string, ...frames: Buffer[]): Promise<void> {
    const upgraded = await upgrade(url(clientId), { "Sec-WebSocket-Protocol": "mqtt" });
    for (const each of frames) upgraded.socket.write(each);
    // 1013: more than the relay keeps until CONNACK. If much is left unread, the reset of the connection can overtake
    // the Close frame; else workerd may keep the connection below for as long as the object is awake.
    const end = await closeCode(upgraded).catch((error) => error.code ?? "no Close frame");
    expect(end).toBeOneOf([1002, 1008, 1009, 1013, "ECONNRESET", "EPIPE", "no Close frame"]);
    upgraded.socket.destroy();
  }

  it.each([
    ["that is no MQTT", Buffer.alloc(32 * mebibyte, 0xff)],
    ["that is one packet", rawPacket(0x30, field("t"), hex("00"), Buffer.alloc(32 * mebibyte - 10))],
    ["and a byte more, which is too much for the runtime", Buffer.alloc(32 * mebibyte + 1)],
  ])("one frame of 32 MiB %s, after CONNECT and before it", { timeout: 60_000 }, async (_, bytes) => {
    const before = residentBytes();
    await expectEnd(clientFrame(bytes));
    expect(residentBytes() - before).toBeLessThan(400_000_000);
  });

  it("one frame of 32 MiB with a hundred thousand messages, which is more than a lane takes", async () => {
    const before = residentBytes();
    const clientId = unique("large");
    const client = await connect(url(clientId), { clientId });
    const message = rawPacket(0x30, field("t"), hex("00"), Buffer.alloc(328));
    const acknowledged = rawPacket(0x32, field("t"), hex("00 07 00"));
    client.send(Buffer.concat([Buffer.alloc(100_000 * message.length, message), acknowledged]));
    await client.ended(0x89);
    expect(residentBytes() - before).toBeLessThan(400_000_000);
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

  it.each([
    ["a reserved opcode", "83 80 00 00 00 00"],
    ["a reserved bit", "d2 80 00 00 00 00"],
    ["a length of 2^63", "82 ff ff ff ff ff ff ff ff ff 00 00 00 00"],
    ["a continuation of nothing", "80 80 00 00 00 00"],
  ])("a frame that WebSocket forbids ends the connection: %s", (_, frame) => expectEnd(hex(frame)));
});

it("upgrades without MQTT behind them are closed, however many there are", async () => {
  const urls = webSockets.flatMap((path) => Array.from({ length: 30 }, () => broker.url(path, unique("hostile"))));
  const codes = await Promise.all(urls.map((url) => upgrade(url).then(closeCode)));
  expect(new Set(codes)).toEqual(new Set([1008]));
});

it("boards that are refused and come back every half second", async () => {
  const boards = webSockets.flatMap((path) =>
    Array.from({ length: 10 }, () => ({ path, clientId: unique("refused") })),
  );
  for (let round = 0; round < 3; round += 1) {
    await Promise.all(
      boards.map(async ({ path, clientId }) => {
        const client = await Conversation.open(broker.url(path, clientId));
        client.send(connectPacket({ clientId, properties: { authenticationMethod: "none" } }));
        await client.receive({ cmd: "connack", reasonCode: 0x8c });
        await client.closed();
      }),
    );
    // The subject is the pace of the boards' library.
    await passed(500);
  }
  for (const { path, clientId } of boards) await connect(broker.url(path, clientId), { clientId });
});

describe("sockets of one session that send no CONNECT", () => {
  it("are MAXIMUM_PENDING_SOCKETS, and keep out nobody who does", async () => {
    const clientId = unique("pending");
    const connected = await connect(broker.wsNative(clientId), { clientId });
    const pending: Upgraded[] = [];
    for (let count = 0; count < 20; count += 1) pending.push(await upgrade(broker.wsNative(clientId)));
    for (const each of pending.slice(0, -2)) expect((await framesOf(each).next()).value?.opcode).toBe(8);
    await connected.ping();
    await connect(broker.wsNative(clientId), { clientId });
  });
});
