// What one client may have of the limits that all clients of a namespace share. Guarantee G4.

import { describe, expect, it } from "vitest";
import { adminToken, apiOf } from "../support/api.ts";
import { useBroker } from "../support/broker.ts";
import { type Connected, connect, unique } from "../support/connect.ts";
import { makeCredential } from "../support/credentials.ts";

const lines: string[] = [];
const broker = useBroker({
  variables: {
    ADMIN_TOKEN: adminToken,
    MAXIMUM_RETAINED_MESSAGES: "20",
    MAXIMUM_RETAINED_BYTES: "20000",
    MAXIMUM_SUBSCRIPTION_BYTES: "65536",
    MAXIMUM_SESSIONS: "20",
    MAXIMUM_NAMESPACE_QUEUED_BYTES: "400000",
  },
  log: (line) => lines.push(line),
});
/** A namespace has topic objects of its own, and their limits to itself. */
const namespaceOf = (name: string) => broker.ws.replace("/mqtt", `/ns/${name}/mqtt`);
const retained = { qos: 1, retain: true } as const;

async function deviceIn(namespace: string) {
  const { credential, login } = await makeCredential(broker, { namespace });
  const publisher = `credential/${credential.id}`;
  return { publisher, connect: (options: object = {}) => connect(namespaceOf(namespace), { ...login, ...options }) };
}

/** Retains one message after the other until that is refused. */
async function fill(client: Connected, prefix: string): Promise<number> {
  let count = 0;
  while ((await client.publish(`${prefix}/${count}`, "x", retained)) < 0x80) count += 1;
  return count;
}

describe("a device that retains all it can [sharePercent]", () => {
  it("is refused with words that name the limit, and others go on as before [B32] [B120]", async () => {
    const [hostile, victim] = [await deviceIn("fills"), await deviceIn("fills")];
    const attacker = await hostile.connect();
    expect(await fill(attacker, "hostile")).toBe(15);
    attacker.sendPublish("hostile/more", "x", retained);
    const { reasonCode, properties } = await attacker.receive({ cmd: "puback" });
    expect([reasonCode, properties?.reasonString]).toEqual([
      0x97,
      expect.stringContaining("MAXIMUM_RETAINED_MESSAGES"),
    ]);
    attacker.sendPublish("hostile/more", "x", { ...retained, qos: 2 });
    expect(await attacker.receive({ cmd: "pubrec" })).toMatchObject({
      reasonCode: 0x97,
      properties: { reasonString: expect.stringContaining("SHARE_PERCENT") },
    });

    const other = await victim.connect();
    await other.subscribe("state");
    expect(await other.publish("state", "1", { ...retained, qos: 0 })).toBe(0);
    expect(await other.message()).toMatchObject({ topic: "state", payload: Buffer.from("1") });
    const late = await victim.connect();
    await late.subscribe("state");
    expect(await late.message()).toMatchObject({ retain: true, payload: Buffer.from("1") });
    // What it holds already it may replace, and the log says who fills it.
    expect(await attacker.publish("hostile/0", "y", retained)).toBe(0x10);
    const line = lines.find((each) => each.includes("a shared limit is reached, namespace fills"));
    expect(line).toContain(`largest ${hostile.publisher} 15: no room: `);
  });

  it.each([3, 4] as const)(
    "at protocol level %s is heard by who is subscribed, and the old value goes [B121]",
    async (version) => {
      const device = await deviceIn(`deaf-${version}`);
      const publisher = await device.connect({ version });
      const subscriber = await device.connect();
      for (let count = 0; count < 15; count += 1) await publisher.publish(`own/${count}`, "x", retained);
      await subscriber.subscribe("#", { qos: 1, rh: 2 });
      for (const qos of [0, 1, 2] as const) {
        await publisher.publish("live", `at QoS ${qos}`, { qos, retain: true });
        expect(await subscriber.message()).toMatchObject({ topic: "live", payload: Buffer.from(`at QoS ${qos}`) });
      }
      // Larger than it may hold: the value that it replaces would be out of date.
      await publisher.publish("own/0", Buffer.alloc(18_000), retained);
      expect((await subscriber.message()).payload).toHaveLength(18_000);
      const late = await device.connect();
      await late.subscribe(["live", "own/0", "own/1"]);
      expect((await late.rest()).map(({ topic }) => topic)).toEqual(["own/1"]);
    },
  );

  it("at MQTT 5.0 and QoS 0 reaches those who are subscribed, because no packet could report the refusal [B121]", async () => {
    const device = await deviceIn("deaf-qos-0");
    const client = await device.connect();
    await fill(client, "own");
    await client.subscribe("live");
    await client.publish("live", "1", { retain: true });
    expect(await client.message()).toMatchObject({ topic: "live" });
  });

  it("leaves a Will that finds no room to who is subscribed [B121]", async () => {
    const device = await deviceIn("will");
    const will = { topic: "will", payload: Buffer.from("gone"), qos: 1, retain: true } as const;
    const client = await device.connect({ will });
    const watcher = await device.connect();
    await watcher.subscribe("will", { qos: 1 });
    await fill(client, "own");
    client.drop();
    expect(await watcher.message()).toMatchObject({ topic: "will", payload: Buffer.from("gone") });
  });

  it("may be many anonymous clients: who shows a credential has room beside all of them [B120]", async () => {
    const clients = await Promise.all(Array.from({ length: 8 }, () => connect(namespaceOf("anonymous"))));
    let total = 0;
    for (const [index, client] of clients.entries()) total += await fill(client, `anonymous/${index}`);
    expect(total).toBe(15);
    const device = await (await deviceIn("anonymous")).connect();
    expect(await device.publish("state", "1", retained)).toBe(0x10);
  });
});

