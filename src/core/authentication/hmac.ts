// SHA-256 and HMAC, and the only file that knows where they come from. The platform's own are asynchronous, but here a
// packet is handled before the next one is read.

import { hmac } from "@noble/hashes/hmac.js";
import { sha256 as hash } from "@noble/hashes/sha2.js";

const textEncoder = new TextEncoder();

export function sha256(bytes: Uint8Array): Uint8Array {
  return hash(bytes);
}

export function hmacSha256(key: Uint8Array, text: string): Uint8Array {
  return hmac(hash, key, textEncoder.encode(text));
}

/** Takes the same time for any two of the same length, so that the time reveals nothing about a secret. */
export function isEqual(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false;
  let difference = 0;
  for (const [index, byte] of one.entries()) difference |= byte ^ (other[index] as number);
  return difference === 0;
}
