// What logins are worth, and what many that fail cost.

import { beforeEach, describe, expect, it } from "vitest";
import { fullAccess } from "../../src/core/access/access-rules.ts";
import type { Credential, StoredSecret } from "../../src/core/access/credential.ts";
import type { Login } from "../../src/core/access/login.ts";
import { CredentialTable, credentialMigration } from "../../src/objects/credential-table.ts";
import { Logins } from "../../src/objects/logins.ts";
import { RecentLogins } from "../../src/objects/recent-logins.ts";
import { Schema } from "../../src/objects/schema.ts";
import { NodeSqlStorage } from "../support/node-sql-storage.ts";

const nowMs = 1_800_000_000_000;
const token = "ab".repeat(32);
const passwordHash = { iterations: 100_000, salt: "c2FsdA==", hash: `${"A".repeat(43)}=` };

let sql: NodeSqlStorage;
let table: CredentialTable;
let logins: Logins;
let connected = 0;

beforeEach(() => {
  sql = new NodeSqlStorage();
  table = new CredentialTable(new Schema(sql.storage, [{ credential: credentialMigration }]));
  connected = 0;
  logins = new Logins(table, new RecentLogins(), async () => connected);
  put("1", "token", { kind: "token", sha256: token });
  put("2", "password", { kind: "password", passwordHash });
  put("3", "scram", { kind: "scram" });
  put("4", "certificate", { kind: "certificate", sha256: token });
});

function put(id: string, username: string, secret: StoredSecret, fields: Partial<Credential> = {}): void {
  const { kind } = secret;
  const usual = { id, username, name: "", kind, rules: fullAccess, createdAtMs: 0, updatedAtMs: 0 };
  table.put({ credential: { ...usual, maximumClients: null, isEnabled: true, expiresAtMs: 0, ...fields }, secret });
}

function logIn(fields: Partial<Login>, isAnonymousAllowed = false, atMs = nowMs) {
  const nothing = { username: undefined, passwordSha256: undefined, certificateSha256: undefined };
  const login = { clientId: "c1", ...nothing, isProved: false, address: "192.0.2.1", ...fields };
  return logins.logIn(login, isAnonymousAllowed, atMs);
}

const grantOf = (id: string, username: string) => ({
  outcome: "granted",
  grant: { identity: `credential/${id}`, username, rules: fullAccess, endsAtMs: 0 },
});

