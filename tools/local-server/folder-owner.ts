// Only the owner may read what the broker stores: messages, hashes of passwords, and the token. If a folder was made by hand,
// or by an older version, its rights are corrected. A folder that cannot be corrected is refused.

import { access, chmod, constants, lstat, readdir } from "node:fs/promises";
import path from "node:path";
import { StartError } from "./start-error.ts";

const othersMask = 0o077;

/**
 * Removes the rights of all other users from the folder and everything in it. Nobody else can enter the folder then, so
 * files that are made later are safe too, whatever the umask is.
 *
 * @throws {StartError} if something in the folder belongs to another user, or cannot be written
 */
export async function makeOwnersAlone(folder: string): Promise<void> {
  const userId = process.getuid?.();
  if (userId === undefined) return;
  await mend(folder, userId);
  for (const { parentPath, name } of await readdir(folder, { recursive: true, withFileTypes: true })) {
    // The token's file is not corrected but refused, elsewhere: others may have read it.
    if (parentPath === folder && name === "admin-token") continue;
    await mend(path.join(parentPath, name), userId);
  }
}

async function mend(file: string, userId: number): Promise<void> {
  const found = await lstat(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
  });
  if (found === undefined || found.isSymbolicLink()) return;
  const { uid, mode } = found;
  if (uid !== userId && userId !== 0) {
    throw new StartError(
      `${file} belongs to another user, who may read what is stored: choose another folder with --data.`,
    );
  }
  if ((mode & othersMask) !== 0) await chmod(file, mode & 0o777 & ~othersMask);
  await access(file, constants.R_OK | constants.W_OK).catch(({ code }: NodeJS.ErrnoException) => {
    throw new StartError(
      `${file} cannot be written (${code}): give yourself the right to, or choose another folder with --data.`,
    );
  });
}
