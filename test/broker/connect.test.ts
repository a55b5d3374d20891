// CONNECT on each of the three paths to a session: what comes first, client identifiers in addresses, and takeover from
// one path to another. MQTT 5.0 section 3.1; the rest of it is in test/conformance.

import { describe, expect, it } from "vitest";
import { paths, useBroker } from "../support/broker.ts";
import { connect, connectPacket, durable, unique } from "../support/connect.ts";
import { Conversation } from "../support/conversation.ts";
import { closeCode, upgrade } from "../support/handshake.ts";
import { connectMqttJs, inboxOf, versions } from "../support/mqttjs.ts";

const broker = useBroker({ variables: { CONNECT_TIMEOUT_SEC: "1" } });

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

  it("anything but CONNECT first is answered by a close alone [MQTT-3.1.0-1] [MQTT-3.14.0-1] [B7]", async () => {
    const client = await Conversation.open(broker.url(path, unique("rude")));
    client.send({ cmd: "pingreq" });
    await client.closed();
  });

  it("a second CONNECT is a protocol error [MQTT-3.1.0-2]", async () => {
    const options = { clientId: unique("twice") };
    const client = await connect(broker.url(path, options.clientId), options);
    client.send(connectPacket(options));
    await client.ended(0x82);
  });

  it("a connection that sends no CONNECT is closed [connectTimeoutSec] [B7]", async () => {
    const url = broker.url(path, unique("silent"));
    if (path === "TCP") await (await Conversation.open(url)).closed();
    else expect(await closeCode(await upgrade(url))).toBe(1008);
  });

  it("a connection that sends CONNECT byte by byte for too long is closed", async () => {
    const client = await Conversation.open(broker.url(path, unique("slow")));
    client.send(client.encode(connectPacket()).subarray(0, 12));
    await client.closed();
  });

  it("packets sent right behind CONNECT are answered behind CONNACK [MQTT-3.2.0-1] [B9]", async () => {
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

describe("the client identifier of a native WebSocket", () => {
  it("must be the one of the path [MQTT-3.1.3-8] [B2]", async () => {
    const client = await Conversation.open(broker.wsNative(unique("path")));
    client.send(connectPacket({ clientId: unique("packet") }));
    await client.receive({ cmd: "connack", reasonCode: 0x85, sessionPresent: false });
    await client.closed();
  });

  it("must be the one of the path in 3.1.1 too [B2]", async () => {
    const client = await Conversation.open(broker.wsNative(unique("path")));
    client.send(connectPacket({ version: 4, clientId: unique("packet") }));
    await client.receive({ cmd: "connack", returnCode: 2, sessionPresent: false });
    await client.closed();
  });

  it("is the path's where CONNECT has none [B1]", async () => {
    const clientId = unique("path id/with ünïcode");
    const unnamed = await connect(broker.wsNative(clientId), { clientId: "" });
    expect(unnamed.connack.properties?.assignedClientIdentifier).toBe(clientId);
    const named = await connect(broker.tcp, { clientId });
    await unnamed.ended(0x8e);
    await named.ping();
  });
});

describe("takeover", () => {
  it("resumes the session, whichever path the two came on [MQTT-3.1.2-5] [B3]", async () => {
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
});
