// Credentials as they come from the disk. A broken credential counts as none, and so lets nobody in.

import { fromBase64 } from "../base64.ts";
import type { Credential, StoredCredential, StoredSecret } from "./credential.ts";
import type { PasswordHash } from "./login.ts";
import { readAccessRules } from "./read-access-rules.ts";

/** The size of a SHA-256 hash. */
const hashBytes = 32;

/**
 * @param fields as JSON has them, without `id` and `username`
 * @throws {Error} if anything is missing, or is something else
 */
export function readCredential(id: string, username: string, fields: unknown, secret: unknown): StoredCredential {
  const credential = { ...(fields as Omit<Credential, "id" | "username">), id, username };
  const { kind, name, maximumClients, isEnabled, expiresAtMs, createdAtMs, updatedAtMs } = credential;
  const times = [expiresAtMs, createdAtMs, updatedAtMs];
  const isSound =
    kind === (secret as StoredSecret).kind &&
    typeof name === "string" &&
    typeof isEnabled === "boolean" &&
    (maximumClients === null || Number.isSafeInteger(maximumClients)) &&
    times.every(Number.isSafeInteger);
  if (!isSound) throw new Error("a field is none");
  return { credential: { ...credential, rules: readAccessRules(credential.rules) }, secret: readSecret(secret) };
}

function readSecret(value: unknown): StoredSecret {
  const secret = value as StoredSecret;
  switch (secret.kind) {
    case "token":
    case "certificate":
      if (typeof secret.sha256 === "string" && /^[0-9a-f]{64}$/.test(secret.sha256)) return secret;
      break;
    case "password":
      if (isPasswordHash(secret.passwordHash)) return secret;
      break;
    case "scram":
      return secret;
    default:
      secret satisfies never;
  }
  throw new Error("its secret is none");
}

function isPasswordHash({ iterations, salt, hash }: PasswordHash): boolean {
  return Number.isSafeInteger(iterations) && iterations > 0 && bytesIn(salt) > 0 && bytesIn(hash) === hashBytes;
}

function bytesIn(base64: unknown): number {
  return typeof base64 === "string" ? (fromBase64(base64)?.length ?? 0) : 0;
}
