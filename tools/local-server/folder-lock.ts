// One server at a time for each data folder: two would each keep its own state of the same sessions. The lock is an
// exclusive transaction on an empty SQLite file, which the operating system ends with the process, however that ends.

import path from "node:path";
import { DatabaseSync } from "node:sqlite";

export type FolderLock = { release(): void };

/** SQLite's codes, as the system has them for other files. */
const codes: Readonly<Record<number, string>> = { 5: "EBUSY", 13: "ENOSPC" };

/** @throws an error with code EBUSY when another server has the folder, ENOSPC when the disk is full; else SQLite's own */
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
    const code = codes[errcode ?? 0];
    throw code === undefined ? error : Object.assign(new Error(code, { cause: error }), { code });
  }
  return { release: () => database.close() };
}
