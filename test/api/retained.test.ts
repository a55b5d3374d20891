// /retained: listed by filter and page, read and deleted, whatever a topic looks like.

import { describe, expect, it } from "vitest";
import { adminToken, apiOf } from "../support/api.ts";
import { useBroker } from "../support/broker.ts";
import { connect, unique } from "../support/connect.ts";

const broker = useBroker({ variables: { ADMIN_TOKEN: adminToken, TOPIC_SHARDS: "3", TOPIC_EPOCH: "3" } });
const api = apiOf(broker);

function retain(topic: string, payload = "x", more: object = {}) {
  return api.call("POST", "/publish", { topic, payload, retain: true, qos: 1, ...more });
}

/** The topics of all pages, with how many items each page had. */
async function topicsOf(query: string, limit = 100): Promise<{ topics: string[]; sizes: number[] }> {
  const topics: string[] = [];
  const sizes: number[] = [];
  let after: string | null = null;
  do {
    const cursor: string = after === null ? "" : `&after=${after}`;
    const { body } = await api.call("GET", `/retained?${query}&limit=${limit}${cursor}`);
    topics.push(...body.items.map(({ topic }: { topic: string }) => topic));
    sizes.push(body.items.length);
    after = body.next;
  } while (after !== null);
  return { topics, sizes };
}

