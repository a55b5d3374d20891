// Who may call the API: every operation of its document, with no, wrong and under-scoped tokens.

import { describe, expect, it } from "vitest";
import { adminToken, apiOf, operationsOf } from "../support/api.ts";
import { useBroker } from "../support/broker.ts";
import { connect, unique } from "../support/connect.ts";

const log: string[] = [];
const variables = { ADMIN_TOKEN: adminToken, CLIENT_ADDRESS_HEADER: "CF-Connecting-IP" };
const broker = useBroker({ variables, log: (line) => log.push(line) });

/** Each try comes from an address of its own: wrong tokens are counted. */
let addresses = 0;
function fromSomewhere(): Record<string, string> {
  addresses += 1;
  return { "CF-Connecting-IP": `192.0.2.${addresses % 256}` };
}

const openOperations = ["GET /health"];

describe("every operation", () => {
  it("but health takes a token: none is answered 401, which names the scheme", async () => {
    for (const { method, path } of await operationsOf(broker)) {
      if (openOperations.includes(`${method} ${path}`)) continue;
      const { status, headers, body } = await apiOf(broker, { token: undefined }).call(method, path, undefined);
      expect([status, body.error.code], `${method} ${path}`).toEqual([401, "no-token"]);
      expect(headers.get("WWW-Authenticate")).toMatch(/^Bearer realm=/);
    }
  });

  it.each([
    ["wrong", `dmq_${"w".repeat(43)}`],
    ["none of ours", "wrong-token-of-the-tests"],
    ["the start of the right one", adminToken.slice(0, -1)],
    ["the right one and more", `${adminToken}x`],
    ["very long", "x".repeat(1000)],
  ])("refuses a token that is %s with 401", async (_, token) => {
    for (const { method, path } of await operationsOf(broker)) {
      if (openOperations.includes(`${method} ${path}`)) continue;
      const { status, headers, body } = await apiOf(broker, { token }).call(method, path, undefined, fromSomewhere());
      expect([status, body.error.code], `${method} ${path}`).toEqual([401, "wrong-token"]);
      expect(headers.get("WWW-Authenticate")).toContain("invalid_token");
    }
  });

  it.each([adminToken, `Basic ${adminToken}`, "Bearer", "Bearer a b", `Bearer ${"x".repeat(1001)}`])(
    "takes no header but Bearer: not %j",
    async (header) => {
      const headers = { Authorization: header };
      const { status } = await apiOf(broker, { token: undefined }).call("GET", "/clients", undefined, headers);
      expect(status).toBe(401);
    },
  );

  it("takes the scheme in any case, and its token in the header alone", async () => {
    const client = apiOf(broker, { token: undefined });
    const headers = { Authorization: `bEARER ${adminToken}` };
    expect((await client.call("GET", "/clients", undefined, headers)).status).toBe(200);
    const response = await fetch(`${broker.http}/api/v1/clients?token=${adminToken}&access_token=${adminToken}`);
    expect(response.status).toBe(401);
  });

  it("must not be cached", async () => {
    const answer = await apiOf(broker).call("GET", "/clients");
    expect(answer.headers.get("Cache-Control")).toBe("no-store");
  });
});

describe("wrong tokens", () => {
  it("are limited by address: 429 from the hundred and first in a minute, and ADMIN_TOKEN still goes", async () => {
    const headers = { "CF-Connecting-IP": "2001:db8::1" };
    const wrong = apiOf(broker, { token: `dmq_${"x".repeat(43)}` });
    const statuses: number[] = [];
    for (let tries = 0; tries < 101; tries += 1) {
      statuses.push((await wrong.call("GET", "/clients", undefined, headers)).status);
    }
    expect(statuses.slice(0, 100).every((status) => status === 401)).toBe(true);
    expect(statuses[100]).toBe(429);
    const neighbour = { "CF-Connecting-IP": "2001:db8::2" };
    expect((await wrong.call("GET", "/clients", undefined, neighbour)).headers.get("Retry-After")).toBe("60");
    expect((await wrong.call("GET", "/clients", undefined, fromSomewhere())).status).toBe(401);
    expect((await apiOf(broker).call("GET", "/clients", undefined, headers)).status).toBe(200);
  });
});

