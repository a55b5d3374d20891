import { describe, expect, it, vi } from "vitest";
import { ApiTokenTable, apiTokenMigration } from "../../../src/objects/access/api-token-table.ts";
import { Schema } from "../../../src/platform/schema.ts";
import { NodeSqlStorage } from "../../support/node-sql-storage.ts";

function parts() {
  const sql = new NodeSqlStorage();
  const open = () => new ApiTokenTable(new Schema(sql.storage, [{ api_token: apiTokenMigration }]));
  return { sql, open, table: open() };
}

const token = (id: string) => ({ id, name: `token ${id}`, scopes: ["publish", "stats:read"], createdAtMs: 1 });

describe("API tokens", () => {
  it("are found by their hash, also at the next start, until they are deleted", () => {
    const { table, open } = parts();
    expect([table.findBySha256("a"), table.page("", 9), table.delete("1")]).toEqual([undefined, [], false]);
    table.put(token("1"), "a");
    table.put(token("2"), "b");
    for (const each of [table, open()]) {
      expect(each.findBySha256("b")).toEqual(token("2"));
      expect([each.page("", 1), each.page("1", 9)]).toEqual([[token("1")], [token("2")]]);
    }
    expect([table.delete("1"), table.delete("1"), table.findBySha256("a")]).toEqual([true, false, undefined]);
  });

  it.each(["{", "null", '"publish"', "[1]"])("whose scopes are %s may do nothing, and harm no others", (scopes) => {
    const { table, sql } = parts();
    const logged = vi.spyOn(console, "error").mockImplementation(() => {});
    table.put(token("1"), "a");
    table.put(token("2"), "b");
    sql.exec("UPDATE api_token SET scopes = ? WHERE id = '1'", scopes);
    expect(table.findBySha256("a")).toBeUndefined();
    expect(String(logged.mock.calls)).toMatch(/"an API token cannot be read","id":"1"/);
    expect([table.page("", 1), table.page("", 9)]).toEqual([[token("2")], [token("2")]]);
    expect(table.delete("1")).toBe(true);
    logged.mockRestore();
  });
});
