// The key to the API of a broker on this machine, if no variable sets one. It is made once and kept in the data folder,
// in a file that only its owner can read. The folder must be locked.

import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import path from "node:path";
import { textOfUtf8 } from "../../src/core/utf8.ts";
import { StartError } from "./start-error.ts";

export type AdminToken = { readonly token: string; readonly file: string };

const tokenBytes = 32;
/** 32 random bytes in base64url. */
const pattern = /^[\w-]{43}$/;
const ownerOnly = 0o600;

/** @throws {StartError} if others could have read or written the file, or if it holds no token */
export async function keptAdminToken(folder: string): Promise<AdminToken> {
  const file = path.join(folder, "admin-token");
  try {
    return { file, token: (await read(file)) ?? (await make(file)) };
  } catch (error) {
    if (error instanceof StartError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOSPC") {
      throw new StartError(
        `${file} cannot be made, because the disk is full: free some space, or choose another with --data.`,
      );
    }
    const isLink = code === "ELOOP";
    const why = isLink ? "is a link" : `cannot be used (${code ?? message})`;
    throw new StartError(`${file} ${why}: remove it, and the next start makes another.`, { cause: error });
  }
}

async function read(file: string): Promise<string | undefined> {
  // A link could point to anybody's file. Windows has no such flag.
  const handle = await open(file, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0)).catch(orNothing);
  if (handle === undefined) return undefined;
  try {
    await checkOwner(handle, file);
    const text = textOfUtf8(await handle.readFile())?.trim();
    if (text !== undefined && pattern.test(text)) return text;
    throw new StartError(`${file} holds no token: remove it, and the next start makes another.`);
  } finally {
    await handle.close();
  }
}

async function checkOwner(handle: FileHandle, file: string): Promise<void> {
  const userId = process.getuid?.();
  if (userId === undefined) return;
  const { uid, mode } = await handle.stat();
  if (uid === userId && (mode & 0o077) === 0) return;
  throw new StartError(
    `Other users of this machine may have read the token in ${file}: remove it, and the next start makes another.`,
  );
}

/** Written whole or not at all: half a token would keep the server from starting. */
async function make(file: string): Promise<string> {
  const token = randomBytes(tokenBytes).toString("base64url");
  const unfinished = `${file}.new`;
  await rm(unfinished, { force: true });
  // "x" makes the file, and follows no link.
  const handle = await open(unfinished, "wx", ownerOnly);
  try {
    await handle.writeFile(`${token}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(unfinished, file);
  return token;
}

function orNothing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== "ENOENT") throw error;
}
