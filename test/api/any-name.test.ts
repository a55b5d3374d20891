// What the API answers it also takes: every topic and every client identifier that MQTT allows.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { adminToken, apiOf } from "../support/api.ts";
import { text, topicName } from "../support/arbitraries.ts";
import { useBroker } from "../support/broker.ts";
import { connect, durable, unique } from "../support/connect.ts";

const variables = { ADMIN_TOKEN: adminToken, TOPIC_SHARDS: "2", TOPIC_EPOCH: "2", MAXIMUM_CLIENT_ID_BYTES: "900" };
const broker = useBroker({ variables: { ...variables, MAXIMUM_TOPIC_LEVELS: "65535", MAXIMUM_SUBSCRIBE_RATE: "0" } });
const api = apiOf(broker);

/** What platforms take as an address, less what comes before a cursor. */
const maximumCursor = 16_000;

async function retain(topic: string): Promise<void> {
  const { status, body } = await api.call("POST", "/publish", { topic, payload: "x", retain: true, qos: 1 });
  expect([status, body?.error], topic.slice(0, 100)).toEqual([200, undefined]);
}

/** Page by page, each `next` in the address of the next request. */
async function listed(limit: number): Promise<string[]> {
  const topics: string[] = [];
  for (let next: string | null = ""; next !== null; ) {
    const after: string = next === "" ? "" : `&after=${next}`;
    const { status, body } = await api.call("GET", `/retained?limit=${limit}${after}`);
    expect(status).toBe(200);
    topics.push(...body.items.map(({ topic }: { topic: string }) => topic));
    next = body.next;
    expect(next?.length ?? 0).toBeLessThan(maximumCursor);
  }
  return topics;
}

async function deleteAll(topics: readonly string[]): Promise<void> {
  for (const topic of topics) {
    expect((await api.call("POST", "/retained/delete", { topic })).body).toEqual({ deleted: 1, next: null });
    expect((await api.call("POST", "/retained/read", { topic })).status).toBe(404);
    expect((await api.call("POST", "/retained/delete", { topic })).body).toEqual({ deleted: 0, next: null });
  }
}

describe("every topic that MQTT allows", () => {
  const level = "a".repeat(20_000);
  const long = ["b", "c", "d", "é"].map((last) => `${level}/${level}/${level}/${last}`);
  const odd = [
    ".",
    "..",
    "a/..",
    "./a",
    "/",
    "\u0001".repeat(65_535),
    "\u{1f600}".repeat(16_383),
    "\ufeff",
    "$share/g/a",
    " ",
  ];

  it("is listed, read and deleted: of 63,000 bytes, of dots, of control characters", async () => {
    const topics = [...odd, ...long];
    for (const topic of topics) await retain(topic);
    const all = await listed(1);
    expect([all.length, topics.every((topic) => all.includes(topic))]).toEqual([topics.length, true]);
    for (const topic of topics) {
      const { status, body } = await api.call("POST", "/retained/read", { topic });
      expect([status, body.topic === topic, body.payload]).toEqual([200, true, "x"]);
      if (topic.startsWith("$share")) continue;
      const { body: page } = await api.call("POST", "/retained/list", { filter: topic, limit: 1 });
      expect(page.items.map((item: { topic: string }) => item.topic === topic)).toEqual([true]);
    }
    await deleteAll(topics);
    expect(await listed(10)).toEqual([]);
  }, 300_000);

  it("is, whatever it is", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(topicName, { minLength: 1, maxLength: 6 }), async (names) => {
        const topics = names.filter((name) => !name.startsWith("$SYS"));
        for (const topic of topics) await retain(topic);
        expect((await listed(2)).toSorted()).toEqual(topics.toSorted());
        await deleteAll(topics);
      }),
      { numRuns: 5, endOnFailure: true },
    );
  }, 300_000);

  it("is a place to go on from, also when it has been deleted meanwhile and after a restart", async () => {
    for (const topic of long) await retain(topic);
    const { body: first } = await api.call("GET", "/retained?limit=1");
    await broker.restart();
    const { body: second } = await api.call("GET", `/retained?limit=1&after=${first.next}`);
    await deleteAll([first.items[0].topic, second.items[0].topic]);
    const rest: string[] = [first.items[0].topic, second.items[0].topic];
    for (let next = second.next; next !== null; ) {
      const { body } = await api.call("GET", `/retained?limit=1&after=${next}`);
      rest.push(...body.items.map(({ topic }: { topic: string }) => topic));
      next = body.next;
    }
    expect(long.every((topic) => rest.includes(topic))).toBe(true);
    await deleteAll(rest.slice(2));
  }, 300_000);
});