describe("a login", () => {
  it("by token, by certificate, or with a username that was proved, is worth its credential", async () => {
    expect(await logIn({ username: "token", passwordSha256: token })).toEqual(grantOf("1", "token"));
    expect(await logIn({ certificateSha256: token })).toEqual(grantOf("4", "certificate"));
    expect(await logIn({ username: "scram", isProved: true })).toEqual(grantOf("3", "scram"));
  });

  it("by a certificate that is known is worth that, whatever CONNECT says besides [B84]", async () => {
    const both = { username: "token", passwordSha256: token, certificateSha256: token };
    expect(await logIn(both)).toEqual(grantOf("4", "certificate"));
    expect(await logIn({ ...both, certificateSha256: "cd".repeat(32) })).toEqual(grantOf("1", "token"));
  });

  it("by a chosen password is to be compared, and is worth its credential then", async () => {
    const { grant } = grantOf("2", "password");
    expect(await logIn({ username: "password", passwordSha256: "x" })).toEqual({
      outcome: "compare",
      passwordHash,
      grant,
    });
  });

  it("that is wrong, whatever is wrong, is to be compared as well, with what nobody has", async () => {
    const wrong: Partial<Login>[] = [
      { username: "nobody", passwordSha256: token },
      { username: "token", passwordSha256: "cd".repeat(32) },
      { username: "token" },
      { username: "certificate", passwordSha256: token },
      { username: "scram", passwordSha256: token },
    ];
    for (const login of wrong) {
      const verdict = await logIn(login);
      expect(verdict).toMatchObject({ outcome: "compare", grant: undefined, passwordHash: { iterations: 100_000 } });
    }
  });

  it("with nothing to compare is refused", async () => {
    expect(await logIn({ certificateSha256: "cd".repeat(32) })).toEqual({ outcome: "refused" });
    expect(await logIn({ username: "nobody", isProved: true })).toEqual({ outcome: "refused" });
  });

  it("of a credential that is switched off, or has expired, is as one of nobody", async () => {
    put("1", "token", { kind: "token", sha256: token }, { isEnabled: false });
    put("2", "password", { kind: "password", passwordHash }, { expiresAtMs: nowMs });
    expect(await logIn({ username: "token", passwordSha256: token })).toMatchObject({ grant: undefined });
    expect(await logIn({ username: "password", passwordSha256: "x" })).toMatchObject({ grant: undefined });
    expect(await logIn({ username: "password" }, false, nowMs - 1)).toMatchObject({ grant: { endsAtMs: nowMs } });
  });

  it("with a username that nobody has is as good as none where anonymous clients are let in [B86]", async () => {
    expect(await logIn({ username: "nobody" }, true)).toEqual({ outcome: "unknown" });
    expect(await logIn({ username: "token" }, true)).toMatchObject({ outcome: "compare" });
  });

  it("has to wait where the credential has as many clients as it may", async () => {
    put("1", "token", { kind: "token", sha256: token }, { maximumClients: 2 });
    const login = { username: "token", passwordSha256: token };
    connected = 1;
    expect(await logIn(login)).toMatchObject({ outcome: "granted" });
    connected = 2;
    expect(await logIn(login)).toEqual({ outcome: "later" });
    connected = 0;
    // Not listed as connected yet.
    for (const clientId of ["c2", "c3"])
      expect(await logIn({ ...login, clientId })).toMatchObject({ outcome: "granted" });
    expect(await logIn({ ...login, clientId: "c4" })).toEqual({ outcome: "later" });
    expect(await logIn({ ...login, clientId: "c3" })).toMatchObject({ outcome: "granted" });
  });
});

describe("10,000 logins that fail", () => {
  const outcomes = async (loginOf: (index: number) => Partial<Login>) => {
    const counts: Record<string, number> = {};
    for (let index = 0; index < 10_000; index += 1) {
      const { outcome } = await logIn(loginOf(index));
      counts[outcome] = (counts[outcome] ?? 0) + 1;
    }
    return counts;
  };

  it("with one username have few passwords compared, and write nothing", async () => {
    const before = sql.rowsWritten;
    expect(await outcomes((index) => ({ username: "password", address: `a${index}` }))).toEqual({
      compare: 20,
      later: 9_980,
    });
    expect(sql.rowsWritten).toBe(before);
  });

  it("from one address, or from no address that is known, do too", async () => {
    expect(await outcomes((index) => ({ username: `n${index}` }))).toEqual({ compare: 100, later: 9_900 });
    expect(await outcomes((index) => ({ username: `n${index}`, address: undefined }))).toEqual({
      compare: 100,
      later: 9_900,
    });
  });

  it("keep no token out, and a password only until some time has passed", async () => {
    await outcomes(() => ({ username: "password" }));
    await outcomes(() => ({ username: "token" }));
    expect(await logIn({ username: "token", passwordSha256: token })).toMatchObject({ outcome: "granted" });
    expect(await logIn({ username: "password" })).toEqual({ outcome: "later" });
    expect(await logIn({ username: "password", address: "192.0.2.2" }, false, nowMs + 10_000)).toMatchObject({
      outcome: "compare",
    });
  });

  it("do not count those that were right in the end", async () => {
    for (let count = 0; count < 1_000; count += 1) {
      expect(await logIn({ username: "password" })).toMatchObject({ outcome: "compare" });
      const nothing = { passwordSha256: undefined, certificateSha256: undefined, isProved: false };
      logins.onCompared({ clientId: "c1", username: "password", address: "192.0.2.1", ...nothing });
    }
  });
});
