// /clients: seen, disconnected and deleted.

import { describe, expect, it } from "vitest";
import { adminToken, apiOf } from "../support/api.ts";
import { useBroker } from "../support/broker.ts";
import { connect, durable, unique } from "../support/connect.ts";
import { makeCredential } from "../support/credentials.ts";

const addressHeader = "CF-Connecting-IP";
const broker = useBroker({ variables: { ADMIN_TOKEN: adminToken, CLIENT_ADDRESS_HEADER: addressHeader } });
const api = apiOf(broker);
const pathOf = (clientId: string) => `/clients/${encodeURIComponent(clientId)}`;

/** The directory hears of a client a moment after it. */
async function listed(clientId: string, query = ""): Promise<{ clientId: string; connected: boolean }> {
  return await expect
    .poll(async () => {
      const { body } = await api.call("GET", `/clients?limit=1000${query}`);
      return body.items.find((item: { clientId: string }) => item.clientId === clientId);
    })
    .toBeDefined()
    .then(async () => {
      const { body } = await api.call("GET", `/clients?limit=1000${query}`);
      return body.items.find((item: { clientId: string }) => item.clientId === clientId);
    });
}

describe("GET /clients", () => {
  it("lists who is connected and who is away, and either alone", async () => {
    const here = unique("here");
    const away = unique("away");
    await connect(broker.tcp, { clientId: here, version: 4 });
    await (await connect(broker.tcp, { clientId: away, ...durable() })).end();
    expect(await listed(here)).toMatchObject({ connected: true, protocolVersion: 4, identity: "anonymous" });
    await expect.poll(() => listed(away)).toMatchObject({ connected: false, protocolVersion: 5 });
    const ids = async (query: string) => {
      const { body } = await api.call("GET", `/clients?limit=1000&connected=${query}`);
      return body.items.map(({ clientId }: { clientId: string }) => clientId);
    };
    expect(await ids("true")).toContain(here);
    expect(await ids("true")).not.toContain(away);
    expect(await ids("false")).toContain(away);
    expect(await ids("false")).not.toContain(here);
  });

  it("says whose client each is, where it connects from, and what waits for it", async () => {
    const username = unique("owner");
    const { credential, login } = await makeCredential(broker, { username, name: "Cocina" });
    const headers = { [addressHeader]: "192.0.2.7" };
    for (const url of [broker.ws, broker.wsNative(`${username}-native`)]) {
      const clientId = url === broker.ws ? `${username}-relayed` : `${username}-native`;
      const client = await connect(url, { ...login, ...durable(), clientId, headers });
      const identity = `credential/${credential.id}`;
      const owned = { identity, username, name: "Cocina", address: "192.0.2.7", queuedMessages: 0 };
      expect(await listed(clientId)).toMatchObject({ ...owned, connected: true });
      const { connection } = (await api.call("GET", pathOf(clientId))).body;
      expect(connection.clientAddress).toBe("192.0.2.7");
      await client.subscribe(clientId, { qos: 1 });
      await client.end();
      for (let count = 0; count < 10; count += 1) {
        await api.call("POST", "/publish", { topic: clientId, payload: "x", qos: 1 });
      }
      await expect.poll(() => listed(clientId)).toMatchObject({ ...owned, connected: false, queuedMessages: 10 });
    }
    const anonymous = unique("anonymous");
    await connect(broker.tcp, { clientId: anonymous });
    expect(await listed(anonymous)).toMatchObject({ username: null, name: null, address: null, queuedMessages: 0 });
  });

  it("finds clients by identifier, and by username and name of their credential, page by page", async () => {
    const word = unique("wort");
    const { login } = await makeCredential(broker, { username: unique("owner"), name: `Küche ${word}` });
    const clientIds = [unique("by-name"), `${unique("x")}-${word}`, `${unique("y")}-${word.toUpperCase()}`].sort();
    for (const clientId of clientIds) {
      await connect(broker.ws, { ...(clientId.includes("by-name") ? login : {}), clientId });
      await listed(clientId);
    }
    const search = async (text: string, rest = "") => {
      const query = new URLSearchParams({ search: text });
      const { body } = await api.call("GET", `/clients?${query}${rest}`);
      return { ids: body.items.map(({ clientId }: { clientId: string }) => clientId), next: body.next };
    };
    expect(await search(word)).toEqual({ ids: clientIds, next: null });
    expect((await search(`KUCHE ${word}`)).ids).toEqual(clientIds.filter((clientId) => clientId.includes("by-name")));
    const first = await search(word, "&limit=2");
    expect(first.ids).toEqual(clientIds.slice(0, 2));
    expect((await search(word, `&limit=2&after=${first.next}`)).ids).toEqual(clientIds.slice(2));
    expect((await search(word, "&connected=false")).ids).toEqual([]);
    expect((await search(word, "&connected=true")).ids).toEqual(clientIds);
    expect((await search(unique("nobody"))).ids).toEqual([]);
  });

  it("comes in pages, each client once", async () => {
    const prefix = unique("page");
    const clientIds = Array.from({ length: 7 }, (_, index) => `${prefix}-ä/${index}`);
    for (const clientId of clientIds) await connect(broker.tcp, { clientId });
    for (const clientId of clientIds) await listed(clientId);
    const seen: string[] = [];
    let after: string | null = "";
    while (after !== null) {
      const { body }: { body: { items: { clientId: string }[]; next: string | null } } = await api.call(
        "GET",
        `/clients?limit=3${after === "" ? "" : `&after=${after}`}`,
      );
      expect(body.items.length).toBeLessThanOrEqual(3);
      seen.push(...body.items.map(({ clientId }) => clientId));
      after = body.next;
    }
    expect(seen.filter((clientId) => clientId.startsWith(prefix))).toEqual(clientIds);
    expect(new Set(seen).size).toBe(seen.length);
  });

  it.each(["limit=0", "limit=1001", "limit=x", "after=%7B", "after=bm8", "connected=1", "limt=5"])(
    "refuses %s",
    async (query) => {
      expect((await api.call("GET", `/clients?${query}`)).status).toBe(400);
    },
  );
});

