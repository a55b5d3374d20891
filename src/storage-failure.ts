// Failures of an object's storage, told apart by what they say: the platform gives them no code.

export type StorageFailure = {
  /** For people: what is wrong, and what to do. */
  readonly line: string;
  /** Whether one file is the reason. */
  readonly isOfFile: boolean;
};

export const laterVersionText = "stored by a later version";

/** @returns `undefined` for a failure that has nothing to do with the storage */
export function storageFailureOf(error: unknown): StorageFailure | undefined {
  const text = error instanceof Error ? error.message : String(error);
  if (text.includes(laterVersionText)) {
    return { line: `it was ${text.slice(text.indexOf(laterVersionText))}: run that version again`, isOfFile: true };
  }
  if (text.includes("SQLITE_FULL")) return { line: "the disk is full: free some space (SQLITE_FULL)", isOfFile: false };
  // The platform says no more than that when it cannot open the database.
  const why = /internal error; reference = \w+|[\w ]+: SQLITE_(?:NOTADB|CORRUPT|IOERR|CANTOPEN|READONLY)\w*/.exec(text);
  if (why === null) return undefined;
  const cure = "if that goes on, its database is damaged: stop the broker, and restore a backup or remove the file";
  return { line: `its storage does not open (${why[0].trim()}); ${cure}`, isOfFile: true };
}
