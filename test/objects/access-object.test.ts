// Changes of credentials, and whom they reach: the object itself, over a directory and sessions that may be out of reach.

import { afterEach, describe, expect, it, vi } from "vitest";

vi.mock("cloudflare:workers", () => import("../simulator/cloudflare-workers.ts"));

import { fullAccess, noAccess } from "../../src/core/access/access-rules.ts";
import type { CredentialFields, NewSecret } from "../../src/core/access/credential.ts";
import type { Grant } from "../../src/core/access/grant.ts";
import { AccessObject } from "../../src/objects/access-object.ts";
import { NodeSqlStorage } from "../support/node-sql-storage.ts";

const nowMs = 1_800_000_000_000;
const sha256 = "ab".repeat(32);
const token: NewSecret = { kind: "token" };
const fields: CredentialFields = {
  username: "user",
  name: "",
  rules: fullAccess,
  maximumClients: null,
  isEnabled: true,
  expiresAtMs: 0,
};

vi.useFakeTimers({ now: nowMs, toFake: ["Date"] });
const logged = vi.spyOn(console, "error").mockImplementation(() => {});
afterEach(() => {
  vi.setSystemTime(nowMs);
  logged.mockClear();
});

/** One client is connected, whoever asks. */
function scene() {
  const sql = new NodeSqlStorage();
  const state = { alarmAtMs: 0, aborts: 0, told: [] as (Grant | null)[], isReachable: true, onTell: () => {} };
  const revise = async (_: string, grant: Grant | null) => {
    state.onTell();
    if (!state.isReachable) throw new Error("out of reach");
    state.told.push(grant);
  };
  const clientsOf = async () => [{ clientId: "c" }];
  const known = { identities: [] as string[], asked: 0, forgotten: [] as string[] };
  const presencesOfCredentials = async () => {
    known.asked += 1;
    const { identities } = known;
    return { identities, connected: identities.map(() => 0), lastSeenMs: identities.map(() => nowMs) };
  };
  const forgetLastSeen = async (identities: string[]) => {
    known.forgotten.push(...identities);
  };
  const env = {
    DIRECTORY: { getByName: () => ({ clientsOf, presencesOfCredentials, forgetLastSeen }) },
    SESSION: { getByName: () => ({ revise }) },
  } as unknown as Env;
  const setAlarm = async (atMs: number) => {
    state.alarmAtMs = atMs;
  };
  const getAlarm = async () => (state.alarmAtMs === 0 ? null : state.alarmAtMs);
  const storage = Object.assign(sql.storage, { setAlarm, getAlarm });
  const abort = () => {
    state.aborts += 1;
  };
  const blockConcurrencyWhile = (act: () => Promise<void>) => act();
  const ctx = { storage, id: { name: "default" }, abort, blockConcurrencyWhile } as unknown as DurableObjectState;
  const open = () => new AccessObject(ctx, env);
  return { sql, state, known, open, access: open() };
}

async function made(access: AccessObject, secret = token, change: Partial<CredentialFields> = {}) {
  const result = await access.createCredential({ ...fields, ...change }, secret);
  if (!result.ok) throw new Error(result.message);
  return result;
}

describe("a credential", () => {
  it("that is made tells nobody; one that is changed tells its sessions what a login is worth now", async () => {
    const { access, state } = scene();
    const { credential, token } = await made(access);
    expect([state.told, token?.length]).toEqual([[], 47]);
    await access.updateCredential(credential.id, { rules: noAccess, expiresAtMs: nowMs + 1 }, undefined);
    const grant = { identity: `credential/${credential.id}`, username: "user", rules: noAccess, endsAtMs: nowMs + 1 };
    expect(state.told).toMatchObject([grant]);
    await access.updateCredential(credential.id, {}, { kind: "token" });
    expect(state.told[1]?.secretId).not.toBe(state.told[0]?.secretId);
    await access.updateCredential(credential.id, { isEnabled: false }, undefined);
    expect(state.told[2]).toBeNull();
    await access.updateCredential(credential.id, { isEnabled: true }, undefined);
    expect(state.told[3]).toMatchObject(grant);
    expect([await access.deleteCredential(credential.id), state.told[4]]).toEqual([true, null]);
  });

  it("whose name or number of clients is changed tells nobody: nothing is for sessions to know", async () => {
    const { access, state } = scene();
    const { credential } = await made(access);
    const change = { name: "another", maximumClients: 5 };
    expect(await access.updateCredential(credential.id, change, undefined)).toMatchObject({ ok: true });
    expect(access.credential(credential.id)).toMatchObject(change);
    expect([state.told, state.alarmAtMs]).toEqual([[], 0]);
  });

  it("that is not there is neither changed nor deleted", async () => {
    const { access } = scene();
    expect(await access.updateCredential("x", {}, token)).toMatchObject({ ok: false, code: "not-found" });
    expect(await access.deleteCredential("x")).toBe(false);
  });

  it("cannot take another's username or certificate, even if that cannot be read; nothing changes", async () => {
    const { access, sql, state } = scene();
    const certificate = { kind: "certificate", sha256 } as const;
    const { credential: first } = await made(access, certificate);
    const { credential: second } = await made(access, token, { username: "other" });
    const taken = async () => {
      const usernameTaken = { ok: false, code: "username-taken" };
      expect(await access.createCredential(fields, token)).toMatchObject(usernameTaken);
      expect(await access.updateCredential(second.id, { username: "user" }, undefined)).toMatchObject(usernameTaken);
      const certificateTaken = { ok: false, code: "certificate-taken" };
      const third = { ...fields, username: "third" };
      expect(await access.createCredential(third, certificate)).toMatchObject(certificateTaken);
      expect(await access.updateCredential(second.id, {}, certificate)).toMatchObject(certificateTaken);
    };
    await taken();
    expect(await access.updateCredential(first.id, {}, certificate)).toMatchObject({ ok: true });
    sql.exec("UPDATE credential SET fields = '{' WHERE id = ?", first.id);
    await taken();
    expect([access.credentials("", 9), state.told]).toEqual([[second], []]);
  });

  it("that cannot be read can be deleted, which ends its sessions", async () => {
    const { access, sql, state } = scene();
    const { credential } = await made(access);
    sql.exec("UPDATE credential SET fields = '{'");
    expect([await access.deleteCredential(credential.id), state.told]).toEqual([true, [null]]);
    expect(await access.createCredential(fields, token)).toMatchObject({ ok: true });
  });
});

