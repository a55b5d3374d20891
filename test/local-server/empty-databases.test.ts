import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, it } from "vitest";
import { removeEmptyDatabases } from "../../tools/local-server/empty-databases.ts";
import { undoAfterTest } from "../support/undo.ts";

function emptyFolder() {
  const folder = mkdtempSync(path.join(tmpdir(), "durable-mqtt-test-"));
  undoAfterTest(() => rmSync(folder, { recursive: true, force: true }));
  const classFolder = path.join(folder, "durable-mqtt-SessionObject");
  mkdirSync(classFolder);
  const make = (name: string, ...statements: string[]) => {
    const database = new DatabaseSync(path.join(classFolder, `${name}.sqlite`));
    database.exec("PRAGMA journal_mode = WAL");
    for (const statement of statements) database.exec(statement);
    return database;
  };
  const left = () => readdirSync(classFolder).filter((name) => name.endsWith(".sqlite"));
  return { folder, classFolder, make, left };
}

it("databases without a row are removed, and no others", () => {
  const { folder, classFolder, make, left } = emptyFolder();
  make("nothing").close();
  make("row", "CREATE TABLE session (id INTEGER)", "INSERT INTO session VALUES (1)").close();
  make("alarm").close();
  const metadata = make(
    "metadata",
    "CREATE TABLE _cf_ALARM (actor_id TEXT PRIMARY KEY, scheduled_time INTEGER)",
    "INSERT INTO _cf_ALARM VALUES ('alarm', 1), ('row', 2)",
  );
  writeFileSync(path.join(classFolder, "damaged.sqlite"), "x".repeat(4_096));
  expect(removeEmptyDatabases(folder, () => {})).toBe(2);
  expect(left()).toEqual(["damaged.sqlite", "metadata.sqlite", "row.sqlite"]);
  // The alarm of one that is removed would have it made again.
  expect(metadata.prepare("SELECT actor_id FROM _cf_ALARM").all()).toEqual([{ actor_id: "row" }]);
  metadata.close();
});

it("what a crash has left in the log of a database counts", () => {
  const { folder, classFolder, make, left } = emptyFolder();
  // As after a crash: open, so that their logs stay.
  undoAfterTest(() => [row, none].map((database) => database.close()));
  const version = "CREATE TABLE schema_version (id INTEGER)";
  const row = make("row", "CREATE TABLE session (id INTEGER)", "INSERT INTO session VALUES (1)");
  const none = make("none", version, "INSERT INTO schema_version VALUES (1)", "CREATE TABLE session (id INTEGER)");
  const crashed = readdirSync(classFolder).filter((name) => name.endsWith("-wal"));
  expect(crashed).toEqual(["none.sqlite-wal", "row.sqlite-wal"]);
  expect(removeEmptyDatabases(folder, () => {})).toBe(1);
  expect(left()).toEqual(["row.sqlite"]);
});

it("a database that cannot be read is left alone, and said", () => {
  const { folder, classFolder, left } = emptyFolder();
  writeFileSync(path.join(classFolder, "damaged.sqlite"), "x".repeat(8_192));
  writeFileSync(path.join(classFolder, "damaged.sqlite-wal"), "x");
  const lines: string[] = [];
  expect(removeEmptyDatabases(folder, (line) => lines.push(line))).toBe(0);
  expect(left()).toEqual(["damaged.sqlite"]);
  expect(lines).toEqual([expect.stringContaining("damaged.sqlite cannot be read, and is left as it is")]);
});
