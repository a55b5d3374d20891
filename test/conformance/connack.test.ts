// CONNACK: that it comes first and once, its flags, codes and properties. MQTT 5.0 section 3.2.

import type { IConnackPacket } from "mqtt-packet";
import { describe, expect, it } from "vitest";
import { type Connected, connect, connectPacket, durable, unique } from "../support/connect.ts";
import { Conversation } from "../support/conversation.ts";
import { field, properties, rawPacket, variableByteInteger } from "../support/wire.ts";
import { connectBytes, connectFlags } from "./connect-bytes.ts";
import { useTarget } from "./target.ts";

const target = useTarget();
const withWill = connectFlags.cleanStart | connectFlags.will;

/** With the property that the payload of the Will is text. */
function connectWithWill(topic: Buffer, payload: Buffer): Buffer {
  return connectBytes({ flags: withWill, rest: [properties(Buffer.from([1, 1])), topic, payload] });
}

describe("CONNACK", () => {
  it.each([3, 4] as const)("of version %i says 0x00 in four bytes [3.1.1 MQTT-3.1.4-4]", async (version) => {
    const client = await Conversation.open(target.url);
    client.send(connectPacket({ version }));
    expect((await client.receiveBytes()).toString("hex")).toBe("20020000");
  });

  it("of MQTT 5.0 says 0x00, and its reserved flags are 0 [MQTT-3.1.4-5] [MQTT-3.2.2-1]", async () => {
    const clientId = unique("connack");
    for (const clean of [true, false]) {
      const client = await Conversation.open(target.url);
      client.send(connectPacket({ ...durable(), clientId, clean }));
      const [firstByte, , flags, reasonCode] = await client.receiveBytes();
      expect({ firstByte, flags, reasonCode }).toEqual({ firstByte: 0x20, flags: clean ? 0 : 1, reasonCode: 0 });
      await client.disconnect();
    }
  });

  it.each([3, 4, 5] as const)(
    "of version %i comes before what waited for the client [MQTT-3.2.0-1] [3.1.1 MQTT-3.2.0-1]",
    async (version) => {
      const topic = unique("connack/first");
      const publisher = await connect(target.url);
      const away = await connect(target.url, durable(version));
      await away.subscribe(topic, { qos: 1 });
      await away.disconnect();
      for (const payload of ["one", "two"]) await publisher.publish(topic, payload, { qos: 1 });
      const client = await Conversation.open(target.url);
      client.send(connectPacket({ ...durable(version), clientId: away.clientId }));
      await client.receive({ cmd: "connack" });
      await client.message({ payload: "one" });
      await client.message({ payload: "two" });
    },
  );

  it("comes once, before the answers to what was sent right behind CONNECT [MQTT-3.2.0-1] [MQTT-3.2.0-2]", async () => {
    const topic = unique("connack/eager");
    const client = await Conversation.open(target.url);
    const packets = [
      client.encode(connectPacket()),
      client.encode({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic, qos: 1 }] }),
      client.encode({ cmd: "pingreq" }),
      client.encode({ cmd: "publish", topic, payload: "x", qos: 1, dup: false, retain: false, messageId: 2 }),
    ];
    client.send(Buffer.concat(packets));
    const answers: string[] = [];
    while (answers.length < 5) answers.push((await client.receiveAny()).cmd);
    expect(answers[0]).toBe("connack");
    expect(answers.slice(1).sort()).toEqual(["pingresp", "puback", "publish", "suback"]);
    await client.ping();
  });
});

