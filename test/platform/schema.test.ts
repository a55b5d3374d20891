import { describe, expect, it } from "vitest";
import { blob, Schema } from "../../src/platform/schema.ts";
import { NodeSqlStorage } from "../support/node-sql-storage.ts";

const first = { note: "CREATE TABLE note (text TEXT)", mark: "CREATE TABLE mark (text TEXT)" };
const second = { note: "ALTER TABLE note ADD COLUMN author TEXT DEFAULT 'nobody'" };

const insert = (schema: Schema, table: string, text = "hello") =>
  schema.insert(table, `INSERT INTO ${table} (text) VALUES (?)`, text);
const notes = (schema: Schema) => schema.rows("note", "SELECT * FROM note");
const marks = (schema: Schema) => schema.rows("mark", "SELECT * FROM mark");

describe("the tables of an object", () => {
  it("are made each when something is first put into it, once", () => {
    const { storage, tables } = parts();
    const schema = new Schema(storage, [first]);
    schema.change("note", "DELETE FROM note");
    expect([schema.exists, notes(schema), tables()]).toEqual([false, [], []]);
    insert(schema, "note");
    insert(schema, "note", "again");
    expect([schema.exists, notes(schema), marks(schema)]).toEqual([true, [{ text: "hello" }, { text: "again" }], []]);
    expect(tables()).toEqual(["note", "schema_version"]);
    insert(schema, "mark");
    expect(tables()).toEqual(["mark", "note", "schema_version"]);
  });

  it("are known again at the next start", () => {
    const { storage } = parts();
    insert(new Schema(storage, [first]), "note");
    const schema = new Schema(storage, [first]);
    expect([schema.exists, notes(schema), marks(schema)]).toEqual([true, [{ text: "hello" }], []]);
    schema.change("note", "DELETE FROM note");
    expect(notes(schema)).toEqual([]);
  });

  it("are brought to the present version at a start, and what is in them stays", () => {
    const { sql, storage } = parts();
    insert(new Schema(storage, [first]), "note");
    const schema = new Schema(storage, [first, second]);
    expect(notes(schema)).toEqual([{ text: "hello", author: "nobody" }]);
    expect(sql.exec("SELECT version FROM schema_version").one()).toEqual({ version: 2 });
  });

  it("are made of the present version where an older one had no need of them", () => {
    const { storage } = parts();
    insert(new Schema(storage, [first]), "mark");
    const schema = new Schema(storage, [first, second]);
    insert(schema, "note");
    expect(notes(schema)).toEqual([{ text: "hello", author: "nobody" }]);
  });

  it("are made as a whole or not at all, however the disk fails", () => {
    const { storage, tables } = parts();
    const schema = new Schema(storage, [first, { note: "no SQL" }]);
    expect(() => insert(schema, "note")).toThrow("syntax error");
    expect([tables(), schema.exists, notes(schema)]).toEqual([[], false, []]);
    insert(schema, "mark");
    expect(tables()).toEqual(["mark", "schema_version"]);
  });

  it("are not there if the rest of their transaction failed", () => {
    const { storage, tables } = parts();
    const schema = new Schema(storage, [first]);
    const act = () => {
      insert(schema, "note");
      throw new Error("no");
    };
    expect(() => schema.atomically(act)).toThrow("no");
    expect([tables(), schema.exists, notes(schema)]).toEqual([[], false, []]);
  });

  it("are left alone by an older program", () => {
    const { storage } = parts();
    insert(new Schema(storage, [first, second]), "mark");
    expect(() => new Schema(storage, [first])).toThrow("stored by a later version (schema 2, this one knows 1)");
  });

  it("are made again after the storage was deleted as a whole", async () => {
    const { storage, tables } = parts();
    const schema = new Schema(storage, [first]);
    insert(schema, "note");
    await schema.deleteAll();
    expect([schema.exists, notes(schema), tables()]).toEqual([false, [], []]);
    insert(schema, "note");
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