describe("what a publisher holds", () => {
  it("is told by the API, is deleted by publisher and by filter, and makes room [B120]", async () => {
    const namespace = "deleted";
    const api = apiOf(broker, { namespace });
    const [one, other] = [await deviceIn(namespace), await deviceIn(namespace)];
    const client = await one.connect();
    expect(await fill(client, "one")).toBe(15);
    await (await other.connect()).publish("other", "x", retained);
    await api.call("POST", "/publish", { topic: "api", payload: "x", retain: true });
    const anonymous = await connect(namespaceOf(namespace));
    await anonymous.publish("nobody", "x", retained);

    const { body: list } = await api.call("GET", "/retained");
    const publishers = Object.fromEntries(
      list.items.map(({ topic, publisher }: { topic: string; publisher: string }) => [topic.split("/")[0], publisher]),
    );
    expect(publishers).toEqual({
      one: one.publisher,
      other: other.publisher,
      api: "api",
      nobody: `anonymous/${anonymous.clientId}`,
    });
    const { body: ofOther } = await api.call("GET", `/retained?publisher=${encodeURIComponent(other.publisher)}`);
    expect(ofOther.items).toMatchObject([{ topic: "other" }]);
    const { body: stats } = await api.call("GET", "/stats");
    expect(stats.retained).toMatchObject({
      messages: 18,
      publishers: [{ publisher: one.publisher, messages: 15 }, {}, {}, {}],
    });

    const { body: byFilter } = await api.call("POST", "/retained/delete", {
      filter: "one/+",
      publisher: other.publisher,
    });
    expect(byFilter).toEqual({ deleted: 0, next: null });
    const { body: deleted } = await api.call("POST", "/retained/delete", { publisher: one.publisher });
    expect(deleted).toEqual({ deleted: 15, next: null });
    expect(await client.publish("one/again", "x", retained)).toBe(0x10);
    expect((await api.call("POST", "/retained/delete", { filter: "#" })).body.deleted).toBe(4);
  });

  it.each([{}, { filter: "a#" }, { publisher: 1 }, { filter: "#", after: "!" }])(
    "is not deleted by %j",
    async (body) => {
      expect((await apiOf(broker).call("POST", "/retained/delete", body)).status).toBe(400);
    },
  );
});

