// Packets that are broken, or not a client's to send, on each path: the connection ends, and nobody else notices. Which
// answer each gets is shown by the conversations in test/conformance.

import { beforeAll, describe, expect, it } from "vitest";
import { type Path, paths } from "../support/broker.ts";
import { useBrokerWithBystander } from "../support/bystander.ts";
import { type Connected, connect, unique } from "../support/connect.ts";
import { Conversation } from "../support/conversation.ts";
import { field, hex, properties, rawPacket, twoBytes, userProperty } from "../support/wire.ts";

const broker = useBrokerWithBystander({ CONNECT_TIMEOUT_SEC: "1", PACKET_TIMEOUT_SEC: "5" });

function connected(path: Path, version: 3 | 4 | 5 = 5): Promise<Connected> {
  const clientId = unique("hostile");
  return connect(broker.url(path, clientId), { clientId, version });
}

const none = properties();
const id = twoBytes(7);
const name = hex("00 04 4d 51 54 54 05 02 00 3c");
const manyUserProperties = properties(
  ...Array.from({ length: 10_000 }, (_, index) => userProperty(`${index}`, "value")),
);

/** CONNECT of MQTT 5.0 with these properties, and maybe with a Will that has others. */
function connectWith(own: Buffer, willProperties?: Buffer, willTopic = "will"): Buffer {
  if (willProperties === undefined) return rawPacket(0x10, name, own, field(""));
  const withWill = Buffer.concat([name.subarray(0, 7), Buffer.from([0x06]), name.subarray(8)]);
  return rawPacket(0x10, withWill, own, field(""), willProperties, field(willTopic), field("gone"));
}

/** 100 bytes of a packet that promises 500,000. */
const promising = (firstByte: number) => rawPacket(firstByte, Buffer.alloc(500_000)).subarray(0, 100);
/** Such clients, connected: the end of their time is waited for beside the other tests. */
const promised: Promise<Connected>[] = [];

beforeAll(() => {
  for (const path of paths) promised.push(promiseTooMuch(path));
});

async function promiseTooMuch(path: Path): Promise<Connected> {
  const client = await connected(path);
  client.send(promising(0x30));
  return client;
}

