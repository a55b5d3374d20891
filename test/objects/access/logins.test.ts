// What logins are worth, and what many that fail cost.

import { beforeEach, describe, expect, it, vi } from "vitest";
import { fullAccess } from "../../../src/core/access/access-rules.ts";
import type { Credential, StoredSecret } from "../../../src/core/access/credential.ts";
import type { Allowance } from "../../../src/core/access/guesses.ts";
import type { Login, PasswordHash } from "../../../src/core/access/login.ts";
import { defaultLimits } from "../../../src/core/limits.ts";
import { CredentialTable, credentialMigration } from "../../../src/objects/access/credential-table.ts";
import { Logins } from "../../../src/objects/access/logins.ts";
import { RecentLogins } from "../../../src/objects/access/recent-logins.ts";
import { Refusals, refusalMigration } from "../../../src/objects/access/refusals.ts";
import { ClientTable } from "../../../src/objects/directory/client-table.ts";
import { directoryMigrations } from "../../../src/objects/directory/directory-migrations.ts";
import { Presence } from "../../../src/objects/directory/presence.ts";
import { Schema } from "../../../src/platform/schema.ts";
import { NodeSqlStorage } from "../../support/node-sql-storage.ts";

const nowMs = 1_800_000_000_000;
const token = "ab".repeat(32);
const passwordHash = { iterations: 100_000, salt: "c2FsdA==", hash: `${"A".repeat(43)}=` };

let sql: NodeSqlStorage;
let table: CredentialTable;
let clients: Presence;
let recent: RecentLogins;
let refusals: Refusals;
let logins: Logins;

