// MQTT over WebSocket: the subprotocol, and frames that need not fit packets. MQTT 5.0 section 6.

import type { Packet } from "mqtt-packet";
import { expect, it } from "vitest";
import { connect, connectPacket, unique } from "../support/connect.ts";
import { Conversation } from "../support/conversation.ts";
import { clientFrame, framesOf, upgrade } from "../support/handshake.ts";
import { describeWebSocket, useTarget } from "./target.ts";

const target = useTarget();

/** A client's part of a conversation in one run of bytes: CONNECT, SUBSCRIBE, PUBLISH to itself, PINGREQ. */
async function script(url: string, clientId: string): Promise<{ client: Conversation; bytes: Buffer }> {
  const client = await Conversation.open(url);
  const topic = `websocket/${clientId}`;
  const packets: Packet[] = [
    connectPacket({ clientId, version: 4 }),
    { cmd: "subscribe", messageId: 1, subscriptions: [{ topic, qos: 1 }] },
    { cmd: "publish", topic, payload: "hi", qos: 1, messageId: 2, dup: false, retain: false },
    { cmd: "pingreq" },
  ];
  return { client, bytes: Buffer.concat(packets.map((packet) => client.encode(packet))) };
}

/** The answers to it, in whichever order those after CONNACK may come. */
async function expectAnswers(client: Conversation): Promise<void> {
  await client.receive({ cmd: "connack", returnCode: 0 });
  const answers = [];
  for (let count = 0; count < 4; count++) answers.push(await client.receiveAny());
  expect(answers.map(({ cmd }) => cmd).sort()).toEqual(["pingresp", "puback", "publish", "suback"]);
  expect(answers.find(({ cmd }) => cmd === "publish")).toMatchObject({ payload: Buffer.from("hi"), qos: 1 });
}

describeWebSocket("over WebSocket", () => {
  it("packets may be split between frames at any byte [MQTT-6.0.0-2]", { timeout: 30_000 }, async () => {
    const clientId = unique("split");
    for (const url of target.webSocketUrls(clientId)) {
      const { bytes, client: measured } = await script(url, clientId);
      measured.drop();
      for (let at = 1; at < bytes.length; at++) {
        const { client } = await script(url, clientId);
        client.sendFrames([bytes.subarray(0, at), bytes.subarray(at)]);
        await expectAnswers(client);
        client.send({ cmd: "disconnect" });
        client.drop();
      }
    }
  });

  it.each(["frame of its own", "fragment of one frame"])("each byte may be a %s [MQTT-6.0.0-2]", async (way) => {
    const clientId = unique("bytes");
    for (const url of target.webSocketUrls(clientId)) {
      const { client, bytes } = await script(url, clientId);
      const pieces = Array.from(bytes, (_, index) => bytes.subarray(index, index + 1));
      if (way === "frame of its own") client.sendFrames(pieces);
      else client.sendFragments(pieces);
      await expectAnswers(client);
      client.drop();
    }
  });

  it("several packets may share a frame [MQTT-6.0.0-2]", async () => {
    const clientId = unique("together");
    for (const url of target.webSocketUrls(clientId)) {
      const { client, bytes } = await script(url, clientId);
      client.send(bytes);
      await expectAnswers(client);
      client.drop();
    }
  });

  it("the broker sends binary frames alone [MQTT-6.0.0-1]", async () => {
    const clientId = unique("binary");
    for (const url of target.webSocketUrls(clientId)) {
      const { client, bytes } = await script(url, clientId);
      client.drop();
      const upgraded = await upgrade(url, { "Sec-WebSocket-Protocol": "mqtt" });
      upgraded.socket.write(clientFrame(bytes));
      let received = Buffer.alloc(0);
      for await (const { opcode, fin, payload } of framesOf(upgraded)) {
        // 2 is a binary frame, 0 one that continues it. RFC 6455 section 5.2.
        expect([0, 2]).toContain(opcode);
        received = Buffer.concat([received, payload]);
        if (fin && received.includes("hi") && received.includes(Buffer.from([0xd0, 0x00]))) break;
      }
      upgraded.socket.destroy();
    }
  });

  it("a text frame ends the connection before CONNECT [MQTT-6.0.0-1]", async () => {
    for (const url of target.webSocketUrls(unique("text"))) {
      const client = await Conversation.open(url);
      client.sendText("hello");
      await client.closed();
    }
  });

  it("a text frame ends the connection after CONNECT [MQTT-6.0.0-1]", async () => {
    const clientId = unique("text");
    for (const url of target.webSocketUrls(clientId)) {
      const client = await connect(url, { clientId, version: 4 });
      client.sendText("hello");
      await client.closed();
    }
  });

  it("the subprotocol that the broker answers is mqtt [MQTT-6.0.0-4]", async () => {
    for (const url of target.webSocketUrls(unique("subprotocol"))) {
      for (const offered of ["mqtt", "other, mqtt", "mqtt, other"]) {
        const { headers, socket } = await upgrade(url, { "Sec-WebSocket-Protocol": offered });
        expect(headers["sec-websocket-protocol"], offered).toBe("mqtt");
        socket.destroy();
      }
    }
  });
});
