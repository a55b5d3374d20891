// CONNECT: what comes first and comes once, protocol names and levels, and what a refused CONNECT leaves undone.
// MQTT 5.0 sections 3.1.0, 3.1.2.1, 3.1.2.2, 3.1.4 and 4.2.

import { describe, expect, it } from "vitest";
import { connect, connectPacket, durable, unique } from "../support/connect.ts";
import { Conversation } from "../support/conversation.ts";
import { field, rawPacket, twoBytes } from "../support/wire.ts";
import { connectBytes, connectBytesOf, connectFlags } from "./connect-bytes.ts";
import { expectRefused } from "./refusal.ts";
import { useTarget } from "./target.ts";

const target = useTarget();

describe("before CONNECT", () => {
  const topic = unique("connect/early");
  it.each([
    ["PUBLISH", rawPacket(0x30, field(topic), Buffer.from("xx"))],
    ["SUBSCRIBE", rawPacket(0x82, twoBytes(1), field(topic), Buffer.from([0]))],
    ["UNSUBSCRIBE", rawPacket(0xa2, twoBytes(1), field(topic))],
    ["PUBREL", rawPacket(0x62, twoBytes(1))],
    ["PINGREQ", rawPacket(0xc0)],
    ["DISCONNECT", rawPacket(0xe0)],
    ["AUTH", rawPacket(0xf0, Buffer.from([0x18, 0x00]))],
    ["CONNACK", rawPacket(0x20, Buffer.from([0, 0]))],
  ])("%s is answered by a close alone, and does nothing [MQTT-3.1.0-1]", async (_, packet) => {
    const watcher = await connect(target.url);
    await watcher.subscribe(topic);
    const client = await Conversation.open(target.url);
    client.send(Buffer.concat([packet, connectBytes()]));
    await client.closed();
    await watcher.expectNothingMore();
  });
});

describe("a second CONNECT", () => {
  it.each([3, 4, 5] as const)("of version %i is a protocol error [MQTT-3.1.0-2]", async (version) => {
    const options = { version, clientId: unique("twice") };
    const client = await connect(target.url, options);
    client.send(connectPacket(options));
    await client.ended(0x82);
  });

  it("does not take over the client that it names [MQTT-3.1.0-2]", async () => {
    const other = await connect(target.url);
    const client = await connect(target.url);
    client.send(connectPacket({ clientId: other.clientId }));
    await expect(client.receiveUntil("connack")).rejects.toThrow("closed");
    await other.ping();
  });
});

describe("protocol name and level", () => {
  it.each([
    ["MQTX", 5],
    ["mqtt", 5],
    ["", 5],
    ["MQTT ", 5],
    ["MQIsdp", 5],
  ])("the name %j at level %i is not served [MQTT-3.1.2-1] [3.1.1 MQTT-3.1.2-1]", async (protocolName, level) => {
    await expectNotServed(connectBytes({ protocolName, level }), /^(closed|20020001|20..0084.*)$/);
  });

  it.each([3, 4])("the name MQTX at level %i is closed without CONNACK [3.1.1 MQTT-3.1.4-1] [B97]", async (level) => {
    await expectNotServed(connectBytes({ protocolName: "MQTX", level }), /^closed$/);
  });

  it.each([0, 1, 2, 3])("level %i of MQTT is refused with 0x01 [3.1.1 MQTT-3.1.2-2]", async (level) => {
    await expectNotServed(connectBytes({ level }), /^20020001$/);
  });

  it.each([6, 127])(
    "level %i is refused as unsupported, in the words of a version that there is [MQTT-3.1.2-2] [3.1.1 MQTT-3.1.2-2]",
    async (level) => {
      await expectNotServed(connectBytes({ level }), /^(20020001|20..0084.*)$/);
    },
  );

  it.each([2, 4])("level %i of MQIsdp is refused with 0x01", async (level) => {
    await expectNotServed(connectBytes({ protocolName: "MQIsdp", level }), /^20020001$/);
  });

  async function expectNotServed(packet: Buffer, answer: RegExp): Promise<void> {
    const client = await Conversation.open(target.url);
    client.send(packet);
    const answered = await client.receiveBytes().catch((error: Error) => error.message.slice(0, "closed".length));
    expect(typeof answered === "string" ? answered : answered.toString("hex")).toMatch(answer);
    await client.closed();
  }
});

describe("CONNECT that is not as section 3.1 says", () => {
  const tail = { rest: [Buffer.from([0])] };

  it("is refused with 0x81 in MQTT 5.0 [MQTT-3.1.4-1]", async () => {
    await expectRefused(target.url, connectBytes(tail), 5, 0x81);
  });

  it.each([3, 4] as const)(
    "is closed without CONNACK in version %i [3.1.1 MQTT-3.1.4-1] [3.1.1 MQTT-3.2.2-6]",
    async (version) => {
      await expectRefused(target.url, connectBytesOf(version, tail), version, undefined);
    },
  );
});

