// workerd makes a database for every object that starts, even if nothing is stored in it, and keeps the file for ever. So
// refused clients and ended sessions leave files. Databases without rows are removed before workerd starts.

import { readdirSync, rmSync, statSync } from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";

const pageBytes = 4_096;
/** Each table has its own page. The runtime makes one table, and our first is the version of our schema. */
const emptyPagesAtMost = 3;
/** The file with the alarms of all objects of a class. */
const alarmFile = "metadata.sqlite";
const suffix = ".sqlite";
/** Tables whose rows mean nothing if all other tables are empty. */
const furnishings = ["schema_version", "_cf_METADATA"];

/**
 * The folder must be locked, and no runtime may be using it. A file that cannot be read is kept, and logged.
 * @returns how many databases were removed
 */
export function removeEmptyDatabases(folder: string, log: (line: string) => void): number {
  let removed = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (!entry.isDirectory() || !entry.name.startsWith("durable-mqtt-")) continue;
    removed += removeIn(path.join(folder, entry.name), log);
  }
  return removed;
}

function removeIn(folder: string, log: (line: string) => void): number {
  const objectIds = readdirSync(folder)
    .filter((name) => name.endsWith(suffix) && name !== alarmFile)
    .map((name) => name.slice(0, -suffix.length));
  const fileOf = (objectId: string) => path.join(folder, objectId + suffix);
  const readable = <T>(file: string, read: () => T): T | undefined => {
    try {
      return read();
    } catch (error) {
      log(`${file} cannot be read, and is left as it is: ${(error as Error).message}`);
      return undefined;
    }
  };
  const empty = objectIds.filter((objectId) => readable(fileOf(objectId), () => isEmpty(fileOf(objectId))));
  const alarms = path.join(folder, alarmFile);
  if (readable(alarms, () => removeAlarms(alarms, empty)) === undefined) return 0;
  for (const file of empty.map(fileOf)) {
    // The database goes last: after a crash in between it can still be opened.
    for (const part of [`${file}-shm`, `${file}-wal`, file]) rmSync(part, { force: true });
  }
  return empty.length;
}

/** A database with more pages than an empty one has is not even opened. */
function isEmpty(file: string): boolean {
  const walBytes = statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  if (walBytes === 0 && statSync(file).size > emptyPagesAtMost * pageBytes) return false;
  return !hasRows(file);
}

/** Also sees rows that are in the write-ahead log only. */
function hasRows(file: string): boolean {
  const database = new DatabaseSync(file);
  try {
    const tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all();
    return tables
      .map(({ name }) => String(name))
      .filter((name) => !furnishings.includes(name) && !name.startsWith("sqlite_"))
      .some((name) => database.prepare(`SELECT 1 FROM "${name.replaceAll('"', '""')}" LIMIT 1`).get() !== undefined);
  } finally {
    database.close();
  }
}

/** An object without rows has nothing to do, and its alarm would only make the file again. */
function removeAlarms(file: string, objectIds: readonly string[]): number {
  if (objectIds.length === 0 || statSync(file, { throwIfNoEntry: false }) === undefined) return 0;
  const database = new DatabaseSync(file);
  try {
    const statement = database.prepare("DELETE FROM _cf_ALARM WHERE actor_id = ?");
    database.exec("BEGIN");
    const removed = objectIds.map((objectId) => Number(statement.run(objectId).changes));
    database.exec("COMMIT");
    return removed.reduce((sum, count) => sum + count, 0);
  } finally {
    database.close();
  }
}
