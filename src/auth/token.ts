// Generated tokens: 256 random bits, so that a plain hash of a token is as safe as a slow one.

import { sha256 } from "../core/authentication/hmac.ts";

const tokenBytes = 32;
const textEncoder = new TextEncoder();

/** Begins with a prefix by which people, and scanners for leaked secrets, recognise it. */
export function newToken(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(tokenBytes));
  return `dmq_${btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace(/=+$/, "")}`;
}

/** Whether the text could be a token. Other texts need not be looked up. */
export function isTokenText(text: string): boolean {
  return /^dmq_[\w-]{43}$/.test(text);
}

/** In lower-case hexadecimal. */
export function sha256Hex(text: string | Uint8Array): string {
  const hash = sha256(typeof text === "string" ? textEncoder.encode(text) : text);
  return [...hash].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
