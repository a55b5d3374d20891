// One server at a time for each data folder: two would each keep its own state of the same sessions. The lock is an
// exclusive transaction on an empty SQLite file, which the operating system ends with the process, however that ends.

import path from "node:path";
import { DatabaseSync } from "node:sqlite";

export type FolderLock = { release(): void };

const sqliteBusy = 5;

/** @throws an error with code EBUSY when another server has the folder; SQLite's own when it cannot be written */
export function lockFolder(folder: string): FolderLock {
  const database = new DatabaseSync(path.join(folder, "lock.sqlite"));
  try {
    database.exec("PRAGMA locking_mode = EXCLUSIVE");
    database.exec("BEGIN EXCLUSIVE");
    // Sees to it that the folder can be written, which beginning alone does not.
    database.exec("CREATE TABLE IF NOT EXISTS lock (id INTEGER)");
  } catch (error) {
    database.close();
    const { errcode } = error as { errcode?: number };
    throw errcode === sqliteBusy ? Object.assign(new Error("locked"), { code: "EBUSY", cause: error }) : error;
  }
  return { release: () => database.close() };
}
