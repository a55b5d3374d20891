// /credentials: made, shown, changed and taken away, and what clients can do with them.

import { describe, expect, it } from "vitest";
import { adminToken, apiOf } from "../support/api.ts";
import { useBroker } from "../support/broker.ts";
import { connect, connectPacket, durable, unique } from "../support/connect.ts";
import { Conversation } from "../support/conversation.ts";

const broker = useBroker({ variables: { ADMIN_TOKEN: adminToken, ALLOW_ANONYMOUS: "0" } });
const api = apiOf(broker);
const everything = { publish: { allow: ["#"] }, subscribe: { allow: ["#"] } };

async function make(fields: object = {}) {
  const { status, body } = await api.call("POST", "/credentials", {
    username: unique("user"),
    rules: everything,
    ...fields,
  });
  expect(status).toBe(201);
  return body;
}

/** CONNACK's reason code. */
async function connackTo(username: string, password: string, url = broker.ws): Promise<number | undefined> {
  const conversation = await Conversation.open(url);
  conversation.send(connectPacket({ username, password: Buffer.from(password) }));
  const { reasonCode } = await conversation.receive({ cmd: "connack" });
  return reasonCode;
}

function connectAs(username: string, password: string, options = {}) {
  return connect(broker.ws, { username, password: Buffer.from(password), ...options });
}

describe("POST /credentials", () => {
  it("generates a token that lets a client in, and tells it once", async () => {
    const { id, username, token, ...rest } = await make({ name: "Hall" });
    expect(token).toMatch(/^dmq_[\w-]{43}$/);
    expect(rest).toMatchObject({
      identity: `credential/${id}`,
      kind: "token",
      name: "Hall",
      enabled: true,
      maximumClients: null,
      expiresAt: null,
      rules: { publish: { allow: ["#"], deny: [] }, maximumQos: 2, retain: true, clientIds: [] },
    });
    expect(await connackTo(username, token)).toBe(0);
    expect(await connackTo(username, `${token}x`)).toBe(0x86);
    const { body } = await api.call("GET", `/credentials/${id}`);
    expect(JSON.stringify(body)).not.toContain(token.slice(4));
    expect(JSON.stringify((await api.call("GET", "/credentials?limit=1000")).body)).not.toContain(token.slice(4));
  });

  it("takes a chosen password, which is shown to nobody", async () => {
    const password = "correct horse ä";
    const { username, token, kind } = await make({ secret: { kind: "password", password } });
    expect([kind, token]).toEqual(["password", null]);
    expect(await connackTo(username, password)).toBe(0);
    expect(await connackTo(username, "correct horse a")).toBe(0x86);
    expect(JSON.stringify((await api.call("GET", "/credentials?limit=1000")).body)).not.toContain("horse");
  });

  it("takes a certificate's fingerprint, which must be unique, and the kind scram", async () => {
    const sha256 = Array.from({ length: 32 }, (_, index) => index.toString(16).padStart(2, "0"));
    const made = await make({ secret: { kind: "certificate", sha256: sha256.join(":").toUpperCase() } });
    expect([made.kind, made.token]).toEqual(["certificate", null]);
    const secret = { kind: "certificate", sha256: sha256.join("") };
    const again = await api.call("POST", "/credentials", { username: unique("user"), rules: {}, secret });
    expect([again.status, again.body.error.code]).toEqual([409, "certificate-taken"]);
    expect((await make({ secret: { kind: "scram" } })).kind).toBe("scram");
  });

  it("takes each username once", async () => {
    const { username } = await make();
    const { status, body } = await api.call("POST", "/credentials", { username, rules: everything });
    expect([status, body.error.code]).toEqual([409, "username-taken"]);
  });

  it("without rules for a thing allows none of it", async () => {
    const { username, token } = await make({ rules: { publish: { allow: ["a"] } } });
    const client = await connectAs(username, token);
    expect((await client.subscribe("a", { qos: 1 })).granted).toEqual([0x87]);
    expect(await client.publish("a", "x", { qos: 1 })).toBe(0x10);
    expect(await client.publish("b", "x", { qos: 1 })).toBe(0x87);
  });

  it.each([
    ["no rules", { rules: undefined }, "invalid-request"],
    ["no username", { username: "" }, "invalid-request"],
    ["a filter that is none", { rules: { publish: { allow: ["a#"] } } }, "invalid-rules"],
    ["a shared filter", { rules: { subscribe: { allow: ["$share/g/a"] } } }, "invalid-rules"],
    ["a rule that there is not", { rules: { publishing: {} } }, "invalid-request"],
    ["a short password", { secret: { kind: "password", password: "short" } }, "invalid-request"],
    ["half a fingerprint", { secret: { kind: "certificate", sha256: "00ff" } }, "invalid-request"],
    ["a kind that there is not", { secret: { kind: "none" } }, "invalid-request"],
    ["a field that there is not", { admin: true }, "invalid-request"],
    ["a time that is none", { expiresAt: "tomorrow" }, "invalid-request"],
    ["no client", { maximumClients: 0 }, "invalid-request"],
  ])("refuses %s", async (_, fields, code) => {
    const request = { username: unique("user"), rules: everything, ...fields };
    const { status, body } = await api.call("POST", "/credentials", request);
    expect([status, body.error.code]).toEqual([400, code]);
    expect(JSON.stringify(body)).not.toContain('short"');
  });
});