describe("a list of devices", () => {
  const all = { search: "", sort: "name", isDescending: false, isConnected: undefined, offset: 0, limit: 50 } as const;

  it("costs one call to the directory for all who look within half a second, and no row after the first", async () => {
    const { access, sql, known } = scene();
    const { credential } = await made(access);
    expect(await access.devices(all)).toMatchObject({ total: 1, items: [{ id: credential.id, lastSeenMs: 0 }] });
    const read = vi.spyOn(sql, "exec");
    await Promise.all([access.devices(all), access.devices(all), access.device(credential.id)]);
    expect(known.asked).toBe(1);
    vi.setSystemTime(nowMs + 500);
    known.identities = [`credential/${credential.id}`];
    expect(await access.devices(all)).toMatchObject({ items: [{ lastSeenMs: nowMs }] });
    expect([known.asked, read.mock.calls]).toEqual([2, []]);
  });

  it("has the directory forget what no credential has: a session may report its end after its credential's", async () => {
    const { access, known } = scene();
    const { credential } = await made(access);
    known.identities = [`credential/${credential.id}`, "credential/gone"];
    await access.devices(all);
    expect(known.forgotten).toEqual(["credential/gone"]);
    await access.deleteCredential(credential.id);
    vi.setSystemTime(nowMs + 500);
    expect(await access.devices(all)).toEqual({ items: [], total: 0 });
    expect(known.forgotten).toContain(`credential/${credential.id}`);
  });

  it("shows a change at once, and none that could not be written", async () => {
    const { access, sql } = scene();
    const { credential } = await made(access);
    await access.devices(all);
    await access.updateCredential(credential.id, { name: "Hall" }, undefined);
    expect(await access.devices({ ...all, search: "hall" })).toMatchObject({ total: 1 });
    sql.exec("CREATE TRIGGER broken BEFORE DELETE ON credential BEGIN SELECT raise(ABORT, 'the disk is full'); END");
    await expect(access.deleteCredential(credential.id)).rejects.toThrow("the disk is full");
    expect(await access.devices(all)).toMatchObject({ total: 1, items: [{ name: "Hall" }] });
  });
});

describe("sessions that cannot be reached", () => {
  it("hear of a change when they can be, told by the alarm, ever less often until then", async () => {
    const { access, state } = scene();
    const { credential } = await made(access);
    state.isReachable = false;
    expect(await access.deleteCredential(credential.id)).toBe(true);
    const delaysSec: number[] = [];
    for (let count = 0; count < 7; count += 1) {
      delaysSec.push((state.alarmAtMs - Date.now()) / 1000);
      vi.setSystemTime(state.alarmAtMs);
      await access.alarm();
    }
    expect(delaysSec).toEqual([10, 20, 40, 80, 160, 300, 300]);
    state.isReachable = true;
    const { alarmAtMs } = state;
    await access.alarm();
    expect([state.told, state.alarmAtMs]).toEqual([[null], alarmAtMs]);
  });

  it("are notified even if the object is gone before it has notified anybody", async () => {
    const { access, open, state } = scene();
    const { credential } = await made(access);
    let alarmAtMs = 0;
    state.onTell = () => {
      ({ alarmAtMs } = state);
    };
    state.isReachable = false;
    await access.updateCredential(credential.id, { isEnabled: false }, undefined);
    expect(alarmAtMs).toBe(nowMs + 10_000);
    state.isReachable = true;
    await open().alarm();
    expect(state.told).toEqual([null]);
  });
});

describe("API tokens", () => {
  it("are told once, and found by their hash", async () => {
    const { access, sql } = scene();
    const { apiToken, token } = await access.createApiToken("webhook", ["publish"]);
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(token));
    expect(access.apiTokenFor(Buffer.from(digest).toString("hex"))).toEqual(apiToken);
    expect(access.apiTokenFor(token)).toBeUndefined();
    expect(JSON.stringify(sql.exec("SELECT * FROM api_token").toArray())).not.toContain(token);
    expect([access.deleteApiToken(apiToken.id), access.apiTokens("", 9)]).toEqual([true, []]);
  });
});

describe("a change that sessions are still to be told, when the platform has given the alarm up", () => {
  it("is told after the next start", async () => {
    const { state, open, access } = scene();
    const { credential } = await made(access);
    state.isReachable = false;
    await access.deleteCredential(credential.id);
    state.alarmAtMs = 0;
    const again = open();
    await vi.waitFor(() => expect(state.alarmAtMs).toBeGreaterThan(nowMs));
    state.isReachable = true;
    await again.alarm();
    expect(state.told).toEqual([null]);
  });

  it("starts the object again when the alarm fails", async () => {
    const { sql, state, access } = scene();
    const { credential } = await made(access);
    state.isReachable = false;
    await access.deleteCredential(credential.id);
    const exec = vi.spyOn(sql.sql, "exec").mockImplementation(() => {
      throw new Error("the disk fails");
    });
    await expect(access.alarm()).rejects.toThrow("the disk fails");
    exec.mockRestore();
    expect(state.aborts).toBe(1);
  });
});