describe("300 wrong tokens", () => {
  const local = useBroker({ variables: { ADMIN_TOKEN: adminToken } });

  it("from the same address put no right token off, also one that was never seen or is just made [B142]", async () => {
    const made = async () => (await apiOf(local).call("POST", "/tokens", { scopes: ["clients:read"] })).body.token;
    const [seen, unseen] = [await made(), await made()];
    const statusOf = async (token: string) => {
      const response = await fetch(`${local.http}/api/v1/clients`, { headers: { Authorization: `Bearer ${token}` } });
      await response.arrayBuffer();
      return response.status;
    };
    expect(await statusOf(seen)).toBe(200);
    const statuses = new Map<number, number>();
    const wrong = async (index: number) => {
      const token = index % 2 === 0 ? `dmq_${String(index).padStart(43, "x")}` : `some-other-token-${index}`;
      const status = await statusOf(token);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    };
    for (let index = 0; index < 300; index += 50) {
      await Promise.all(Array.from({ length: 50 }, (_, offset) => wrong(index + offset)));
      expect(await statusOf(seen)).toBe(200);
    }
    expect([...statuses.keys()].sort()).toEqual([401, 429]);
    expect(statuses.get(429)).toBeGreaterThan(140);
    expect([await statusOf(unseen), await statusOf(await made()), await statusOf(adminToken)]).toEqual([200, 200, 200]);
  }, 60_000);

  it("do not keep a deleted one alive, nor let it into another namespace [B142]", async () => {
    const { id, token } = (await apiOf(local).call("POST", "/tokens", { scopes: ["clients:read"] })).body;
    expect((await apiOf(local, { token, namespace: "other" }).call("GET", "/clients")).status).not.toBe(200);
    expect((await apiOf(local, { token }).call("GET", "/clients")).status).toBe(200);
    await apiOf(local).call("DELETE", `/tokens/${id}`);
    expect((await apiOf(local, { token }).call("GET", "/clients")).status).not.toBe(200);
  });
});

describe("wrong tokens where a client could write its address itself", () => {
  const local = useBroker({ variables: { ADMIN_TOKEN: adminToken } });
  it("are limited all the same", async () => {
    const wrong = apiOf(local, { token: `dmq_${"x".repeat(43)}` });
    for (let tries = 0; tries < 100; tries += 1) await wrong.call("GET", "/clients", undefined, fromSomewhere());
    expect((await wrong.call("GET", "/clients", undefined, fromSomewhere())).status).toBe(429);
  });
});

describe("without ADMIN_TOKEN", () => {
  const closed = useBroker();
  it("every operation but health is answered 503, and says what to set", async () => {
    for (const { method, path } of await operationsOf(closed)) {
      const { status, body } = await apiOf(closed, { token: "anything-at-all" }).call(method, path);
      if (openOperations.includes(`${method} ${path}`)) {
        expect(status).toBe(200);
        continue;
      }
      expect([status, body.error.code], `${method} ${path}`).toEqual([503, "api-not-set-up"]);
      expect(body.error.message).toContain("npx wrangler secret put ADMIN_TOKEN");
    }
    expect((await fetch(`${closed.http}/api/v1/openapi.json`)).status).toBe(200);
  });
});

describe("namespaces", () => {
  it("share nothing: clients, retained messages, messages", async () => {
    const clientId = unique("namespaced");
    const topic = unique("namespaced");
    const here = apiOf(broker, { namespace: "one" });
    const there = apiOf(broker, { namespace: "two" });
    const client = await connect(`${broker.http.replace("http", "ws")}/ns/one/mqtt`, { clientId });
    const stranger = await connect(`${broker.http.replace("http", "ws")}/ns/two/mqtt`, { clientId });
    const inDefault = await connect(broker.ws, { clientId });
    for (const subscriber of [client, stranger, inDefault]) await subscriber.subscribe(topic, { qos: 1 });
    await here.call("POST", "/publish", { topic, payload: "x", qos: 1, retain: true });
    await client.message({ topic });
    await stranger.expectNothingMore();
    await inDefault.expectNothingMore();
    expect((await here.call("GET", `/retained/${topic}`)).status).toBe(200);
    for (const other of [there, apiOf(broker)]) {
      expect((await other.call("GET", `/retained/${topic}`)).status).toBe(404);
      expect((await other.call("GET", "/retained")).body.items).toEqual([]);
    }
    await here.call("DELETE", `/clients/${clientId}`);
    await client.receive({ cmd: "disconnect" });
    expect((await there.call("GET", `/clients/${clientId}`)).body.connected).toBe(true);
    expect((await apiOf(broker, { namespace: "default" }).call("GET", `/clients/${clientId}`)).status).toBe(200);
  });

  it("have names that need no encoding", async () => {
    expect((await fetch(`${broker.http}/ns/a%2Fb/api/v1/health`)).status).toBe(404);
    expect((await fetch(`${broker.http}/ns/${"a".repeat(65)}/api/v1/health`)).status).toBe(404);
  });
});

describe("the log", () => {
  it("has no token, payload or topic in it, whatever fails", async () => {
    const secrets = ["secret-payload-1", "secret-topic-2", "secret-token-of-somebody"];
    const api = apiOf(broker);
    await api.call("POST", "/publish", { topic: "secret-topic-2", payload: "secret-payload-1" });
    await api.call("POST", "/publish", '{"payload": "secret-payload-1", ');
    await api.call("GET", "/retained/secret-topic-2");
    await apiOf(broker, { token: "secret-token-of-somebody" }).call("GET", "/clients", undefined, fromSomewhere());
    for (const secret of [...secrets, adminToken]) {
      expect(log.filter((line) => line.includes(secret))).toEqual([]);
    }
  });
});
