// DISCONNECT from either side; its Session Expiry Interval is in session-expiry.test.ts. MQTT 5.0 section 3.14, MQTT
// 3.1.1 section 3.14.

import { describe, expect, it } from "vitest";
import { connect, connectPacket, durable, unique } from "../support/connect.ts";
import { Conversation } from "../support/conversation.ts";
import { useTarget } from "./target.ts";
import { connectWithWill } from "./will.ts";

const target = useTarget();

describe("DISCONNECT from the client", () => {
  it.each([3, 4, 5] as const)("of version %i ends the connection [MQTT-3.14.4-2]", async (version) => {
    const client = await connect(target.url, { version });
    client.send("e0 00");
    await client.closed();
  });

  it.each([
    ["no reason code", "e0 00"],
    ["reason code 0x00", "e0 01 00"],
    ["reason code 0x00 and no properties", "e0 02 00 00"],
  ])("with %s discards the Will [MQTT-3.14.4-3] [MQTT-3.1.2-10]", async (_, packet) => {
    const { client, watcher } = await connectWithWill(target.url);
    client.send(packet);
    await client.closed();
    await watcher.expectNothingMore();
  });

  it.each([0x04, 0x80, 0x81, 0x82, 0x83, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99])(
    "with reason code %i is accepted, and leaves the Will to be published [MQTT-3.14.2-1] [MQTT-3.1.2-8]",
    async (reasonCode) => {
      const { client, watcher, topic } = await connectWithWill(target.url);
      client.send({ cmd: "disconnect", reasonCode });
      await client.closed();
      await watcher.message({ topic, payload: "will" });
    },
  );

  it.each([0x01, 0x10, 0x87, 0x89, 0x8b, 0x8d, 0x8e, 0x8f, 0x9a, 0x9b, 0x9c, 0x9d, 0xa2, 0xff])(
    "with reason code %i, which only a server has or nobody, is a protocol error [MQTT-3.14.2-1]",
    async (reasonCode) => {
      const client = await connect(target.url);
      client.send(Buffer.from([0xe0, 0x01, reasonCode]));
      await client.ended(0x82);
    },
  );

  it("may have a reason string and user properties", async () => {
    const client = await connect(target.url);
    const properties = { reasonString: "going home", userProperties: { a: ["1", "2"], b: "3" } };
    client.send({ cmd: "disconnect", reasonCode: 0, properties });
    await client.closed();
  });

  it("is the last packet: what follows it is not processed [MQTT-3.14.4-1]", async () => {
    const topic = unique("disconnect/last");
    const [watcher, client] = [await connect(target.url), await connect(target.url)];
    await watcher.subscribe(topic);
    const publish = { cmd: "publish", topic, payload: "too late", qos: 0, dup: false, retain: false } as const;
    client.send(Buffer.concat([client.encode({ cmd: "disconnect" }), client.encode(publish)]));
    await client.closed();
    await watcher.expectNothingMore();
  });
});

describe("DISCONNECT from the server", () => {
  it("gives its reason, no session expiry, and closes [MQTT-3.14.2-1] [MQTT-3.14.2-2] [MQTT-3.14.4-2]", async () => {
    const client = await connect(target.url, durable());
    await connect(target.url, { ...durable(), clientId: client.clientId });
    const { properties } = await client.receive({ cmd: "disconnect", reasonCode: 0x8e });
    expect(properties?.sessionExpiryInterval).toBeUndefined();
    await client.closed();
  });

  it("is the last packet [MQTT-3.14.4-1] [MQTT-4.13.2-1]", async () => {
    const topic = unique("disconnect/final");
    const [client, publisher] = [await connect(target.url), await connect(target.url)];
    await client.subscribe(topic, { qos: 1 });
    client.send("00 00");
    for (let count = 0; count < 5; count++) await publisher.publish(topic, "x", { qos: 1 });
    await client.receiveUntil("disconnect");
    await client.closed();
  });

  it.each([
    ["something else than CONNECT", "c0 00"],
    ["a CONNECT that is malformed", "10 02 00 04"],
  ])("does not come before CONNACK: after %s [MQTT-3.14.0-1]", async (_, packet) => {
    const client = await Conversation.open(target.url);
    client.version = 5;
    client.send(packet);
    // A CONNECT may be answered with a CONNACK that refuses; nothing else may.
    const answer = await client.receiveBytes().catch(() => undefined);
    expect([undefined, 2]).toContain(answer === undefined ? undefined : (answer[0] ?? 0) >> 4);
    await client.closed();
  });

  it.each([3, 4] as const)("is not sent to version %i: the connection closes [3.1.1 MQTT-4.8.0-1]", async (version) => {
    const client = await connect(target.url, { version });
    client.send(connectPacket({ version, clientId: client.clientId }));
    await client.closed();
  });

  it.each([40, 25, 12, 4])(
    "stays within a Maximum Packet Size of %i bytes [MQTT-3.14.2-3] [MQTT-3.14.2-4] [MQTT-3.1.2-24]",
    async (maximumPacketSize) => {
      // The answer to CONNECT has to fit as well: a broker may refuse a client that takes too little.
      const client = await Conversation.open(target.url);
      client.send(connectPacket({ properties: { maximumPacketSize } }));
      const connack = await client.receiveBytes().catch(() => undefined);
      if (connack === undefined) return;
      expect(connack.length).toBeLessThanOrEqual(maximumPacketSize);
      client.send("00 00");
      const disconnect = await client.receiveBytes().catch(() => undefined);
      if (disconnect !== undefined) expect(disconnect.length).toBeLessThanOrEqual(maximumPacketSize);
      await client.closed();
    },
  );
});