beforeEach(() => {
  sql = new NodeSqlStorage();
  const ofAccess = new Schema(sql.storage, [{ credential: credentialMigration, refusal: refusalMigration }]);
  table = new CredentialTable(ofAccess);
  refusals = new Refusals(ofAccess);
  const schema = new Schema(new NodeSqlStorage().storage, directoryMigrations);
  clients = new Presence(new ClientTable(schema), defaultLimits);
  recent = new RecentLogins();
  logins = new Logins(table, recent, refusals, async (identity, except) => clients.countOf(identity, except));
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

function loginOf(fields: Partial<Login>): Login {
  const nothing = { username: undefined, passwordSha256: undefined, certificateSha256: undefined };
  return { clientId: "c1", ...nothing, isProved: false, address: "192.0.2.1", ...fields };
}

function logIn(fields: Partial<Login>, isAnonymousAllowed = false, atMs = nowMs) {
  return logins.logIn(loginOf(fields), isAnonymousAllowed, atMs);
}

/** The session has found that the password is that of the hash. */
function logInCompared(fields: Partial<Login>, hash: PasswordHash = passwordHash, atMs = nowMs, allowance?: Allowance) {
  return logins.logInCompared(loginOf(fields), hash, atMs, allowance);
}

/** A session that knows the right password of "password". */
async function logInRightly(fields: Partial<Login> = {}, atMs = nowMs): Promise<string> {
  const login = { username: "password", clientId: "own", ...fields };
  const verdict = await logIn(login, false, atMs);
  if (verdict.outcome !== "compare") return verdict.outcome;
  const isRight = JSON.stringify(verdict.passwordHash) === JSON.stringify(passwordHash);
  if (!isRight) return "refused";
  return (await logInCompared(login, passwordHash, atMs, verdict.allowance)).outcome;
}

/** The directory has heard of the client. */
function list(identity: string, ...clientIds: string[]) {
  for (const clientId of clientIds) {
    clients.onConnected(clientId, identity, nowMs);
  }
}

const grantOf = (id: string, username: string, isReusable = true) => ({
  outcome: "granted",
  grant: { identity: `credential/${id}`, username, rules: fullAccess, endsAtMs: 0 },
  isReusable,
});

describe("a login", () => {
  it("by token, by certificate, or with a username that was proved, is worth its credential", async () => {
    expect(await logIn({ username: "token", passwordSha256: token })).toMatchObject(grantOf("1", "token"));
    expect(await logIn({ certificateSha256: token })).toMatchObject(grantOf("4", "certificate"));
    expect(await logIn({ username: "scram", isProved: true })).toMatchObject(grantOf("3", "scram", false));
  });

  it("by a certificate that is known is worth that, whatever User Name and Password say [B84]", async () => {
    const both = { username: "token", passwordSha256: token, certificateSha256: token };
    expect(await logIn(both)).toMatchObject(grantOf("4", "certificate"));
    expect(await logIn({ ...both, certificateSha256: "cd".repeat(32) })).toMatchObject(grantOf("1", "token"));
  });

  it("with a username that was proved is worth that, whatever certificate comes with it [B84]", async () => {
    const both = { username: "scram", isProved: true, certificateSha256: token };
    expect(await logIn(both)).toMatchObject(grantOf("3", "scram", false));
    expect(await logIn({ ...both, username: "nobody" })).toEqual({ outcome: "refused" });
  });

  it("by a chosen password must be compared, and is worth its credential then, which no session remembers", async () => {
    expect(await logIn({ username: "password" })).toMatchObject({ outcome: "compare", passwordHash });
    expect(await logInCompared({ username: "password" })).toMatchObject(grantOf("2", "password", false));
  });

  it("by a password that was compared with what the credential has no more is refused", async () => {
    const login = { username: "password" };
    const other = { ...passwordHash, hash: `${"B".repeat(43)}=` };
    expect(await logInCompared(login, other)).toEqual({ outcome: "refused" });
    expect(await logInCompared(login, { ...passwordHash, salt: "b3RoZXI=" })).toEqual({ outcome: "refused" });
    put("2", "password", { kind: "password", passwordHash }, { isEnabled: false });
    expect(await logInCompared(login)).toEqual({ outcome: "refused" });
    put("2", "password", { kind: "token", sha256: token });
    expect(await logInCompared(login)).toEqual({ outcome: "refused" });
    expect(await logInCompared({ username: "nobody" })).toEqual({ outcome: "refused" });
  });

  it("that is wrong, whatever is wrong, is answered as one by password is, and alike", async () => {
    const wrong: Partial<Login>[] = [
      { username: "nobody", passwordSha256: token },
      { username: "token", passwordSha256: "cd".repeat(32) },
      { username: "token" },
      { username: "certificate", passwordSha256: token },
      { username: "scram", passwordSha256: token },
    ];
    const shape = ({ salt, hash, ...rest }: PasswordHash) => ({ ...rest, salt: salt.length, hash: hash.length });
    for (const login of wrong) {
      const verdict = await logIn(login);
      if (verdict.outcome !== "compare") throw new Error(verdict.outcome);
      expect(shape(verdict.passwordHash)).toEqual(shape({ ...passwordHash, salt: `${"A".repeat(22)}==` }));
    }
  });

  it("with nothing to compare is refused", async () => {
    expect(await logIn({ certificateSha256: "cd".repeat(32) })).toEqual({ outcome: "refused" });
    expect(await logIn({ username: "nobody", isProved: true })).toEqual({ outcome: "refused" });
  });

  it("of a credential that is switched off, has expired, or cannot be read is as one of nobody", async () => {
    put("1", "token", { kind: "token", sha256: token }, { isEnabled: false });
    put("2", "password", { kind: "password", passwordHash }, { expiresAtMs: nowMs });
    expect(await logIn({ username: "token", passwordSha256: token })).toMatchObject({ outcome: "compare" });
    expect(await logIn({ username: "password" })).not.toMatchObject({ passwordHash });
    expect(await logIn({ username: "password" }, false, nowMs - 1)).toMatchObject({ passwordHash });
    expect(await logInCompared({ username: "password" })).toEqual({ outcome: "refused" });
    const inTime = await logInCompared({ username: "password" }, passwordHash, nowMs - 1);
    expect(inTime).toMatchObject({ grant: { endsAtMs: nowMs } });
    const logged = vi.spyOn(console, "error").mockImplementation(() => {});
    sql.exec("UPDATE credential SET fields = '{' WHERE id = '3'");
    expect(await logIn({ username: "scram", isProved: true })).toEqual({ outcome: "refused" });
    logged.mockRestore();
  });

  it("with a username that nobody has is as good as none where anonymous clients are let in [B86]", async () => {
    expect(await logIn({ username: "nobody" }, true)).toEqual({ outcome: "unknown" });
    expect(await logIn({ username: "token" }, true)).toMatchObject({ outcome: "compare" });
  });

  it("is remembered, for a change that comes before its client is listed; a wrong one is not", async () => {
    await logIn({ clientId: "a", username: "token", passwordSha256: token });
    await logIn({ clientId: "b", username: "token" });
    await logIn({ clientId: "c", username: "password" });
    await logInCompared({ clientId: "d", username: "password" });
    expect(recent.clientsOf("credential/1", nowMs)).toEqual(["a"]);
    expect(recent.clientsOf("credential/2", nowMs)).toEqual(["d"]);
  });
});

describe("the last refusal of a credential", () => {
  const wrong = { username: "token", passwordSha256: "cd".repeat(32) };
  const right = { username: "token", passwordSha256: token };
  const reasonOf = (id: string) => refusals.of(id)?.reason;

  it("says why, whatever the client was told [B172]", async () => {
    await logIn(right);
    expect(reasonOf("1")).toBeUndefined();
    await logIn(wrong);
    expect(refusals.of("1")).toEqual({ reason: "wrong-secret", atMs: nowMs });
    await logIn({ username: "certificate", passwordSha256: token });
    expect(reasonOf("4")).toBe("wrong-secret");
    await logIn({ username: "scram", isWrongProof: true });
    expect(reasonOf("3")).toBe("wrong-secret");
    put("1", "token", { kind: "token", sha256: token }, { rules: { ...fullAccess, clientIds: ["own"] } });
    await logIn(right);
    expect(reasonOf("1")).toBe("client-identifier");
    await logIn({ ...right, clientId: "own", sessionIdentity: "credential/2" });
    expect(reasonOf("1")).toBe("session-of-another");
    put("1", "token", { kind: "token", sha256: token }, { maximumClients: 1 });
    list("credential/1", "a");
    await logIn(right);
    expect(reasonOf("1")).toBe("maximum-clients");
    for (const login of [right, wrong]) {
      put("1", "token", { kind: "token", sha256: token }, { isEnabled: false });
      await logIn(login);
      expect(reasonOf("1")).toBe("disabled");
      put("1", "token", { kind: "token", sha256: token }, { expiresAtMs: nowMs });
      await logIn(login);
      expect(reasonOf("1")).toBe("expired");
    }
  });

  it("is a wrong password until that is found right, and is written when the client tries again [B172]", async () => {
    const verdict = await logIn({ username: "password", clientId: "own" });
    expect([verdict.outcome, reasonOf("2")]).toEqual(["compare", "wrong-secret"]);
    expect((await logInCompared({ username: "password", clientId: "own" })).outcome).toBe("granted");
    expect(reasonOf("2")).toBeUndefined();
    const before = sql.rowsWritten;
    for (const clientId of ["a", "b", "c"]) await logIn({ username: "password", clientId });
    expect(sql.rowsWritten).toBe(before);
    expect(await logInRightly({ clientId: "c" }, nowMs + 1)).toBe("granted");
    expect(sql.rowsWritten).toBeGreaterThan(before);
    expect(refusals.of("2")).toEqual({ reason: "wrong-secret", atMs: nowMs });
  });

  it("is exact in memory, and written once an hour, or once a minute if the reason changes [B172]", async () => {
    const minuteMs = 60_000;
    const reopened = () => new Refusals(new Schema(sql.storage, [{ refusal: refusalMigration }])).of("1");
    await logIn(wrong);
    const first = sql.rowsWritten;
    for (let minute = 1; minute < 60; minute += 1) await logIn(wrong, false, nowMs + minute * minuteMs);
    expect(refusals.of("1")).toEqual({ reason: "wrong-secret", atMs: nowMs + 59 * minuteMs });
    expect([sql.rowsWritten, reopened()]).toEqual([first, { reason: "wrong-secret", atMs: nowMs }]);
    const disabled = { kind: "token", sha256: token } as const;
    put("1", "token", disabled, { isEnabled: false });
    const before = sql.rowsWritten;
    await logIn(wrong, false, nowMs + 59.5 * minuteMs);
    await logIn(wrong, false, nowMs + 60 * minuteMs);
    expect([sql.rowsWritten, reopened()?.reason]).toEqual([before + 1, "disabled"]);
    put("1", "token", disabled);
    await logIn(wrong, false, nowMs + 60.1 * minuteMs);
    expect([reasonOf("1"), reopened()?.reason]).toEqual(["wrong-secret", "disabled"]);
    refusals.forget("1");
    expect([reasonOf("1"), reopened()]).toEqual([undefined, undefined]);
  });
});

describe("a login of a credential with a maximum number of clients", () => {
  const login = { username: "token", passwordSha256: token };
  const logInAs = (clientId: string, atMs = nowMs) => logIn({ ...login, clientId }, false, atMs);
  const mayHave = (maximumClients: number) => put("1", "token", { kind: "token", sha256: token }, { maximumClients });

  it("waits while there are as many; one that connects again is none more", async () => {
    mayHave(2);
    list("credential/1", "a", "b");
    list("credential/2", "x", "y", "z");
    expect(await logInAs("c")).toEqual({ outcome: "later" });
    expect(await logInAs("b")).toMatchObject({ outcome: "granted" });
    clients.onGone("a");
    expect(await logInAs("c")).toMatchObject({ outcome: "granted" });
  });

  it("counts those that are not listed yet and those that are, each once", async () => {
    mayHave(3);
    list("credential/1", "a");
    // All at once, as after a restart.
    const outcomes = await Promise.all(["b", "c", "d", "e"].map(async (clientId) => (await logInAs(clientId)).outcome));
    expect(outcomes).toEqual(["granted", "granted", "later", "later"]);
    list("credential/1", "b", "c");
    expect(await logInAs("d")).toEqual({ outcome: "later" });
    clients.onGone("a");
    expect(await logInAs("d")).toMatchObject({ outcome: "granted" });
  });

  it("counts nobody who is not listed after some seconds, and none that was refused", async () => {
    mayHave(1);
    expect(await logInAs("a")).toMatchObject({ outcome: "granted" });
    expect(await logInAs("b")).toEqual({ outcome: "later" });
    expect(await logInAs("a")).toMatchObject({ outcome: "granted" });
    expect(await logInAs("c", nowMs + 2_000)).toMatchObject({ outcome: "granted" });
  });

  it("is not remembered by the session, which would let its client in without counting", async () => {
    mayHave(9);
    expect(await logInAs("a")).toMatchObject({ isReusable: false });
  });

  it("with a wrong password takes no place, and is answered as any other", async () => {
    put("2", "password", { kind: "password", passwordHash }, { maximumClients: 1 });
    for (const clientId of ["x", "y"]) {
      expect(await logIn({ clientId, username: "password" })).toMatchObject({ outcome: "compare", passwordHash });
    }
    expect(await logInCompared({ clientId: "a", username: "password" })).toMatchObject({ outcome: "granted" });
    expect(await logIn({ clientId: "x", username: "password" })).toMatchObject({ outcome: "compare" });
    expect(await logInCompared({ clientId: "b", username: "password" })).toEqual({ outcome: "later" });
  });
});

describe("10,000 logins that fail", () => {
  /** How many have the work of a password done, whatever they are told. */
  const outcomes = async (fieldsOf: (index: number) => Partial<Login>) => {
    const counts = { compared: 0, late: 0, later: 0, refused: 0, unknown: 0, granted: 0, unavailable: 0 };
    for (let index = 0; index < 10_000; index += 1) {
      const verdict = await logIn({ clientId: `c${index}`, ...fieldsOf(index) });
      if (verdict.outcome !== "compare") counts[verdict.outcome] += 1;
      else if (verdict.passwordHash.iterations === 1) counts.late += 1;
      else counts.compared += 1;
    }
    return counts;
  };
  const none = { compared: 0, late: 0, later: 0, refused: 0, unknown: 0, granted: 0, unavailable: 0 };

  it("with one username have few passwords compared, and write one row: that they were refused [B140] [B172]", async () => {
    await logIn({ username: "token" });
    const before = sql.rowsWritten;
    expect(await outcomes(() => ({ username: "password" }))).toEqual({ ...none, compared: 20, later: 9_980 });
    expect(await outcomes((index) => ({ username: "password", address: `a${index}` }))).toEqual({
      ...none,
      compared: 180,
      later: 9_820,
    });
    expect(sql.rowsWritten).toBe(before + 1);
  });

  it("with many usernames from one address, or from no address that is known, do too [B140]", async () => {
    for (const address of ["192.0.2.1", undefined]) {
      const { compared, late, later } = await outcomes((index) => ({ username: `n${index}`, address }));
      expect([compared, late + later]).toEqual([100, 9_900]);
    }
  });

  it("with a proof that is wrong are counted with those that have a wrong password [B140]", async () => {
    const wrong = (username: string) => () => ({ username, isWrongProof: true as const });
    expect(await outcomes(wrong("scram"))).toEqual({ ...none, refused: 20, later: 9_980 });
    expect(await outcomes(wrong("password"))).toEqual({ ...none, refused: 20, later: 9_980 });
    expect(await logIn({ username: "password" })).toEqual({ outcome: "later" });
    // A right one as well, or the difference would tell which it was.
    expect(await logIn({ username: "scram", isProved: true })).toEqual({ outcome: "later" });
    expect(await logIn({ username: "scram", isProved: true, address: "192.0.2.2" })).toMatchObject(
      grantOf("3", "scram", false),
    );
  });

  it("with a proof of names that nobody has are refused, and then have to wait [B140]", async () => {
    const counts = await outcomes((index) => ({ username: `n${index}`, isWrongProof: true }));
    expect(counts).toEqual({ ...none, refused: 100, later: 9_900 });
    expect(await logIn({ username: "scram", isWrongProof: true })).toEqual({ outcome: "later" });
    expect(await logIn({ username: "scram", isProved: true })).toMatchObject(grantOf("3", "scram", false));
  });

  it.each([
    ["wrong passwords at its name", { username: "token" }],
    ["wrong tokens at its name", { username: "token", passwordSha256: "cd".repeat(32) }],
  ])("keep no token out: %s [B141]", async (_, wrong) => {
    await outcomes(() => wrong);
    await outcomes((index) => ({ ...wrong, address: `a${index}` }));
    expect(await logIn({ username: "token", passwordSha256: token })).toMatchObject({ outcome: "granted" });
  });

  it("keep no certificate out [B141]", async () => {
    await outcomes(() => ({ username: "certificate", passwordSha256: token }));
    expect(await logIn({ certificateSha256: token })).toMatchObject({ outcome: "granted" });
  });

  it("at other names keep no password out, from the same address or from none that is known [B141]", async () => {
    for (const address of ["192.0.2.1", undefined]) {
      await outcomes((index) => ({ username: `n${index}`, address }));
      expect(await logIn({ username: "password", address })).toMatchObject({ outcome: "compare", lateMs: 300 });
      expect(await logInRightly({ address })).toBe("granted");
    }
  });

  it("at its name keep a password out where it was never right, until some time has passed [B141]", async () => {
    await outcomes(() => ({ username: "password" }));
    expect(await logInRightly()).toBe("later");
    expect(await logInRightly({ address: "192.0.2.2" })).toBe("granted");
    expect(await logInRightly({}, nowMs + 30_000)).toBe("granted");
  });

  it("at its name keep no password out of a client that had it right before, or has a session [B141]", async () => {
    expect(await logInRightly()).toBe("granted");
    await outcomes(() => ({ username: "password" }));
    await outcomes((index) => ({ username: "password", address: `a${index}` }));
    expect(await logInRightly()).toBe("granted");
    expect(await logInRightly({ clientId: "new" })).toBe("later");
    const sessionIdentity = "credential/2";
    expect(await logInRightly({ clientId: "new", sessionIdentity: "credential/1" })).toBe("later");
    expect(await logInRightly({ clientId: "new", sessionIdentity })).toBe("granted");
  });

  it("do not count those that were right in the end, also as a session of the last version says it", async () => {
    for (let count = 0; count < 1_000; count += 1) {
      expect(await logInRightly()).toBe("granted");
      expect(await logInRightly({ clientId: `c${count}` })).toBe("granted");
      expect(await logIn({ username: "password", clientId: `d${count}` })).toMatchObject({ outcome: "compare" });
      expect(await logInCompared({ username: "password", clientId: `d${count}` })).toMatchObject({
        outcome: "granted",
      });
    }
  });
});