describe.each(paths)("over %s", (path) => {
  it("a Remaining Length that promises more than comes ends with the time for CONNECT", async () => {
    const client = await Conversation.open(broker.url(path, unique("promise")));
    client.send(promising(0x10));
    await client.closed();
  });

  it.each(["10", "30"])(
    "a Remaining Length of five bytes ends the connection: type %s, before CONNECT",
    async (type) => {
      const client = await Conversation.open(broker.url(path, unique("five")));
      client.send(`${type} ff ff ff ff 7f`);
      await client.closed();
    },
  );

  it("a Remaining Length of five bytes ends the connection, after CONNECT", async () => {
    const client = await connected(path);
    client.send("30 ff ff ff ff 7f");
    await client.ended(0x81);
  });

  it("a Remaining Length of 256 MB ends the connection before any of it comes", async () => {
    const client = await connected(path);
    client.send("30 ff ff ff 7f");
    await client.ended(0x95);
  });

  it.each([
    ["PUBLISH", rawPacket(0x30, field("t"), hex("05 26 00 01"))],
    ["PUBLISH whose Property Length is beyond the packet", rawPacket(0x30, field("t"), hex("ff ff ff 7f"))],
    ["SUBSCRIBE", rawPacket(0x82, id, hex("02 0b"), field("t"), hex("00"))],
    ["PUBACK", rawPacket(0x40, id, hex("00 03 1f 00"))],
    ["DISCONNECT", rawPacket(0xe0, hex("00 05 11 00"))],
    ["AUTH", rawPacket(0xf0, hex("18 05 15 00"))],
  ])("truncated properties end the connection: %s", async (_, packet) => {
    const client = await connected(path);
    client.send(packet);
    await client.ended(0x81, 0x82);
  });

  it.each([
    ["truncated properties of CONNECT", connectWith(hex("05 11 00 00"))],
    ["truncated Will Properties", connectWith(none, hex("05 18 00 00"))],
    ["Will Properties that belong elsewhere", connectWith(none, hex("03 23 00 01"))],
    ["Will Properties with a value out of range", connectWith(none, hex("02 01 02"))],
    ["Will Properties with one of them twice", connectWith(none, hex("0a 18 00 00 00 01 18 00 00 00 01"))],
    ["Will Properties with 10,000 User Properties", connectWith(none, manyUserProperties)],
  ])("%s refuse the connection", async (_, packet) => {
    const client = await Conversation.open(broker.url(path, unique("raw")));
    client.send(packet);
    const bytes = await client.receiveBytes().catch(() => undefined);
    // CONNACK with an error, or the close alone.
    if (bytes !== undefined) expect([bytes[0], (bytes[3] ?? 0) >= 0x80]).toEqual([0x20, true]);
    await client.closed();
  });

  it("10,000 user properties of a PUBLISH are refused, and the connection goes on", async () => {
    const client = await connected(path);
    client.send(rawPacket(0x32, field("t"), id, manyUserProperties));
    await client.receive({ cmd: "puback", reasonCode: 0x97 });
    await client.ping();
  });

  it("10,000 user properties of other packets are read, and stand for nothing", async () => {
    const client = await Conversation.open(broker.url(path, unique("raw")));
    client.send(connectWith(manyUserProperties));
    await client.receive({ cmd: "connack", reasonCode: 0 });
    client.send(rawPacket(0x82, id, manyUserProperties, field("t"), hex("00")));
    await client.receive({ cmd: "suback", granted: [0] });
    client.send(rawPacket(0xa2, id, manyUserProperties, field("t")));
    await client.receive({ cmd: "unsuback" });
    client.send(rawPacket(0xe0, hex("00"), manyUserProperties));
    await client.closed();
  });

  it.each([
    ["CONNACK", "20 03 00 00 00"],
    ["SUBACK", "90 04 00 07 00 00"],
    ["UNSUBACK", "b0 04 00 07 00 00"],
    ["PINGRESP", "d0 00"],
  ])("%s, which only a server sends, ends the connection, before CONNECT and after it", async (_, packet) => {
    const early = await Conversation.open(broker.url(path, unique("server-only")));
    early.send(packet);
    await early.closed();
    const client = await connected(path);
    client.send(packet);
    await client.ended(0x82);
  });

  it.each([
    ["PUBLISH", 5, rawPacket(0x30, field(""), none)],
    ["PUBLISH of 3.1.1", 4, rawPacket(0x30, field(""))],
    ["SUBSCRIBE", 5, rawPacket(0x82, id, none, field(""), hex("00"))],
    ["UNSUBSCRIBE", 5, rawPacket(0xa2, id, none, field(""))],
  ] as const)("a topic of no bytes ends the connection: %s", async (_, version, packet) => {
    const client = await connected(path, version);
    client.send(packet);
    await client.ended(0x81, 0x82);
  });

  it("a Will Topic of no bytes refuses the connection", async () => {
    const client = await Conversation.open(broker.url(path, unique("raw")));
    client.send(connectWith(none, none, ""));
    await client.receive({ cmd: "connack", reasonCode: 0x90 });
    await client.closed();
  });

  it.each([0, 1, 65_535])("a keep alive of %i is taken, or replaced by the server's", async (keepalive) => {
    const clientId = unique("keep-alive");
    const client = await connect(broker.url(path, clientId), { clientId, keepalive });
    const expected = keepalive === 1 ? undefined : 60;
    expect(client.connack.properties?.serverKeepAlive).toBe(expected);
    const older = await connect(broker.url(path, clientId), { clientId, keepalive, version: 4 });
    await client.ended(0x8e);
    await older.ping();
    older.drop();
  });
});

it("a Remaining Length that promises more than comes ends with the time for a packet, on each path", async () => {
  for (const client of await Promise.all(promised)) {
    await client.receive({ cmd: "disconnect", reasonCode: 0x81 }, { timeoutMs: 15_000 });
    await client.closed();
  }
});
