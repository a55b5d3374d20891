import { describe, expect, it } from "vitest";
import { blob, rows, Schema } from "../../src/objects/schema.ts";
import { NodeSqlStorage } from "../support/node-sql-storage.ts";

const first = ["CREATE TABLE note (text TEXT)"];
const second = ["ALTER TABLE note ADD COLUMN author TEXT DEFAULT 'nobody'"];

describe("the tables of an object", () => {
  it("are made at the first write, once", () => {
    const { sql, storage, ...node } = parts();
    const schema = new Schema(storage, [first]);
    expect([schema.exists, rows(schema, sql, "SELECT * FROM note")]).toEqual([false, []]);
    schema.ensure();
    schema.ensure();
    expect(node.tables()).toEqual(["note", "schema_version"]);
    expect(schema.exists).toBe(true);
  });

  it("are brought to the present version at a start, and what is in them stays", () => {
    const { sql, storage } = parts();
    new Schema(storage, [first]).ensure();
    sql.exec("INSERT INTO note VALUES ('hello')");
    const schema = new Schema(storage, [first, second]);
    expect(rows(schema, sql, "SELECT * FROM note")).toEqual([{ text: "hello", author: "nobody" }]);
    expect(sql.exec("SELECT version FROM schema_version").one()).toEqual({ version: 2 });
  });

  it("are made as a whole or not at all, however the disk fails", () => {
    const { storage, tables } = parts();
    expect(() => new Schema(storage, [first, ["no SQL"]]).ensure()).toThrow("syntax error");
    expect(tables()).toEqual([]);
    const schema = new Schema(storage, [first]);
    schema.ensure();
    expect(schema.exists).toBe(true);
  });

  it("are all made for an object that is new", () => {
    const { sql, storage } = parts();
    const schema = new Schema(storage, [first, second]);
    schema.ensure();
    sql.exec("INSERT INTO note (text) VALUES ('hello')");
    expect(rows(schema, sql, "SELECT author FROM note")).toEqual([{ author: "nobody" }]);
  });

  it("are left alone by an older program", () => {
    const { storage } = parts();
    new Schema(storage, [first, second]).ensure();
    expect(() => new Schema(storage, [first])).toThrow("stored by a later version (schema 2, this one knows 1)");
  });

  it("are made again after the storage was deleted as a whole", async () => {
    const { storage, tables } = parts();
    const schema = new Schema(storage, [first]);
    schema.ensure();
    schema.forget();
    await storage.deleteAll();
    expect(schema.exists).toBe(false);
    schema.ensure();
    expect(tables()).toEqual(["note", "schema_version"]);
  });
});

describe("the buffer that SQLite is given", () => {
  it("holds the bytes of a view and no others", () => {
    const whole = Uint8Array.of(1, 2, 3, 4);
    expect(new Uint8Array(blob(whole))).toEqual(whole);
    expect(new Uint8Array(blob(whole.subarray(1, 3)))).toEqual(Uint8Array.of(2, 3));
  });
});

function parts() {
  const node = new NodeSqlStorage();
  return { sql: node.sql, storage: node.storage, tables: () => node.tables() };
}