describe("every client identifier that MQTT allows", () => {
  async function expectHandled(clientId: string): Promise<void> {
    const client = await connect(broker.tcp, { ...durable(), clientId });
    const { body: session } = await api.call("POST", "/clients/read", { clientId });
    expect(session).toMatchObject({ clientId, connected: true });
    expect((await api.call("POST", "/clients/disconnect", { clientId })).status).toBe(204);
    await client.receiveUntil("disconnect");
    expect((await api.call("POST", "/clients/disconnect", { clientId })).status).toBe(404);
    expect((await api.call("POST", "/clients/delete", { clientId })).status).toBe(204);
    expect((await api.call("POST", "/clients/delete", { clientId })).status).toBe(404);
    expect((await api.call("POST", "/clients/read", { clientId })).status).toBe(404);
  }

  it.each([
    ["a dot", "."],
    ["two dots", ".."],
    ["with a slash", "a/b"],
    ["that looks encoded", "%2F"],
    ["of control characters", "\u0001".repeat(900)],
    ["of 900 bytes", "é".repeat(450)],
    ["of signs", "+#?&="],
    ["a blank", " "],
  ])("is looked at, disconnected and ended: %s", (_, clientId) => expectHandled(clientId));

  it("is, whatever it is", async () => {
    await fc.assert(
      fc.asyncProperty(
        text.filter((each) => each !== ""),
        expectHandled,
      ),
      { numRuns: 5, endOnFailure: true },
    );
  }, 300_000);

  it("is listed, page by page", async () => {
    const prefix = unique("listed");
    const names = ["\u0001".repeat(850), "é".repeat(400), "/", "..", "%"].map((end) => prefix + end);
    for (const clientId of names) await connect(broker.tcp, { clientId });
    const found: string[] = [];
    for (let next: string | null = ""; next !== null; ) {
      const after: string = next === "" ? "" : `&after=${next}`;
      const { body } = await api.call("GET", `/clients?limit=1${after}`);
      found.push(...body.items.map(({ clientId }: { clientId: string }) => clientId));
      next = body.next;
      expect(next?.length ?? 0).toBeLessThan(maximumCursor);
    }
    expect(found).toEqual(expect.arrayContaining(names));
  });
});

describe("what is no text", () => {
  const invalid = Buffer.from([0x7b, 0x22, 0x74, 0x6f, 0x70, 0x69, 0x63, 0x22, 0x3a, 0x22, 0xff, 0x22, 0x7d]);

  it.each<[string, string, Buffer | string]>([
    ["bytes that are no UTF-8", "/publish", invalid],
    ["half of a surrogate pair", "/publish", '{"topic":"\\ud800","payload":""}'],
    ["bytes that are no UTF-8, in another call", "/retained/read", invalid],
  ])("in a body is answered 400 and changes nothing: %s", async (_, path, body) => {
    const headers = { Authorization: `Bearer ${adminToken}`, "Content-Type": "application/json" };
    const response = await fetch(`${broker.http}/api/v1${path}`, { method: "POST", headers, body: body as string });
    const { error } = (await response.json()) as { error: { code: string } };
    expect([response.status, error.code]).toEqual([400, "invalid-text"]);
  });

  it.each(["/retained?filter=%ff", "/retained?filter=a%"])("in a query is answered 400: %s", async (path) => {
    const { status, body } = await api.call("GET", path);
    expect([status, body.error.code]).toEqual([400, "invalid-query"]);
  });
});
