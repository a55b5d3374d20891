// Chosen passwords. People choose them badly, so they are hashed slowly, by the object that needs to know. RFC 8018.

import type { PasswordHash } from "../core/access/login.ts";
import { isEqual } from "../core/authentication/hmac.ts";
import { fromBase64, toBase64 } from "../core/base64.ts";

/** The most iterations that Workers compute. */
export const passwordIterations = 100_000;
const saltBytes = 16;
const hashBytes = 32;

export async function hashPassword(password: Uint8Array): Promise<PasswordHash> {
  const salt = crypto.getRandomValues(new Uint8Array(saltBytes));
  const hash = await derive(password, salt, passwordIterations);
  return { iterations: passwordIterations, salt: toBase64(salt), hash: toBase64(hash) };
}

/** Takes the same time whatever the password is. */
export async function isPassword(password: Uint8Array, { iterations, salt, hash }: PasswordHash): Promise<boolean> {
  const derived = await derive(password, fromBase64(salt) ?? new Uint8Array(), iterations);
  return isEqual(derived, fromBase64(hash) ?? new Uint8Array());
}

/** Compared with the password of an unknown username. It never matches. */
export function standInHash(): PasswordHash {
  const random = (bytes: number) => toBase64(crypto.getRandomValues(new Uint8Array(bytes)));
  return { iterations: passwordIterations, salt: random(saltBytes), hash: random(hashBytes) };
}

async function derive(password: Uint8Array, salt: Uint8Array, iterations: number): Promise<Uint8Array> {
  // Copied, because Web Crypto refuses bytes that could be shared.
  const key = await crypto.subtle.importKey("raw", new Uint8Array(password), "PBKDF2", false, ["deriveBits"]);
  const parameters = { name: "PBKDF2", hash: "SHA-256", salt: new Uint8Array(salt), iterations };
  return new Uint8Array(await crypto.subtle.deriveBits(parameters, key, hashBytes * 8));
}
