// CONNECT and CONNACK: versions, client identifiers, takeover, and what must not come first. MQTT 5.0 section 3.1.

import { describe, expect, it } from "vitest";
import { isForeign, paths, useBroker } from "../support/broker.ts";
import { connect, connectPacket, durable, unique } from "../support/connect.ts";
import { Conversation } from "../support/conversation.ts";
import { closeFrame } from "../support/handshake.ts";
import { connectMqttJs, inboxOf, versionName, versions } from "../support/mqttjs.ts";
import { field, rawPacket, twoBytes } from "../support/wire.ts";

const broker = useBroker({ variables: { CONNECT_TIMEOUT_SEC: "1" } });

/** CONNECT with any protocol name and level: clean, keep alive 60, no properties. */
function connectAs(protocolName: string, level: number, afterKeepAlive: Uint8Array = Buffer.alloc(0)): Buffer {
  const head = [field(protocolName), Buffer.from([level, 0x02]), twoBytes(60), afterKeepAlive];
  return rawPacket(0x10, ...head, field(unique("raw")));
}

describe.each(paths)("over %s", (path) => {
  it("MQTT 3.1, 3.1.1 and 5.0 clients are side by side and hear each other", async () => {
    const topic = unique("connect/side-by-side");
    const clients = await Promise.all(
      versions.map((version) => {
        const clientId = unique(`v${version}`);
        return connectMqttJs(broker.url(path, clientId).replace("tcp:", "mqtt:"), version, { clientId });
      }),
    );
    const inboxes = clients.map((client) => inboxOf(client));
    await Promise.all(clients.map((client) => client.subscribeAsync(topic, { qos: 1 })));
    for (const [index, client] of clients.entries()) await client.publishAsync(topic, `${index}`, { qos: 1 });
    for (const inbox of inboxes) {
      const messages = await inbox.take(clients.length);
      expect(messages.map((message) => message.payload.toString()).sort()).toEqual(["0", "1", "2"]);
    }
    await Promise.all(clients.map((client) => client.endAsync()));
  });

  it.skipIf(isForeign)(
    "a client that takes a client identifier over ends the other connection with 0x8E [MQTT-3.1.4-3]",
    async () => {
      const clientId = unique("taken");
      const first = await connect(broker.url(path, clientId), { clientId });
      const second = await connect(broker.url(path, clientId), { clientId });
      await first.ended(0x8e);
      await second.expectNothingMore();
    },
  );

  it("a 3.1.1 client that is taken over is closed without a packet [3.1.1 MQTT-3.1.4-2]", async () => {
    const clientId = unique("taken");
    const first = await connect(broker.url(path, clientId), { version: 4, clientId });
    const second = await connect(broker.url(path, clientId), { version: 4, clientId });
    await first.closed();
    await second.expectNothingMore();
  });

  it("anything but CONNECT first is answered by a close alone [MQTT-3.1.0-1] [MQTT-3.14.0-1]", async () => {
    const client = await Conversation.open(broker.url(path, unique("rude")));
    client.send({ cmd: "pingreq" });
    await client.closed();
  });

  it.skipIf(isForeign)("a second CONNECT is a protocol error [MQTT-3.1.0-2]", async () => {
    const options = { clientId: unique("twice") };
    const client = await connect(broker.url(path, options.clientId), options);
    client.send(connectPacket(options));
    await client.ended(0x82);
  });

  it("a second CONNECT closes a 3.1.1 connection without a packet [3.1.1 MQTT-3.1.0-2]", async () => {
    const options = { version: 4, clientId: unique("twice") } as const;
    const client = await connect(broker.url(path, options.clientId), options);
    client.send(connectPacket(options));
    await client.closed();
  });

  it.skipIf(isForeign)("a connection that sends no CONNECT is closed", async () => {
    const url = broker.url(path, unique("silent"));
    if (path === "TCP") await (await Conversation.open(url)).closed();
    else expect(await closeFrame(url)).toBe(1008);
  });

  it.skipIf(isForeign)("a connection that sends CONNECT byte by byte for too long is closed", async () => {
    const client = await Conversation.open(broker.url(path, unique("slow")));
    client.send(connectAs("MQTT", 4).subarray(0, 12));
    await client.closed();
  });

  it("[MQTT-3.1.4-5] [MQTT-3.2.0-2] packets sent right behind CONNECT are answered in order", async () => {
    const clientId = unique("eager");
    const client = await Conversation.open(broker.url(path, clientId));
    const hello = client.encode(connectPacket({ clientId }));
    const subscribe = client.encode({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: clientId, qos: 1 }] });
    client.send(Buffer.concat([hello, subscribe, client.encode({ cmd: "pingreq" })]));
    await client.receive({ cmd: "connack", reasonCode: 0 });
    const replies = [await client.receiveAny(), await client.receiveAny()].map(({ cmd }) => cmd);
    expect(replies.sort()).toEqual(["pingresp", "suback"]);
  });
});