describe("GET /retained", () => {
  it("lists what a filter matches, of all topic objects, each once", async () => {
    const prefix = unique("list");
    const names = Array.from({ length: 20 }, (_, index) => `${prefix}/${index}/ä`);
    for (const name of [...names, `${prefix}/0/other`, `${prefix}`]) await retain(name);
    const { topics, sizes } = await topicsOf(`filter=${encodeURIComponent(`${prefix}/+/ä`)}`, 3);
    expect(topics.toSorted()).toEqual(names.toSorted());
    expect(Math.max(...sizes)).toBe(3);
    expect((await topicsOf(`filter=${encodeURIComponent(`${prefix}/#`)}`)).topics).toHaveLength(22);
    expect((await topicsOf(`filter=${encodeURIComponent(names[3] ?? "")}`)).topics).toEqual([names[3]]);
    expect((await topicsOf("")).topics).toEqual(expect.arrayContaining(names));
  });

  it("ends a page after a megabyte", async () => {
    const prefix = unique("large");
    for (const name of ["a", "b", "c", "d"]) await retain(`${prefix}/${name}`, "x".repeat(600_000));
    const { topics, sizes } = await topicsOf(`filter=${prefix}/%23`);
    expect(topics).toHaveLength(4);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(2);
  });

  it("shows topics that begin with $ only if they are asked for", async () => {
    const topic = unique("$odd/x");
    await retain(topic);
    expect((await topicsOf("filter=%23")).topics).not.toContain(topic);
    expect((await topicsOf("")).topics).toContain(topic);
    expect((await topicsOf(`filter=${encodeURIComponent(`${topic.split("/")[0]}/+`)}`)).topics).toEqual([topic]);
  });

  it.each(["a%23", "%24share/g/a", "", "a/%2B%2B"])("refuses the filter %j", async (filter) => {
    const { status, body } = await api.call("GET", `/retained?filter=${filter}`);
    expect([status, body.error.code]).toEqual([400, "invalid-filter"]);
  });

  it.each(["WzEsMl0", "WyJhIixudWxsXQ", "!"])("refuses the cursor %s", async (cursor) => {
    const { status, body } = await api.call("GET", `/retained?after=${cursor}`);
    expect([status, body.error.code]).toEqual([400, "invalid-cursor"]);
  });
});

describe("a retained message", () => {
  it("is shown with its properties, and as Base64 where it is no text", async () => {
    const topic = unique("shown");
    const client = await connect(broker.tcp);
    const properties = { contentType: "x/y", userProperties: { a: ["1", "2"] }, correlationData: Buffer.from([1]) };
    await client.publish(topic, Buffer.from([0xff, 0]), { qos: 1, retain: true, properties });
    expect((await api.call("GET", `/retained/${topic}`)).body).toEqual({
      topic,
      payload: "/wA=",
      encoding: "base64",
      qos: 1,
      expiresAt: null,
      contentType: "x/y",
      responseTopic: null,
      correlationData: "AQ==",
      userProperties: [
        ["a", "1"],
        ["a", "2"],
      ],
      publisher: `anonymous/${client.clientId}`,
      retainedAt: expect.any(String),
    });
  });

  it("says when it was retained, however often it is read [B175]", async () => {
    const topic = unique("when");
    const aroundMs = [Date.now()];
    await retain(topic);
    aroundMs.push(Date.now());
    const { body } = await api.call("GET", `/retained/${topic}`);
    expect(Date.parse(body.retainedAt)).toBeGreaterThanOrEqual(aroundMs[0] ?? 0);
    expect(Date.parse(body.retainedAt)).toBeLessThanOrEqual(aroundMs[1] ?? 0);
    expect((await api.call("POST", "/retained/read", { topic })).body).toEqual(body);
    expect((await api.call("GET", `/retained?filter=${topic}`)).body.items).toEqual([body]);
    await retain(topic);
    const again = await api.call("GET", `/retained/${topic}`);
    expect(Date.parse(again.body.retainedAt)).toBeGreaterThanOrEqual(aroundMs[1] ?? 0);
  });

  it("keeps a byte order mark, and shows when it expires", async () => {
    const topic = unique("shown");
    await retain(topic, "\ufeffa", { messageExpirySec: 1000 });
    const { body } = await api.call("GET", `/retained/${topic}`);
    expect([body.payload, body.encoding]).toEqual(["\ufeffa", "utf-8"]);
    const leftSec = (Date.parse(body.expiresAt) - Date.now()) / 1000;
    expect(leftSec).toBeGreaterThan(900);
    expect(leftSec).toBeLessThan(1100);
  });

  it.each([
    ["/", "%2F"],
    ["//a//", "%2F%2Fa%2F%2F"],
    ["a b%41%", "a%20b%2541%25"],
    ["a?b&c=d", "a%3Fb%26c%3Dd"],
    ["ä/日本/🙂", encodeURIComponent("ä/日本/🙂")],
    ["a/../b/.", encodeURIComponent("a/../b/.")],
    ["openapi.json", "openapi.json"],
    ["a\\b\tc", "a%5Cb%09c"],
    ["%2F", "%252F"],
  ])("of the topic %j is read and deleted", async (topic, encoded) => {
    await retain(topic, "odd");
    expect((await api.call("GET", `/retained/${encoded}`)).body).toMatchObject({ topic, payload: "odd" });
    expect((await api.call("DELETE", `/retained/${encoded}`)).status).toBe(204);
    expect((await api.call("GET", `/retained/${encoded}`)).status).toBe(404);
    expect((await api.call("DELETE", `/retained/${encoded}`)).status).toBe(404);
  });

  it("is found with its slashes as they are", async () => {
    await retain("/raw//slashes/", "raw");
    expect((await api.call("GET", "/retained//raw//slashes/")).body.topic).toBe("/raw//slashes/");
    expect((await api.call("DELETE", "/retained//raw//slashes/")).status).toBe(204);
  });

  it("that is deleted goes to no new subscriber, and nobody else is told", async () => {
    const topic = unique("deleted");
    await retain(topic);
    const before = await connect(broker.tcp);
    await before.subscribe(topic, { qos: 1 });
    await before.message({ topic });
    await api.call("DELETE", `/retained/${topic}`);
    await before.expectNothingMore();
    const after = await connect(broker.tcp);
    await after.subscribe(topic, { qos: 1 });
    await after.expectNothingMore();
  });

  it.each(["none", "a%2B", "%23", "%00"])("that is not there: %s is answered 404", async (encoded) => {
    expect((await api.call("GET", `/retained/${encoded}`)).status).toBe(404);
    expect((await api.call("DELETE", `/retained/${encoded}`)).status).toBe(404);
  });
});
