import { describe, expect, it, vi } from "vitest";
import { fullAccess } from "../../src/core/access/access-rules.ts";
import type { Credential } from "../../src/core/access/credential.ts";
import { CredentialTable, credentialMigration, type StoredCredential } from "../../src/objects/credential-table.ts";
import { Schema } from "../../src/objects/schema.ts";
import { NodeSqlStorage } from "../support/node-sql-storage.ts";

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

  it.each([
    ["fields", "{"],
    ["fields", '{"rules":{"publish":{"allow":["a#"]}}}'],
    ["fields", '{"rules":{"allow":["#"]}}'],
    ["fields", "null"],
    ["secret", "{"],
    ["secret", "{}"],
    ["secret", "null"],
    ["secret", '{"kind":"token"}'],
    ["secret", '{"kind":"token","sha256":""}'],
    ["secret", '{"kind":"password","passwordHash":{"iterations":0,"salt":"","hash":""}}'],
    ["secret", '{"kind":"password"}'],
    ["secret", '{"kind":"none"}'],
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