describe("protocol name and level", () => {
  it.each(["MQTX", "mqtt", "MQIsdpp"])("%s is not served [MQTT-3.1.2-1]", async (name) => {
    const client = await Conversation.open(broker.tcp);
    client.send(connectAs(name, 4));
    const answered = await client.receiveBytes().catch(() => undefined);
    expect(answered?.toString("hex") ?? "closed").toMatch(/^(closed|20020001|20..0084.*)$/);
    await client.closed();
  });

  it("level 6 is refused as unsupported [MQTT-3.1.2-2] [3.1.1 MQTT-3.1.2-2]", async () => {
    const client = await Conversation.open(broker.tcp);
    client.send(connectAs("MQTT", 6));
    expect((await client.receiveBytes()).toString("hex")).toMatch(/^(20020001|20..0084.*)$/);
    await client.closed();
  });

  it("level 2 is refused in the words of version 3 [3.1.1 MQTT-3.1.2-2]", async () => {
    const client = await Conversation.open(broker.tcp);
    client.send(connectAs("MQIsdp", 2));
    expect((await client.receiveBytes()).toString("hex")).toBe("20020001");
    await client.closed();
  });

  it("the reserved flag of CONNECT must be 0 [MQTT-3.1.2-3]", async () => {
    const client = await Conversation.open(broker.tcp);
    client.send(rawPacket(0x10, field("MQTT"), Buffer.from([4, 0x03]), twoBytes(60), field("reserved")));
    await client.closed();
  });
});