it("the sessions of one identity leave memory for the subscriptions of others [B123]", async () => {
  const [hostile, victim] = [await deviceIn("subscriptions"), await deviceIn("subscriptions")];
  const durable = { properties: { sessionExpiryInterval: 600 } };
  const attackers = await Promise.all(Array.from({ length: 3 }, () => hostile.connect(durable)));
  let granted = 0;
  for (const [index, attacker] of attackers.entries()) {
    // A hundred levels are about 28 KiB.
    const filters = ["a", "b"].map((name) => `${name}${index}${"/x".repeat(99)}`);
    const { granted: codes } = await attacker.subscribe(filters);
    granted += (codes as number[]).filter((code) => code < 0x80).length;
  }
  expect(granted).toBe(1);
  const other = await victim.connect();
  expect((await other.subscribe(["home/+/state", "home/+/set"])).granted).toEqual([0, 0]);
  await broker.restart();
  const again = await hostile.connect();
  expect((await again.subscribe(`z${"/x".repeat(99)}`)).granted).toEqual([0x97]);
});

it("what was counted is counted the same after a restart of the server", async () => {
  const device = await deviceIn("restart");
  expect(await fill(await device.connect(), "own")).toBe(15);
  await broker.restart();
  const again = await device.connect();
  expect(await again.publish("more", "x", retained)).toBe(0x97);
  expect(await again.publish("own/0", "", retained)).toBe(0x10);
  expect(await again.publish("more", "x", retained)).toBe(0x10);
});

describe("a device that makes sessions under ever new names", () => {
  const stored = { properties: { sessionExpiryInterval: 600 } };

  it("has its share of them; the next ends with 0x97, and others connect as before [B124]", async () => {
    const [hostile, victim] = [await deviceIn("sessions"), await deviceIn("sessions")];
    const names = Array.from({ length: 15 }, () => unique("bot"));
    for (const clientId of names) await (await hostile.connect({ ...stored, clientId })).disconnect();
    const next = await hostile.connect(stored);
    expect(await next.receive({ cmd: "disconnect" })).toMatchObject({
      reasonCode: 0x97,
      properties: { reasonString: expect.stringContaining("MAXIMUM_SESSIONS") },
    });
    await next.closed();
    const api = apiOf(broker, { namespace: "sessions" });
    expect((await api.call("GET", `/clients/${next.clientId}`)).status).toBe(404);
    const old = await hostile.connect({ ...stored, clientId: names[0] as string, clean: false });
    expect(old.connack.sessionPresent).toBe(true);
    await (await victim.connect(stored)).ping();
    await old.ping();
    const line = lines.find((each) => each.includes("a shared limit is reached, namespace sessions"));
    expect(line).toContain(`holder ${hostile.publisher}`);
  });

  it("has its share of what waits in them; other queues grow as before [B125]", async () => {
    const [hostile, victim] = [await deviceIn("queues"), await deviceIn("queues")];
    const away = async ({ connect: connectDevice }: typeof hostile, topic: string) => {
      const client = await connectDevice({ ...stored, clientId: unique("away") });
      await client.subscribe(topic, { qos: 1 });
      await client.disconnect();
      return client.clientId;
    };
    for (let count = 0; count < 3; count += 1) await away(hostile, "hostile");
    await away(victim, "victim");
    const publisher = await victim.connect();
    const payload = Buffer.alloc(20_000);
    let taken = 0;
    while ((await publisher.publish("hostile", payload, { qos: 1 })) < 0x80) taken += 1;
    // Three queues with 300,000 bytes together are 5 messages each; what was not told yet comes beside.
    expect(taken).toBeGreaterThanOrEqual(4);
    expect(taken).toBeLessThan(60);
    expect(await publisher.publish("victim", payload, { qos: 1 })).toBe(0);
  });
});