describe("GET /credentials", () => {
  it("comes in pages, each credential once", async () => {
    const made: string[] = [];
    for (let count = 0; count < 5; count += 1) made.push((await make()).id);
    const seen: string[] = [];
    let next: string | null = "";
    while (next !== null) {
      const { body }: { body: { items: { id: string }[]; next: string | null } } = await api.call(
        "GET",
        `/credentials?limit=2${next === "" ? "" : `&after=${next}`}`,
      );
      expect(body.items.length).toBeLessThanOrEqual(2);
      seen.push(...body.items.map(({ id }) => id));
      next = body.next;
    }
    expect(seen).toEqual(expect.arrayContaining(made));
    expect(new Set(seen).size).toBe(seen.length);
  });
});

describe("PATCH /credentials/{id}", () => {
  it("changes what it names and nothing else", async () => {
    const before = await make({ name: "before", maximumClients: 3 });
    const expiresAt = "2100-01-01T00:00:00.000Z";
    const { status, body } = await api.call("PATCH", `/credentials/${before.id}`, { name: "after", expiresAt });
    expect(status).toBe(200);
    expect(body).toEqual({ ...before, name: "after", expiresAt, token: null, updatedAt: body.updatedAt });
    expect(await connackTo(before.username, before.token)).toBe(0);
  });

  it("holds for messages that come later to who is connected", async () => {
    const { id, username, token } = await make();
    const client = await connectAs(username, token);
    const topic = unique("credentials");
    const other = unique("credentials");
    const publish = (to = topic) => api.call("POST", "/publish", { topic: to, payload: "x", qos: 1 });
    await client.subscribe([topic, other], { qos: 0 });
    await publish();
    await client.message({ topic });
    await api.call("PATCH", `/credentials/${id}`, { rules: { subscribe: { allow: ["#"] } } });
    expect(await client.publish(topic, "x", { qos: 1 })).toBe(0x87);
    await publish();
    await client.message({ topic });
    await api.call("PATCH", `/credentials/${id}`, { rules: { subscribe: { allow: [other] } } });
    await publish();
    await publish(other);
    await client.message({ topic: other });
  });

  it("that switches it off disconnects its clients, and lets nobody in", async () => {
    const { id, username, token } = await make();
    const client = await connectAs(username, token);
    await api.call("PATCH", `/credentials/${id}`, { enabled: false });
    await client.receive({ cmd: "disconnect", reasonCode: 0x87 });
    expect(await connackTo(username, token)).toBe(0x86);
    await api.call("PATCH", `/credentials/${id}`, { enabled: true });
    expect(await connackTo(username, token)).toBe(0);
  });
});

describe("POST /credentials/{id}/token", () => {
  it("puts a new one in the place of the old one", async () => {
    const { id, username, token } = await make();
    const { body } = await api.call("POST", `/credentials/${id}/token`);
    expect(body.token).not.toBe(token);
    expect(await connackTo(username, token)).toBe(0x86);
    expect(await connackTo(username, body.token)).toBe(0);
  });
});

describe("DELETE /credentials/{id}", () => {
  it("keeps what it has retained, or deletes it in the same step, and nobody else's [B126]", async () => {
    const [kept, deleted] = [await make(), await make()];
    const topicOf = ({ id }: { id: string }) => `left/${id}`;
    for (const { id, username, token } of [kept, deleted]) {
      const client = await connectAs(username, token);
      await client.publish(topicOf({ id }), "configuration", { qos: 1, retain: true });
      await client.publish(`${topicOf({ id })}/state`, "on", { qos: 1, retain: true });
      await client.disconnect();
    }
    expect((await api.call("DELETE", `/credentials/${deleted.id}?retained=delete`)).body).toEqual({
      deleted: 2,
      next: null,
    });
    expect((await api.call("DELETE", `/credentials/${kept.id}`)).status).toBe(204);
    const { body } = await api.call("GET", "/retained?filter=left/%23");
    expect(body.items.map(({ topic }: { topic: string }) => topic)).toEqual([topicOf(kept), `${topicOf(kept)}/state`]);
    expect((await api.call("DELETE", `/credentials/${kept.id}?retained=both`)).status).toBe(400);
  });

  it("ends its sessions before it is answered", async () => {
    const { id, username, token } = await make();
    const clientId = unique("of-credential");
    const client = await connectAs(username, token, { clientId, ...durable() });
    expect((await api.call("DELETE", `/credentials/${id}`)).status).toBe(204);
    expect((await api.call("GET", `/clients/${clientId}`)).status).toBe(404);
    await client.receive({ cmd: "disconnect", reasonCode: 0x87 });
    expect(await connackTo(username, token)).toBe(0x86);
  });
});

describe("a credential that there is not", () => {
  it.each([
    ["GET", "", undefined],
    ["PATCH", "", {}],
    ["DELETE", "", undefined],
    ["POST", "/token", undefined],
  ])("%s is answered 404", async (method, rest, body) => {
    const { status } = await api.call(method, `/credentials/nobody${rest}`, body);
    expect(status).toBe(404);
  });
});

describe("namespaces", () => {
  it("share no credential, and none by its id", async () => {
    const { id, username, token } = await make();
    const other = apiOf(broker, { namespace: "other" });
    expect((await other.call("GET", `/credentials/${id}`)).status).toBe(404);
    expect((await other.call("DELETE", `/credentials/${id}`)).status).toBe(404);
    expect((await other.call("GET", "/credentials")).body.items).toEqual([]);
    expect(await connackTo(username, token, `${broker.ws.replace("/mqtt", "/ns/other/mqtt")}`)).toBe(0x86);
    // The same username may be somebody else's there.
    const there = await other.call("POST", "/credentials", { username, rules: everything });
    expect(there.status).toBe(201);
    expect(await connackTo(username, there.body.token)).toBe(0x86);
  });
});