describe("user name and password", () => {
  const { cleanStart, userName, password } = connectFlags;
  const both = [field("user"), field("password")];

  it.each<[string, 3 | 4 | 5, number, readonly Buffer[]]>([
    ["neither", 3, 0, []],
    ["neither", 4, 0, []],
    ["neither", 5, 0, []],
    ["both", 3, userName | password, both],
    ["both", 4, userName | password, both],
    ["both", 5, userName | password, both],
    ["a user name alone", 3, userName, [field("user")]],
    ["a user name alone", 4, userName, [field("user")]],
    ["a user name alone", 5, userName, [field("user")]],
    ["a password alone", 5, password, [field("password")]],
    ["both empty", 5, userName | password, [field(""), field("")]],
  ])("%s may be in CONNECT of version %i, as the flags say", async (_, version, flags, rest) => {
    const client = await Conversation.open(target.url);
    client.version = version;
    client.send(connectBytesOf(version, { flags: cleanStart | flags, rest }));
    // Whether the server lets this user in is another matter.
    expect([0, 4, 5, 0x86, 0x87]).toContain((await client.receiveBytes())[3]);
  });

  it("a password alone is not as MQTT 3.1.1 says [3.1.1 MQTT-3.1.2-22]", async () => {
    const packet = connectBytesOf(4, { flags: cleanStart | password, rest: [field("password")] });
    await expectRefused(target.url, packet, 4, undefined);
  });
});

describe("CONNECT that is refused", () => {
  const badMethod = (fields: { clientId?: string; clean?: boolean } = {}) =>
    connectPacket({ ...fields, properties: { authenticationMethod: unique("no-such-method") } });
  it("names an authentication method that there is not [MQTT-3.1.4-2]", async () => {
    const client = await Conversation.open(target.url);
    client.send(badMethod());
    await client.receive({ cmd: "connack", reasonCode: 0x8c, sessionPresent: false });
    await client.closed();
  });

  it.each([
    ["5.0", 5, 0x8c],
    ["3.1.1", 4, 2],
  ] as const)(
    "and all that came behind it does nothing, in MQTT %s [MQTT-3.1.4-6] [3.1.1 MQTT-3.1.4-5]",
    async (_, version, code) => {
      const topic = unique("connect/refused");
      const watcher = await connect(target.url);
      await watcher.subscribe(topic);
      const client = await Conversation.open(target.url);
      const refused = version === 5 ? client.encode(badMethod()) : connectBytes({ level: 4, flags: 0, clientId: "" });
      client.version = version;
      const publish = client.encode({ cmd: "publish", topic, payload: "x", qos: 0, retain: true, dup: false });
      const subscribe = client.encode({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic, qos: 0 }] });
      client.send(Buffer.concat([refused, publish, subscribe, client.encode({ cmd: "pingreq" }), connectBytes()]));
      await client.receive({ cmd: "connack", [version === 5 ? "reasonCode" : "returnCode"]: code });
      await client.closed();
      await watcher.expectNothingMore();
      const later = await connect(target.url);
      await later.subscribe(topic);
      await later.expectNothingMore();
    },
  );

  it("leaves the session of its client identifier, and the client that is connected to it, alone", async () => {
    const topic = unique("connect/refused");
    const client = await connect(target.url, { ...durable(), clean: true });
    await client.subscribe(topic);
    for (const clean of [false, true]) {
      const intruder = await Conversation.open(target.url);
      intruder.send(badMethod({ clientId: client.clientId, clean }));
      await intruder.receiveUntil("connack");
      await intruder.closed();
    }
    await client.publish(topic, "still here");
    await client.message({ topic, payload: "still here" });
  });

  it("has no Will", async () => {
    const topic = unique("connect/refused");
    const watcher = await connect(target.url);
    await watcher.subscribe(topic);
    const client = await Conversation.open(target.url);
    const will = { topic, payload: "x", qos: 0 as const, retain: false };
    client.send({ ...badMethod(), will });
    await client.receiveUntil("connack");
    await client.closed();
    await watcher.expectNothingMore();
  });
});

describe("a stream of packets", () => {
  it.each([1, 3, 7, 64])("cut every %i bytes loses nothing and keeps its order [MQTT-4.2-1]", async (length) => {
    const topic = unique("connect/stream");
    const payloads = Array.from({ length: 50 }, (_, number) => `${number}`);
    const client = await Conversation.open(target.url);
    const packets = [
      client.encode(connectPacket()),
      client.encode({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic, qos: 0 }] }),
    ];
    const stream = Buffer.concat(packets);
    client.sendFrames(cut(stream, length));
    await client.receive({ cmd: "connack", reasonCode: 0 });
    await client.receive({ cmd: "suback", messageId: 1 });
    const publish = (payload: string) =>
      client.encode({ cmd: "publish", topic, payload, qos: 0, dup: false, retain: false });
    client.sendFrames(cut(Buffer.concat(payloads.map(publish)), length));
    const received = await client.collect(payloads.length);
    expect(received.map(({ payload }) => payload.toString())).toEqual(payloads);
  });

  function cut(stream: Buffer, length: number): Buffer[] {
    const count = Math.ceil(stream.length / length);
    return Array.from({ length: count }, (_, index) => stream.subarray(index * length, (index + 1) * length));
  }
});
