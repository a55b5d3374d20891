// /devices: who is connected, who was, and who was refused, as soon as it is so.

import { describe, expect, it } from "vitest";
import { adminToken, apiOf } from "../support/api.ts";
import { useBroker } from "../support/broker.ts";
import { connect, connectPacket, durable, refusal, unique } from "../support/connect.ts";
import { Conversation } from "../support/conversation.ts";
import { makeCredential } from "../support/credentials.ts";

const broker = useBroker({ variables: { ADMIN_TOKEN: adminToken, ALLOW_ANONYMOUS: "0" } });
const api = apiOf(broker);

async function deviceOf({ id }: { id: string }) {
  const { status, body } = await api.call("GET", `/devices/${id}`);
  expect(status).toBe(200);
  return body;
}

async function list(query: Record<string, string>) {
  return (await api.call("GET", `/devices?${new URLSearchParams(query)}`)).body;
}

describe("GET /devices", () => {
  it("finds devices by a part of their names, and says how many there are", async () => {
    const prefix = unique("found");
    const { credential } = await makeCredential(broker, { username: `${prefix}-b`, name: "Cocina número 1" });
    await makeCredential(broker, { username: `${prefix}-a`, name: "주방" });
    const page = await list({ search: prefix.toUpperCase(), limit: "1" });
    expect([page.total, page.items.length]).toEqual([2, 1]);
    expect(page.items[0]).toEqual({
      id: credential.id,
      identity: `credential/${credential.id}`,
      username: `${prefix}-b`,
      name: "Cocina número 1",
      kind: "token",
      enabled: true,
      expiresAt: null,
      createdAt: expect.any(String),
      connected: 0,
      lastSeen: null,
      lastRefused: null,
    });
    expect((await list({ search: prefix, limit: "1", offset: "1" })).items).toMatchObject([{ name: "주방" }]);
    expect(await list({ search: "주방" })).toMatchObject({ total: 1 });
  });

  it("knows at once what is made, changed and deleted", async () => {
    const { credential } = await makeCredential(broker);
    const { id, username } = credential;
    expect(await list({ search: username })).toMatchObject({ total: 1 });
    const name = unique("another name");
    await api.call("PATCH", `/credentials/${id}`, { name, enabled: false });
    expect(await list({ search: name })).toMatchObject({ total: 1, items: [{ id, enabled: false }] });
    await api.call("DELETE", `/credentials/${id}`);
    expect(await list({ search: name })).toEqual({ items: [], total: 0 });
    expect((await api.call("GET", `/devices/${id}`)).status).toBe(404);
  });

  it("says who is connected, and when each was last [B170]", async () => {
    const clean = await makeCredential(broker);
    const away = await makeCredential(broker);
    const client = await connect(broker.ws, clean.login);
    const sleeper = await connect(broker.ws, { ...away.login, ...durable() });
    await expect.poll(async () => (await deviceOf(clean.credential)).connected).toBe(1);
    await expect.poll(async () => (await deviceOf(away.credential)).connected).toBe(1);
    expect((await list({ connected: "true" })).items.map(({ id }: { id: string }) => id)).toEqual(
      expect.arrayContaining([clean.credential.id, away.credential.id]),
    );
    await client.end();
    await sleeper.end();
    for (const { credential } of [clean, away]) {
      await expect.poll(async () => (await deviceOf(credential)).connected).toBe(0);
      const { lastSeen } = await deviceOf(credential);
      expect(Math.abs(Date.now() - Date.parse(lastSeen))).toBeLessThan(30_000);
    }
    const { items } = await list({ sort: "lastSeen", limit: "1000" });
    const seen = items.map(({ lastSeen }: { lastSeen: string | null }) =>
      lastSeen === null ? 0 : Date.parse(lastSeen),
    );
    expect(seen).toEqual([...seen].sort((one: number, other: number) => other - one));
  });

  it("says why a client was refused: to whoever runs the broker, and not to the client [B172]", async () => {
    const { credential, login } = await makeCredential(broker, { rules: { clientIds: ["own"] } });
    expect((await deviceOf(credential)).lastRefused).toBeNull();
    const attempt = async (options: object) => {
      await refusal(broker.ws, { ...login, ...options });
      const { at, reason } = (await deviceOf(credential)).lastRefused;
      expect(Math.abs(Date.now() - Date.parse(at))).toBeLessThan(30_000);
      return reason;
    };
    expect(await attempt({ clientId: "own", password: Buffer.from("wrong") })).toBe("wrong-secret");
    expect(await attempt({ clientId: "other" })).toBe("client-identifier");
    await api.call("PATCH", `/credentials/${credential.id}`, { enabled: false });
    expect(await attempt({ clientId: "own" })).toBe("disabled");
    await api.call("PATCH", `/credentials/${credential.id}`, { enabled: true, expiresAt: "2020-01-01T00:00:00.000Z" });
    expect(await attempt({ clientId: "own" })).toBe("expired");
  });

  it("says so of a client identifier that is another's, and of one client too many [B172]", async () => {
    const owner = await makeCredential(broker);
    const other = await makeCredential(broker);
    const clientId = unique("owned");
    await connect(broker.ws, { ...owner.login, clientId, ...durable() });
    expect(await refusal(broker.ws, { ...other.login, clientId })).toBe(0x87);
    expect((await deviceOf(other.credential)).lastRefused.reason).toBe("session-of-another");
    const { credential, login } = await makeCredential(broker, { maximumClients: 1 });
    await connect(broker.ws, login);
    await expect.poll(async () => (await deviceOf(credential)).connected).toBe(1);
    expect(await refusal(broker.ws, login)).toBe(0x9f);
    expect((await deviceOf(credential)).lastRefused.reason).toBe("maximum-clients");
  });

  it("says so of a wrong password, and takes it back if the password was right [B172]", async () => {
    const password = "correct horse";
    const { credential } = await makeCredential(broker, {}, { kind: "password", password });
    const { username } = credential;
    await refusal(broker.ws, { username, password: Buffer.from("wrong horse") });
    expect((await deviceOf(credential)).lastRefused.reason).toBe("wrong-secret");
    const conversation = await Conversation.open(broker.ws);
    conversation.send(connectPacket({ username, password: Buffer.from(password) }));
    await conversation.receive({ cmd: "connack", reasonCode: 0 });
    expect((await deviceOf(credential)).lastRefused).toBeNull();
  });

  it.each([
    ["a sort that there is not", { sort: "age" }],
    ["no items", { limit: "0" }],
    ["a page before the first", { offset: "-1" }],
    ["a parameter that there is not", { name: "x" }],
  ])("refuses %s", async (_, query) => {
    expect(await list(query as Record<string, string>)).toMatchObject({ error: { code: "invalid-request" } });
  });
});