describe("client identifier", () => {
  it.each(["TCP", "relayed WebSocket"] as const)("over %s an empty one is assigned [MQTT-3.2.2-16]", async (path) => {
    const one = await connect(broker.url(path, ""), { clientId: "" });
    const two = await connect(broker.url(path, ""), { clientId: "" });
    const assigned = [one, two].map(({ connack }) => connack.properties?.assignedClientIdentifier);
    expect(assigned[0]).toMatch(/./);
    expect(assigned[1]).toMatch(/./);
    expect(assigned[0]).not.toBe(assigned[1]);
    await two.disconnect();
    await one.ping();
  });

  it("an assigned one names a session that can be resumed [MQTT-3.1.3-7]", async () => {
    const first = await connect(broker.tcp, { ...durable(), clean: true, clientId: "" });
    const clientId = first.connack.properties?.assignedClientIdentifier ?? "";
    await first.disconnect();
    const second = await connect(broker.tcp, { ...durable(), clientId });
    expect(second.connack.sessionPresent).toBe(true);
    expect(second.connack.properties?.assignedClientIdentifier).toBeUndefined();
  });

  it("an empty one is fine in 3.1.1 with clean session [3.1.1 MQTT-3.1.3-6]", async () => {
    await connect(broker.tcp, { version: 4, clientId: "", clean: true });
  });

  it.each(["TCP", "relayed WebSocket"] as const)(
    "over %s an empty one without clean session is refused in 3.1.1 [3.1.1 MQTT-3.1.3-8]",
    async (path) => {
      const client = await Conversation.open(broker.url(path, ""));
      // mqtt-packet refuses to write this one.
      client.send(rawPacket(0x10, field("MQTT"), Buffer.from([4, 0x00]), twoBytes(60), field("")));
      expect((await client.receiveBytes()).toString("hex")).toBe("20020002");
      await client.closed();
    },
  );

  it("an empty one is refused in 3.1", async () => {
    const client = await Conversation.open(broker.tcp);
    client.send(rawPacket(0x10, field("MQIsdp"), Buffer.from([3, 0x02]), twoBytes(60), field("")));
    expect((await client.receiveBytes()).toString("hex")).toBe("20020002");
    await client.closed();
  });

  it.skipIf(isForeign)("must be the one of the path [MQTT-3.1.3-8]", async () => {
    const client = await Conversation.open(broker.wsNative(unique("path")));
    client.send(connectPacket({ clientId: unique("packet") }));
    await client.receive({ cmd: "connack", reasonCode: 0x85, sessionPresent: false });
    await client.closed();
  });

  it.skipIf(isForeign)("must be the one of the path in 3.1.1 too", async () => {
    const client = await Conversation.open(broker.wsNative(unique("path")));
    client.send(connectPacket({ version: 4, clientId: unique("packet") }));
    await client.receive({ cmd: "connack", returnCode: 2, sessionPresent: false });
    await client.closed();
  });

  it.skipIf(isForeign)("is the path's where CONNECT has none", async () => {
    const clientId = unique("path id/with ünïcode");
    const unnamed = await connect(broker.wsNative(clientId), { clientId: "" });
    expect(unnamed.connack.properties?.assignedClientIdentifier).toBe(clientId);
    const named = await connect(broker.tcp, { clientId });
    await unnamed.ended(0x8e);
    await named.ping();
  });

  it.each(["a", "0123456789abcdefghijklm", "with blanks / and #+$", "ünï-码", "x".repeat(200)])(
    "may be %s [MQTT-3.1.3-5]",
    async (clientId) => {
      for (const version of [4, 5] as const) {
        const client = await connect(broker.tcp, { version, clientId: `${clientId}`, clean: true });
        await client.ping();
        await client.disconnect();
      }
    },
  );
});

describe("takeover", () => {
  it.skipIf(isForeign)("resumes the session, whichever path the two came on [MQTT-3.1.2-5]", async () => {
    const clientId = unique("moving");
    const topic = unique("connect/moving");
    const publisher = await connect(broker.tcp);
    let before = await connect(broker.tcp, { ...durable(), clientId });
    await before.subscribe(topic, { qos: 1 });
    for (const path of [...paths, ...[...paths].reverse()]) {
      const after = await connect(broker.url(path, clientId), { ...durable(), clientId });
      expect(after.connack.sessionPresent).toBe(true);
      await before.ended(0x8e);
      await publisher.publish(topic, path, { qos: 1 });
      await after.message({ topic, payload: path });
      before = after;
    }
  });

  it("by many at once leaves one of them connected", async () => {
    const clientId = unique("rush");
    const rush = await Promise.all(
      Array.from({ length: 8 }, async () => {
        const client = await Conversation.open(broker.ws);
        client.send(connectPacket({ clientId }));
        return client;
      }),
    );
    const last = await connect(broker.tcp, { clientId });
    for (const client of rush) await expect(client.receiveUntil("pingresp")).rejects.toThrow("closed");
    await last.ping();
  });
});

describe("session present", () => {
  it.each(versions)(
    "version %i: 0, then 0 after a clean session, then 1 after a kept one [MQTT-3.2.2-3]",
    async (version) => {
      const clientId = unique("present");
      const keep = { ...durable(version), version, clientId };
      const present: boolean[] = [];
      for (const options of [{ version, clientId, clean: true }, keep, keep, { ...keep, clean: true }]) {
        const client = await connect(broker.tcp, options);
        present.push(client.connack.sessionPresent);
        await client.disconnect();
      }
      // Session Present came with 3.1.1: in 3.1 the byte is reserved and 0.
      expect(present).toEqual([false, false, version !== 3, false]);
      expect(versionName[version]).toBeDefined();
    },
  );
});