describe("Session Present", () => {
  it.each([4, 5] as const)(
    "of version %i is 1 where a session was kept and is resumed, and 0 otherwise [MQTT-3.2.2-2] [MQTT-3.2.2-3] [3.1.1 MQTT-3.2.2-1] [3.1.1 MQTT-3.2.2-2] [3.1.1 MQTT-3.2.2-3]",
    async (version) => {
      const clientId = unique("present");
      const keep = { ...durable(version), version, clientId };
      expect(
        await presentAfter([keep, keep, { ...keep, clean: true }, { version, clientId, clean: true }, keep]),
      ).toEqual([false, true, false, false, false]);
    },
  );

  it("is not in MQTT 3.1, which reserves the byte", async () => {
    const keep = { ...durable(3), clientId: unique("present") };
    expect(await presentAfter([keep, keep])).toEqual([false, false]);
  });

  async function presentAfter(connections: readonly Parameters<typeof connect>[1][]): Promise<boolean[]> {
    const present: boolean[] = [];
    for (const options of connections) {
      const client = await connect(target.url, options);
      present.push(client.connack.sessionPresent);
      await client.disconnect();
    }
    return present;
  }

  it("of a refusal is 0, though there is a session, and the connection is closed [MQTT-3.2.2-6] [MQTT-3.2.2-7]", async () => {
    const kept = await connect(target.url, { ...durable(), clean: true });
    await kept.disconnect();
    const client = await Conversation.open(target.url);
    const properties = { authenticationMethod: unique("no-such-method") };
    client.send(connectPacket({ clean: false, clientId: kept.clientId, properties }));
    const { reasonCode } = await client.receive({ cmd: "connack", sessionPresent: false });
    expect(reasonCode).toBeGreaterThanOrEqual(0x80);
    await client.closed();
    const again = await connect(target.url, { ...durable(), clientId: kept.clientId });
    expect(again.connack.sessionPresent).toBe(true);
  });

  it("of a refusal is 0 in 3.1.1 as well, and the connection is closed [3.1.1 MQTT-3.2.2-4] [3.1.1 MQTT-3.2.2-5]", async () => {
    const kept = await connect(target.url, durable(4));
    await kept.disconnect();
    const client = await Conversation.open(target.url);
    client.send(connectBytes({ level: 3, flags: 0, clientId: kept.clientId }));
    expect((await client.receiveBytes()).toString("hex")).toBe("20020001");
    await client.closed();
  });
});

describe("a refusal", () => {
  it.each<[string, string, Buffer]>([
    ["bytes that are left over", "0x81", connectBytes({ rest: [Buffer.from([0])] })],
    ["Receive Maximum 0", "0x82", connectBytes({ properties: [Buffer.from([0x21, 0, 0])] })],
    ["an unknown authentication method", "0x8c", connectBytes({ properties: [Buffer.from([0x15]), field("no-such")] })],
    ["a wildcard in the Will Topic", "0x90", connectWithWill(field("a/#"), field("x"))],
    ["an empty Will Topic", "0x90", connectWithWill(field(""), field("x"))],
    ["a Will that is not the UTF-8 it says", "0x99", connectWithWill(field("a"), field(Buffer.from([0xff])))],
  ])("of %s has the Connect Reason Code %s [MQTT-3.2.2-7] [MQTT-3.2.2-8] [MQTT-3.1.4-2]", async (_, code, packet) => {
    const client = await Conversation.open(target.url);
    client.send(packet);
    await client.receive({ cmd: "connack", reasonCode: Number(code), sessionPresent: false });
    await client.closed();
  });

  it("that has no return code in 3.1.1 is a close without CONNACK [3.1.1 MQTT-3.2.2-6]", async () => {
    const client = await Conversation.open(target.url);
    client.send(connectBytes({ level: 4, flags: withWill, rest: [field("a/#"), field("x")] }));
    await client.closed();
  });

  it("of a CONNECT over the server's Maximum Packet Size is at least a close", async () => {
    const { connack } = await connect(target.url);
    const maximum = connack.properties?.maximumPacketSize ?? 0;
    if (maximum === 0) return;
    const client = await Conversation.open(target.url);
    // Its length alone is enough to know.
    client.send(Buffer.concat([Buffer.from([0x10]), variableByteInteger(maximum), field("MQTT"), Buffer.from([5])]));
    const refusal = await client.receiveAny().catch(() => undefined);
    if (refusal !== undefined) expect(refusal).toMatchObject({ cmd: "connack", reasonCode: 0x95 });
    await client.closed();
  });
});

