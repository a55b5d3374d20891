// Exchanges that are repeated, never finished or never read: what they cost is bounded, and others do not wait for them.

import { once } from "node:events";
import { createConnection } from "node:net";
import type { Packet } from "mqtt-packet";
import { expect, it } from "vitest";
import { useBrokerWithBystander } from "../support/bystander.ts";
import { connect, connectPacket, durable, unique } from "../support/connect.ts";
import { Conversation } from "../support/conversation.ts";
import { residentBytes } from "../support/runtime.ts";
import { hex } from "../support/wire.ts";

const limits = {
  RECEIVE_MAXIMUM: "20",
  MAXIMUM_QUEUED_MESSAGES: "100",
  MAXIMUM_IN_FLIGHT: "10",
  MAXIMUM_PUBLISH_RATE: "0",
};
const broker = useBrokerWithBystander(limits);

function publishPacket(topic: string, messageId: number, payload: string | Buffer, qos: 1 | 2): Packet {
  return { cmd: "publish", topic, messageId, payload, qos, dup: false, retain: false };
}

it("65,535 QoS 2 exchanges of version 4 that are never finished", { timeout: 60_000 }, async () => {
  const client = await connect(broker.tcp, { version: 4 });
  const before = residentBytes();
  const batch = 5_000;
  for (let first = 1; first <= 65_535; first += batch) {
    const count = Math.min(batch, 65_536 - first);
    const packets = Array.from({ length: count }, (_, index) => publishPacket("open", first + index, "x", 2));
    client.send(Buffer.concat(packets.map((packet) => client.encode(packet))));
    for (let index = 0; index < count; index += 1) {
      await client.receive({ cmd: "pubrec", messageId: first + index }, { timeoutMs: 15_000 });
    }
  }
  // All identifiers are taken: each is a repeat now, and no new message.
  client.send(client.encode(publishPacket("open", 7, "x", 2)));
  await client.receive({ cmd: "pubrec", messageId: 7 });
  expect(residentBytes() - before).toBeLessThan(200_000_000);
  client.drop();
});

it("QoS 2 exchanges of MQTT 5.0 beyond the Receive Maximum, never finished, in session after session", async () => {
  for (let round = 0; round < 20; round += 1) {
    const client = await connect(broker.tcp, { ...durable(), clientId: "never-finished" });
    for (let messageId = 1; messageId <= 21; messageId += 1) {
      client.send(publishPacket("open", round * 21 + messageId, "x", 2));
    }
    for (let packet = await client.receiveAny(); packet.cmd !== "disconnect"; packet = await client.receiveAny()) {
      expect(packet.cmd).toBe("pubrec");
    }
    await client.closed();
  }
});

it.each([3, 4, 5] as const)(
  "a client of version %i whose answers are broken gets each stored message once, and then the next [B95]",
  async (version) => {
    const topic = unique("broken-answers");
    const options = { ...durable(version), clientId: unique("broken-answers") };
    const subscriber = await connect(broker.tcp, options);
    await subscriber.subscribe(topic, { qos: 2 });
    subscriber.drop();
    const publisher = await connect(broker.tcp);
    // A byte left over; PUBCOMP before PUBREC; a property that is none, or no packet identifier.
    const answers = ["40 05 0001 00 00 00", "70 02 0002", version === 5 ? "50 05 0003 00 01 7f" : "50 00"];
    for (const [index] of answers.entries()) {
      await publisher.publish(topic, `${index}`, { qos: index === 0 ? 1 : 2 });
    }
    for (const [index, answer] of answers.entries()) {
      const back = await connect(broker.tcp, options);
      for (let place = index; place < answers.length; place += 1) {
        // `collect` would answer them.
        expect(String((await back.receive({ cmd: "publish" })).payload)).toBe(`${place}`);
      }
      back.send(hex(answer));
      if (version === 5) await back.receive({ cmd: "disconnect" });
      await back.closed();
    }
    const last = await connect(broker.tcp, options);
    await publisher.publish(topic, "next", { qos: 1 });
    expect(String((await last.receive({ cmd: "publish" })).payload)).toBe("next");
  },
);

it("a packet identifier that is repeated thousands of times is one message [MQTT-4.3.3-10]", async () => {
  const topic = unique("repeated");
  const [publisher, subscriber] = [await connect(broker.tcp), await connect(broker.tcp)];
  await subscriber.subscribe(topic, { qos: 2 });
  const repeat = publisher.encode(publishPacket(topic, 7, "once", 2));
  publisher.send(Buffer.concat(new Array(5_000).fill(repeat)));
  publisher.send({ cmd: "pubrel", messageId: 7 });
  await publisher.receiveUntil("pubcomp");
  await subscriber.message({ topic, payload: "once" });
  await subscriber.expectNothingMore();
});

it("acknowledgements of what was never sent", async () => {
  for (const cmd of ["puback", "pubrec", "pubrel", "pubcomp"] as const) {
    const client = await connect(broker.tcp);
    for (let messageId = 1; messageId <= 2_000; messageId += 1) client.send({ cmd, messageId });
    const answers = cmd === "pubrec" || cmd === "pubrel" ? 2_000 : 0;
    for (let count = 0; count < answers; count += 1) expect((await client.receiveAny()).cmd).toMatch(/pubrel|pubcomp/);
    await client.ping();
  }
});

it("a frozen subscriber: what waits for it is bounded, and its publisher is told", { timeout: 60_000 }, async () => {
  const topic = unique("frozen");
  const { hostname, port } = new URL(broker.tcp);
  const frozen = createConnection({ host: hostname, port: Number(port) });
  await once(frozen, "connect");
  const speaker = await Conversation.open(broker.tcp);
  const clientId = unique("frozen");
  frozen.write(speaker.encode(connectPacket({ clientId, ...durable() })));
  const subscriptions = [{ topic, qos: 1 as const }];
  frozen.write(speaker.encode({ cmd: "subscribe", messageId: 1, subscriptions }));
  // CONNACK and SUBACK, and not a byte more.
  for (let bytes = 0; bytes < 10; ) bytes += ((await once(frozen, "data")) as [Buffer])[0].length;
  frozen.pause();

  const [publisher, other] = [await connect(broker.tcp), await connect(broker.tcp)];
  await other.subscribe(topic, { qos: 1 });
  const before = residentBytes();
  const codes: number[] = [];
  for (let count = 0; count < 300; count += 1) {
    codes.push(await publisher.publish(topic, Buffer.alloc(50_000), { qos: 1 }));
    await other.message({ topic });
  }
  expect(codes.indexOf(0x97)).toBeGreaterThanOrEqual(100);
  expect(codes.slice(-100)).toEqual(new Array(100).fill(0x97));
  expect(residentBytes() - before).toBeLessThan(200_000_000);
  frozen.destroy();
});
