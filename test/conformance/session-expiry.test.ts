// How long a session outlives its connection: the Session Expiry Interval of CONNECT and DISCONNECT, and Clean Session
// before MQTT 5.0. MQTT 5.0 sections 3.1.2.11.2, 3.14.2.2.2 and 4.1.0, MQTT 3.1.1 section 3.1.2.4.

import { describe, expect, it, vi } from "vitest";
import { type Connected, type ConnectOptions, connect, durable, unique } from "../support/connect.ts";
import { passed } from "../support/time.ts";
import { useTarget } from "./target.ts";

const target = useTarget();
// What these wait for is the same second.
vi.setConfig({ maxConcurrency: 20 });
/** Longer than an expiry of one second, for brokers that count in whole seconds too. */
const expiredMs = 2500;

type Expiry = number | undefined;
const expiry = (sec: Expiry): ConnectOptions =>
  sec === undefined ? {} : { properties: { sessionExpiryInterval: sec } };

/** Whether there is a session now, found out by a connection that leaves things as they are. */
async function isKept(clientId: string): Promise<boolean> {
  const client = await connect(target.url, { ...durable(), clientId });
  await client.disconnect();
  return client.connack.sessionPresent;
}

describe("a session", () => {
  const rows = [undefined, 0, 600, 0xffff_ffff].flatMap((sec) =>
    [true, false].map((clean) => ({ sec, clean, outcome: sec ? "is kept" : "ends with the connection" })),
  );

  it.each(rows)(
    "with Session Expiry Interval $sec, and Clean Start $clean, $outcome [MQTT-3.1.2-23] [MQTT-4.1.0-2]",
    async ({ sec, clean }) => {
      for (const leave of [(client: Connected) => client.disconnect(), (client: Connected) => client.drop()]) {
        const client = await connect(target.url, { ...expiry(sec), clean });
        await leave(client);
        // A broker may learn late that a connection is lost: the next one takes over then.
        expect(await isKept(client.clientId)).toBe(Boolean(sec));
      }
    },
  );

  it.each([3, 4] as const)(
    "of version %i with Clean Session 1 ends with the connection, however that ends [3.1.1 MQTT-3.1.2-6]",
    async (version) => {
      for (const leave of [(client: Connected) => client.disconnect(), (client: Connected) => client.drop()]) {
        const client = await connect(target.url, { version, clean: true });
        await leave(client);
        expect(await isKept(client.clientId)).toBe(false);
      }
    },
  );

  it.each([3, 4] as const)("of version %i with Clean Session 0 is kept [3.1.1 MQTT-3.1.2-4]", async (version) => {
    const client = await connect(target.url, durable(version));
    client.drop();
    expect(await isKept(client.clientId)).toBe(true);
  });

  it("that ends takes its subscriptions and messages with it [MQTT-4.1.0-2]", async () => {
    const topic = unique("session-expiry");
    const publisher = await connect(target.url);
    const client = await connect(target.url);
    await client.subscribe(topic, { qos: 1 });
    await client.disconnect();
    await publisher.publish(topic, "for nobody", { qos: 1 });
    const again = await connect(target.url, { ...durable(), clientId: client.clientId });
    await publisher.publish(topic, "for nobody", { qos: 1 });
    await again.expectNothingMore();
  });
});

describe.concurrent("the Session Expiry Interval", () => {
  it("ends the session when it has passed, with what was in it [MQTT-4.1.0-2]", async () => {
    const topic = unique("session-expiry");
    const client = await connect(target.url, expiry(1));
    await client.subscribe(topic, { qos: 1 });
    await client.disconnect();
    await (await connect(target.url)).publish(topic, "too late", { qos: 1 });
    await passed(expiredMs);
    const again = await connect(target.url, { ...durable(), clientId: client.clientId });
    expect(again.connack.sessionPresent).toBe(false);
    await again.expectNothingMore();
  });

  it("does not run while the client is connected [MQTT-4.1.0-1]", async () => {
    const topic = unique("session-expiry");
    const client = await connect(target.url, expiry(1));
    await client.subscribe(topic, { qos: 1 });
    await passed(expiredMs);
    await client.publish(topic, "still here");
    await client.message({ topic, payload: "still here" });
    await client.disconnect();
    expect(await isKept(client.clientId)).toBe(true);
  });

  it("of 0 does not end the session of a client that is connected [MQTT-4.1.0-1]", async () => {
    const topic = unique("session-expiry");
    const client = await connect(target.url, expiry(0));
    await client.subscribe(topic, { qos: 1 });
    await passed(expiredMs);
    await client.publish(topic, "still here");
    await client.message({ topic, payload: "still here" });
  });

  it("counts from the end of the latest connection [MQTT-4.1.0-2]", async () => {
    const clientId = unique("session-expiry");
    for (let count = 0; count < 3; count++) {
      const client = await connect(target.url, { ...expiry(4), clean: false, clientId });
      expect(client.connack.sessionPresent).toBe(count > 0);
      client.drop();
      await passed(1500);
    }
  });

  it.each<[string, Expiry, Expiry, boolean]>([
    ["600 then 1", 600, 1, false],
    ["1 then 600", 1, 600, true],
    ["1 then 0xFFFFFFFF", 1, 0xffff_ffff, true],
    ["600 then none", 600, undefined, false],
  ])("is that of the latest CONNECT: %s [MQTT-3.1.2-23] [MQTT-4.1.0-2]", async (_, before, after, kept) => {
    const clientId = unique("session-expiry");
    const first = await connect(target.url, { ...expiry(before), clientId });
    await first.disconnect();
    const second = await connect(target.url, { ...expiry(after), clean: false, clientId });
    expect(second.connack.sessionPresent).toBe(true);
    second.drop();
    await passed(expiredMs);
    expect(await isKept(clientId)).toBe(kept);
  });

  it.each<[string, number, Expiry, boolean]>([
    ["600 by 0", 600, 0, false],
    ["600 by 1", 600, 1, false],
    ["0xFFFFFFFF by 1", 0xffff_ffff, 1, false],
    ["1 by 600", 1, 600, true],
    ["1 by 0xFFFFFFFF", 1, 0xffff_ffff, true],
    ["600 by none", 600, undefined, true],
    ["1 by none", 1, undefined, false],
    ["0 by 0", 0, 0, false],
  ])("of CONNECT is replaced by that of DISCONNECT: %s [MQTT-4.1.0-2]", async (_, connected, disconnected, kept) => {
    const client = await connect(target.url, expiry(connected));
    await client.disconnect(0, disconnected === undefined ? {} : { sessionExpiryInterval: disconnected });
    await passed(expiredMs);
    expect(await isKept(client.clientId)).toBe(kept);
  });

  it.each([undefined, 0].flatMap((sec) => [1, 0xffff_ffff].map((raised) => [sec, raised] as const)))(
    "of %s may not be raised by DISCONNECT to %i [MQTT-3.14.2-2]",
    async (sec, raised) => {
      const client = await connect(target.url, expiry(sec));
      client.send({ cmd: "disconnect", reasonCode: 0, properties: { sessionExpiryInterval: raised } });
      await client.ended(0x82);
      expect(await isKept(client.clientId)).toBe(false);
    },
  );
});