describe("the properties of CONNACK", () => {
  it("are each there at most once and in range", async () => {
    const { connack } = await connect(target.url, {
      keepalive: 65_535,
      properties: { sessionExpiryInterval: 0xffff_ffff },
    });
    const told: NonNullable<IConnackPacket["properties"]> = connack.properties ?? {};
    for (const [name, value] of Object.entries(told)) {
      if (name !== "userProperties") expect(Array.isArray(value), name).toBe(false);
    }
    const { receiveMaximum, maximumPacketSize, maximumQoS, serverKeepAlive } = told;
    if (receiveMaximum !== undefined) expect(receiveMaximum).toBeGreaterThan(0);
    if (maximumPacketSize !== undefined) expect(maximumPacketSize).toBeGreaterThan(0);
    if (maximumQoS !== undefined) expect([0, 1]).toContain(maximumQoS);
    if (serverKeepAlive !== undefined) expect(serverKeepAlive).toBeLessThan(65_535);
    // What the client has not asked for is not told.
    expect(told).not.toHaveProperty("assignedClientIdentifier");
    expect(told).not.toHaveProperty("authenticationMethod");
    expect(told).not.toHaveProperty("authenticationData");
    expect(told).not.toHaveProperty("responseInformation");
  });

  it("do not make it larger than the client's Maximum Packet Size [MQTT-3.2.2-19] [MQTT-3.2.2-20] [MQTT-3.1.2-24]", async () => {
    // A refusal has the most to explain; without its Reason String it is five bytes long.
    for (let maximumPacketSize = 5; maximumPacketSize < 80; maximumPacketSize += 5) {
      const client = await Conversation.open(target.url);
      const properties = { maximumPacketSize, authenticationMethod: unique("no-such-method") };
      client.send(connectPacket({ properties }));
      const bytes = await client.receiveBytes();
      expect(bytes.length).toBeLessThanOrEqual(maximumPacketSize);
      expect([bytes[0], bytes[3]]).toEqual([0x20, 0x8c]);
      await client.closed();
    }
  });

  it("that do not fit leave no connection [MQTT-3.1.2-24]", async () => {
    for (let maximumPacketSize = 1; maximumPacketSize < 60; maximumPacketSize += 3) {
      const client = await Conversation.open(target.url);
      // Much to tell: an identifier, a keep alive, an expiry.
      const properties = { maximumPacketSize, sessionExpiryInterval: 0xffff_ffff };
      client.send(connectPacket({ clientId: "", keepalive: 65_535, properties }));
      const bytes = await client.receiveBytes().catch((error: Error) => expect(error.message).toContain("closed"));
      if (!(bytes instanceof Buffer)) continue;
      expect(bytes.length).toBeLessThanOrEqual(maximumPacketSize);
      if (bytes[3] === 0) await client.ping();
      else await client.closed();
    }
  });
});

describe("the server's Maximum Packet Size", () => {
  const maximumOf = ({ connack }: Connected) => connack.properties?.maximumPacketSize;

  it.each([3, 4, 5] as const)("is what no packet of version %i may exceed [MQTT-3.2.2-15]", async (version) => {
    const maximum = maximumOf(await connect(target.url));
    if (maximum === undefined) return;
    const publisher = await connect(target.url, { version });
    // Its length alone is enough to know.
    publisher.send(Buffer.concat([Buffer.from([0x30]), variableByteInteger(maximum), field("a/topic")]));
    await publisher.ended(0x95);
  });

  it("is what a packet may have", async () => {
    const topic = unique("connack/packet-size");
    const [publisher, subscriber] = [await connect(target.url), await connect(target.url)];
    await subscriber.subscribe(topic);
    const maximum = maximumOf(publisher) ?? 100_000;
    const head = [field(topic), Buffer.from([0])];
    const fixedHeader = rawPacket(0x30, Buffer.alloc(maximum)).length - maximum;
    const payload = Buffer.alloc(maximum - fixedHeader - Buffer.concat(head).length, "x");
    const packet = rawPacket(0x30, ...head, payload);
    expect(packet.length).toBe(maximum);
    publisher.send(packet);
    const message = await subscriber.message({ topic });
    expect(message.payload.length).toBe(payload.length);
  });
});
