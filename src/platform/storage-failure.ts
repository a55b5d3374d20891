// Recognises failures of an object's storage by their messages: they have no code.

export type StorageFailure = {
  /** One line for people: what is wrong, and what to do. */
  readonly line: string;
  /** Whether the object's own file is, or may be, the reason. */
  readonly isOfFile: boolean;
};

export const laterVersionText = "stored by a later version";
export const unopenedText = "its storage does not open";
/** Cloudflare reports the same for an object that has reached its limit of 10 GB. */
export const diskFullLine = "the disk is full: free some space, and the broker goes on by itself";

/** @returns `undefined` for a failure that has nothing to do with the storage */
export function storageFailureOf(error: unknown): StorageFailure | undefined {
  const text = error instanceof Error ? error.message : String(error);
  if (text.includes(laterVersionText)) {
    return { line: `it was ${text.slice(text.indexOf(laterVersionText))}: run that version again`, isOfFile: true };
  }
  if (text.includes("SQLITE_FULL")) return { line: diskFullLine, isOfFile: false };
  // The platform says no more than this when it cannot open the database, even if the disk is full.
  const why = /internal error; reference = \w+|[\w ]+: SQLITE_(?:NOTADB|CORRUPT|IOERR|CANTOPEN|READONLY)\w*/.exec(text);
  if (why === null) return undefined;
  const cure =
    "if that goes on and the disk is not full, its database is damaged: stop the broker, and restore a backup or remove the file";
  return { line: `${unopenedText} (${why[0].trim()}); ${cure}`, isOfFile: true };
}
