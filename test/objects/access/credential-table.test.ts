import { describe, expect, it, vi } from "vitest";
import { fullAccess } from "../../../src/core/access/access-rules.ts";
import type { Credential, StoredCredential } from "../../../src/core/access/credential.ts";
import { CredentialTable, credentialMigration } from "../../../src/objects/access/credential-table.ts";
import { Schema } from "../../../src/platform/schema.ts";
import { NodeSqlStorage } from "../../support/node-sql-storage.ts";

const sha256 = "ab".repeat(32);

function parts() {
  const sql = new NodeSqlStorage();
  const open = () => new CredentialTable(new Schema(sql.storage, [{ credential: credentialMigration }]));
  return { sql, open, table: open() };
}

function stored(id: string, fields: Partial<Credential> = {}, secret?: StoredCredential["secret"]): StoredCredential {
  const credential: Credential = {
    id,
    username: `user ${id}`,
    name: "Ä device",
    kind: "token",
    rules: fullAccess,
    maximumClients: 3,
    isEnabled: true,
    expiresAtMs: 0,
    createdAtMs: 1,
    updatedAtMs: 2,
    ...fields,
  };
  return { credential, secret: secret ?? { kind: "token", sha256 } };
}

describe("credentials", () => {
  it("are found as they were put, by id, username and certificate, also at the next start", () => {
    const { table, open } = parts();
    const certificate = stored("2", { kind: "certificate" }, { kind: "certificate", sha256 });
    table.put(stored("1"));
    table.put(certificate);
    for (const each of [table, open()]) {
      expect(each.find("1")).toEqual(stored("1"));
      expect(each.findByUsername("user 2")).toEqual(certificate);
      expect(each.findByCertificate(sha256)).toEqual(certificate);
      expect(each.page("", 1)).toEqual([stored("1").credential]);
      expect(each.page("1", 9)).toEqual([certificate.credential]);
    }
    table.delete("2");
    expect([table.find("2"), table.findByCertificate(sha256)]).toEqual([undefined, undefined]);
  });

  it("never take the place of another with the same username or certificate", () => {
    const { table } = parts();
    const certificate = { kind: "certificate", sha256 } as const;
    table.put(stored("1"));
    table.put(stored("2", { kind: "certificate" }, certificate));
    expect(() => table.put(stored("3", { username: "user 1" }))).toThrow("UNIQUE");
    expect(() => table.put(stored("3", { kind: "certificate" }, certificate))).toThrow("UNIQUE");
    table.put(stored("1", { username: "another" }));
    expect(table.page("", 9).map(({ username }) => username)).toEqual(["another", "user 2"]);
  });

  it("that cannot be read keep what is theirs until they are deleted", () => {
    const { table, sql } = parts();
    table.put(stored("1", { kind: "certificate" }, { kind: "certificate", sha256 }));
    sql.exec("UPDATE credential SET fields = '{'");
    expect([table.has("1"), table.ownerOfUsername("user 1"), table.ownerOfCertificate(sha256)]).toEqual([
      true,
      "1",
      "1",
    ]);
    table.delete("1");
    expect([table.has("1"), table.ownerOfUsername("user 1")]).toEqual([false, undefined]);
  });

  it.each([
    ["fields", "{"],
    ["fields", "null"],
    ["fields", '{"rules":{"publish":{"allow":["a#"]}}}'],
    ["secret", "{"],
    ["secret", "null"],
    ["secret", '{"kind":"token","sha256":""}'],
  ])("with %s that are %s let nobody in, and harm no others; one line says which", (column, text) => {
    const { table, sql } = parts();
    table.put(stored("1"));
    table.put(stored("2"));
    sql.exec(`UPDATE credential SET ${column} = ? WHERE id = '1'`, text);
    const logged = vi.spyOn(console, "error").mockImplementation(() => {});
    expect([table.find("1"), table.findByUsername("user 1")]).toEqual([undefined, undefined]);
    expect(table.page("", 9)).toEqual([stored("2").credential]);
    expect(table.page("", 1)).toEqual([stored("2").credential]);
    expect(String(logged.mock.calls[0])).toMatch(/"a credential cannot be read","id":"1"/);
    for (const call of logged.mock.calls) expect(String(call)).not.toContain(sha256);
    logged.mockRestore();
  });
});
