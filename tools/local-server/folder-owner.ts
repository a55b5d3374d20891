// Who may read what the broker stores: messages, passwords' hashes and the token are the owner's alone. A folder that was made
// by hand, or by an older version, is mended; what cannot be mended is refused.

import { access, chmod, constants, lstat, readdir } from "node:fs/promises";
import path from "node:path";
import { StartError } from "./start-error.ts";

const othersMask = 0o077;

/**
 * Takes the rights of all others away from the folder and everything in it. A folder that nobody else can enter also keeps
 * what is made in it later, whatever the mask of the process is.
 *
 * @throws {StartError} for a folder that is somebody else's
 */
export async function makeOwnersAlone(folder: string): Promise<void> {
  const userId = process.getuid?.();
  if (userId === undefined) return;
  await mend(folder, userId);
  for (const { parentPath, name } of await readdir(folder, { recursive: true, withFileTypes: true })) {
    // The token's file is refused and not mended: others may have read it.
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
