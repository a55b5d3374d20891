// Credentials as they come from the disk, and what a login with one is worth.

import { describe, expect, it } from "vitest";
import { fullAccess, noAccess } from "../../../src/core/access/access-rules.ts";
import { grantOf } from "../../../src/core/access/credential.ts";
import { readCredential } from "../../../src/core/access/read-credential.ts";

const sha256 = "ab".repeat(32);
const passwordHash = { iterations: 100_000, salt: "c2FsdA==", hash: `${"A".repeat(43)}=` };
const fields = {
  kind: "token",
  name: "Ä device",
  rules: fullAccess,
  maximumClients: 3,
  isEnabled: true,
  expiresAtMs: 9,
  createdAtMs: 1,
  updatedAtMs: 2,
};
const token = { kind: "token", sha256 };

describe("a stored credential", () => {
  it.each([token, { kind: "certificate", sha256 }, { kind: "password", passwordHash }, { kind: "scram" }])(
    "with a $kind is read as it was written",
    (secret) => {
      const written = { ...fields, kind: secret.kind };
      const credential = { ...written, id: "1", username: "u" };
      expect(readCredential("1", "u", written, secret)).toEqual({ credential, secret });
    },
  );

  it.each([
    ["another kind than its secret", { ...fields, kind: "scram" }, token],
    ["no rules", { ...fields, rules: undefined }, token],
    ["rules of another kind", { ...fields, rules: { allow: ["#"] } }, token],
    ["a filter that is none", { ...fields, rules: { publish: { allow: ["a#"] } } }, token],
    ["no name", { ...fields, name: undefined }, token],
    ["a switch that is neither on nor off", { ...fields, isEnabled: "no" }, token],
    ["no switch", { ...fields, isEnabled: undefined }, token],
    ["a limit that is no number", { ...fields, maximumClients: "3" }, token],
    ["no limit, not even null", { ...fields, maximumClients: undefined }, token],
    ["an end that is no number", { ...fields, expiresAtMs: "never" }, token],
    ["no end, not even 0", { ...fields, expiresAtMs: undefined }, token],
    ["times that are none", { ...fields, createdAtMs: null }, token],
    ["no fields", null, token],
    ["no secret", fields, null],
    ["a token without a hash", fields, { kind: "token" }],
    ["a hash that is none", fields, { kind: "token", sha256: "" }],
    ["a hash in capitals", fields, { kind: "token", sha256: sha256.toUpperCase() }],
    ["a password without a hash", { ...fields, kind: "password" }, { kind: "password" }],
    ...[
      { iterations: 0 },
      { iterations: "1" },
      { salt: "" },
      { salt: undefined },
      { salt: "!" },
      { hash: "" },
      { hash: "AAAA" },
      { hash: undefined },
    ].map((part): [string, object, object] => [
      `a password's ${Object.keys(part)} that is ${Object.values(part)}`,
      { ...fields, kind: "password" },
      { kind: "password", passwordHash: { ...passwordHash, ...part } },
    ]),
    ["a secret of no kind", { ...fields, kind: "none" }, { kind: "none" }],
  ])("with %s is none", (_, someFields, secret) => {
    expect(() => readCredential("1", "u", someFields, secret)).toThrow();
  });
});

describe("what a login is worth", () => {
  const worth = (secret: { kind: string }, change: object = {}) =>
    grantOf(readCredential("1", "u", { ...fields, ...change, kind: secret.kind }, secret));

  it("is its credential's identity, username, rules and end", () => {
    const grant = { identity: "credential/1", username: "u", rules: noAccess, endsAtMs: 9 };
    expect(worth(token, { rules: noAccess })).toMatchObject(grant);
  });

  it("tells one secret from another, and shows none", () => {
    const secrets = [
      token,
      { kind: "token", sha256: "cd".repeat(32) },
      { kind: "certificate", sha256 },
      { kind: "password", passwordHash },
      { kind: "scram" },
    ];
    const ids = secrets.map((secret) => worth(secret).secretId);
    expect(new Set(ids).size).toBe(secrets.length);
    expect(worth(token, { name: "another", expiresAtMs: 0 }).secretId).toBe(ids[0]);
    expect(JSON.stringify(worth(token))).not.toContain(sha256);
  });
});
