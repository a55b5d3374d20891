// Lets one server at a time use a data folder: two would each keep their own state of the same sessions. The lock is an
// exclusive transaction on an empty SQLite file, which ends with the process, even if it is killed.

import path from "node:path";
import { DatabaseSync } from "node:sqlite";

export type FolderLock = { release(): void };

/** The system's error code for each of SQLite's. */
const codes: Readonly<Record<number, string>> = { 5: "EBUSY", 13: "ENOSPC" };

/** @throws an error with code EBUSY if another server has the folder, ENOSPC if the disk is full, or else SQLite's own */
export function lockFolder(folder: string): FolderLock {
  const database = new DatabaseSync(path.join(folder, "lock.sqlite"));
  try {
    database.exec("PRAGMA locking_mode = EXCLUSIVE");
    database.exec("BEGIN EXCLUSIVE");
    // Checks that the folder can be written; beginning a transaction does not.
    database.exec("CREATE TABLE IF NOT EXISTS lock (id INTEGER)");
  } catch (error) {
    database.close();
    const { errcode } = error as { errcode?: number };
    const code = codes[errcode ?? 0];
    throw code === undefined ? error : Object.assign(new Error(code, { cause: error }), { code });
  }
  return { release: () => database.close() };
}