describe("GET /clients/{clientId}", () => {
  it("tells of a connected client", async () => {
    const clientId = unique("a/b %41?é");
    const client = await connect(broker.wsNative(clientId), { clientId, keepalive: 30 });
    await client.subscribe("api/clients/#", { qos: 1 });
    await client.subscribe("$share/group/api", { qos: 2 });
    const { status, body } = await api.call("GET", pathOf(clientId));
    expect(status).toBe(200);
    expect(body).toMatchObject({
      clientId,
      connected: true,
      connection: { protocolVersion: 5, keepAliveSec: 30, address: "native" },
      disconnectedSince: null,
      queue: { messages: 0, bytes: 0 },
    });
    expect(body.subscriptions).toMatchObject([
      { topicFilter: "api/clients/#", qos: 1, shared: false },
      { topicFilter: "$share/group/api", qos: 2, shared: true },
    ]);
  });

  it("tells of one that is away, and of its queue", async () => {
    const clientId = unique("away");
    const topic = unique("api/queue");
    const away = await connect(broker.tcp, { clientId, ...durable() });
    await away.subscribe(topic, { qos: 1 });
    await away.end();
    for (const payload of ["1", "22"]) await api.call("POST", "/publish", { topic, payload, qos: 1 });
    const { body } = await api.call("GET", pathOf(clientId));
    expect(body).toMatchObject({
      connected: false,
      connection: null,
      expirySec: 600,
      inFlightMessages: 0,
      queue: { messages: 2 },
    });
    expect(Date.parse(body.expiresAt) - Date.parse(body.disconnectedSince)).toBe(600_000);
  });

  it("tells what is in flight", async () => {
    const clientId = unique("slow");
    const topic = unique("api/flight");
    const client = await connect(broker.tcp, { clientId, properties: { receiveMaximum: 1 } });
    await client.subscribe(topic, { qos: 1 });
    for (const payload of ["1", "2"]) await api.call("POST", "/publish", { topic, payload, qos: 1 });
    const { body } = await api.call("GET", pathOf(clientId));
    expect(body).toMatchObject({ inFlightMessages: 1, queue: { messages: 2 }, connection: { address: "relayed" } });
  });

  it.each(["nobody", "a".repeat(300), "%00", "%2F"])("answers 404 for %j", async (encoded) => {
    const { status, body } = await api.call("GET", `/clients/${encoded}`);
    expect([status, body.error.code]).toEqual([404, "not-found"]);
  });
});

describe("POST /clients/{clientId}/disconnect", () => {
  it("is reported to the client as 0x98, and the session stays", async () => {
    const clientId = unique("kicked");
    const client = await connect(broker.tcp, { clientId, ...durable() });
    expect((await api.call("POST", `${pathOf(clientId)}/disconnect`)).status).toBe(204);
    await client.receive({ cmd: "disconnect", reasonCode: 0x98 });
    await client.closed();
    expect((await api.call("GET", pathOf(clientId))).body.connected).toBe(false);
    const again = await api.call("POST", `${pathOf(clientId)}/disconnect`);
    expect([again.status, again.body.error.code]).toEqual([404, "not-connected"]);
    expect((await connect(broker.tcp, { clientId, ...durable() })).connack.sessionPresent).toBe(true);
  });

  it("has its Will published", async () => {
    const clientId = unique("kicked");
    const topic = unique("api/will");
    const witness = await connect(broker.tcp);
    await witness.subscribe(topic, { qos: 1 });
    await connect(broker.tcp, { clientId, will: { topic, payload: Buffer.from("gone"), qos: 1, retain: false } });
    await api.call("POST", `${pathOf(clientId)}/disconnect`);
    await witness.message({ topic });
  });
});

describe("DELETE /clients/{clientId}", () => {
  it("ends the session of a connected client, which is told 0x98", async () => {
    const clientId = unique("deleted");
    const topic = unique("api/deleted");
    const client = await connect(broker.tcp, { clientId, ...durable() });
    await client.subscribe(topic, { qos: 1 });
    expect((await api.call("DELETE", pathOf(clientId))).status).toBe(204);
    await client.receive({ cmd: "disconnect", reasonCode: 0x98 });
    expect((await api.call("GET", pathOf(clientId))).status).toBe(404);
    expect((await api.call("DELETE", pathOf(clientId))).status).toBe(404);
    await expect
      .poll(async () => (await api.call("POST", "/publish", { topic, payload: "x", qos: 1 })).body)
      .toEqual({ matched: false });
    expect((await connect(broker.tcp, { clientId, ...durable() })).connack.sessionPresent).toBe(false);
  });

  it("ends one whose client is away, and its queue with it", async () => {
    const clientId = unique("deleted");
    const topic = unique("api/deleted");
    const away = await connect(broker.tcp, { clientId, ...durable() });
    await away.subscribe(topic, { qos: 1 });
    await away.end();
    await api.call("POST", "/publish", { topic, payload: "x", qos: 1 });
    expect((await api.call("DELETE", pathOf(clientId))).status).toBe(204);
    const back = await connect(broker.tcp, { clientId, ...durable() });
    expect(back.connack.sessionPresent).toBe(false);
    await back.expectNothingMore();
    await expect
      .poll(async () => (await api.call("GET", "/clients?limit=1000&connected=false")).body.items)
      .not.toContainEqual(expect.objectContaining({ clientId }));
  });
});
