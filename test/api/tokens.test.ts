// API tokens: what each scope opens, in its own namespace and nowhere else.

import { describe, expect, it } from "vitest";
import { adminToken, apiOf, operationsOf } from "../support/api.ts";
import { useBroker } from "../support/broker.ts";

const log: string[] = [];
const broker = useBroker({ variables: { ADMIN_TOKEN: adminToken }, log: (line) => log.push(line) });
const admin = apiOf(broker);
const scopes = [
  "publish",
  "clients:read",
  "clients:write",
  "retained:read",
  "retained:write",
  "credentials:read",
  "credentials:write",
  "stats:read",
];

async function tokenWith(...scopes: string[]): Promise<{ id: string; token: string }> {
  const { status, body } = await admin.call("POST", "/tokens", { name: "test", scopes });
  expect(status).toBe(201);
  return body;
}

describe("an API token", () => {
  it("is refused with 403 wherever it lacks the scope, which is named", async () => {
    for (const scope of scopes) {
      const { token } = await tokenWith(...scopes.filter((other) => other !== scope));
      for (const operation of await operationsOf(broker)) {
        if (operation.scope !== scope) continue;
        const { status, body } = await apiOf(broker, { token }).call(operation.method, operation.path);
        expect([status, body.error.code], `${operation.method} ${operation.path}`).toEqual([403, "insufficient-scope"]);
        expect(body.error.message).toContain(scope);
      }
    }
  });

  it("goes where it has the scope", async () => {
    const { token } = await tokenWith(...scopes);
    const asked = new Set<string>();
    for (const { method, path, scope } of await operationsOf(broker)) {
      if (!scopes.includes(scope)) continue;
      const { status } = await apiOf(broker, { token }).call(method, path);
      expect([200, 400, 404], `${method} ${path}`).toContain(status);
      asked.add(scope);
    }
    expect([...asked].toSorted()).toEqual(scopes.toSorted());
  });

  it("with every scope can make, see and delete no API tokens", async () => {
    const { id, token } = await tokenWith(...scopes);
    const client = apiOf(broker, { token });
    for (const [method, path] of [
      ["POST", "/tokens"],
      ["GET", "/tokens"],
      ["DELETE", `/tokens/${id}`],
    ] as const) {
      const { status, body } = await client.call(method, path);
      expect([status, body.error.code]).toEqual([403, "admin-only"]);
    }
  });

  it("cannot be given what is for ADMIN_TOKEN, or nothing at all", async () => {
    for (const scopes of [["tokens:write"], ["publish", "admin"], [], undefined]) {
      expect((await admin.call("POST", "/tokens", { scopes })).status).toBe(400);
    }
  });

  it("for webhooks publishes, and does nothing else", async () => {
    const { token } = await tokenWith("publish");
    const client = apiOf(broker, { token });
    expect((await client.call("POST", "/publish", { topic: "a", payload: "x" })).status).toBe(200);
    for (const { method, path, scope } of await operationsOf(broker)) {
      if (scope === "publish" || scope === "open") continue;
      expect((await client.call(method, path)).status, `${method} ${path}`).toBe(403);
    }
  });

  it("is good for nothing once it is deleted", async () => {
    const { id, token } = await tokenWith("clients:read");
    const client = apiOf(broker, { token });
    expect((await client.call("GET", "/clients")).status).toBe(200);
    expect((await admin.call("DELETE", `/tokens/${id}`)).status).toBe(204);
    expect((await client.call("GET", "/clients")).status).toBe(401);
    expect((await admin.call("DELETE", `/tokens/${id}`)).status).toBe(404);
  });

  it("of one namespace is nothing in another", async () => {
    const { token } = await tokenWith(...scopes);
    for (const { method, path, scope } of await operationsOf(broker)) {
      if (scope === "open") continue;
      const { status } = await apiOf(broker, { namespace: "other", token }).call(method, path);
      expect(status, `${method} ${path}`).toBe(401);
    }
  });

  it("is told once, and listed without it, page by page", async () => {
    const made = [await tokenWith("publish"), await tokenWith("publish"), await tokenWith("stats:read")];
    const listed: { id: string }[] = [];
    let next: string | null = "";
    while (next !== null) {
      const { body }: { body: { items: { id: string }[]; next: string | null } } = await admin.call(
        "GET",
        `/tokens?limit=2${next === "" ? "" : `&after=${next}`}`,
      );
      listed.push(...body.items);
      next = body.next;
    }
    expect(listed.map(({ id }) => id)).toEqual(expect.arrayContaining(made.map(({ id }) => id)));
    for (const { token } of made) expect(JSON.stringify(listed)).not.toContain(token.slice(4));
    for (const { token } of made) expect(log.filter((line) => line.includes(token.slice(4)))).toEqual([]);
  });
});
