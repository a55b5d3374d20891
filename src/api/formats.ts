// Values in JSON.

import { z } from "@hono/zod-openapi";

export const time = z.iso.datetime().openapi({ example: "2026-11-23T12:00:00.000Z" });

export function timeOf(atMs: number): string {
  return new Date(atMs).toISOString();
}

export const qos = z
  .union([z.literal(0), z.literal(1), z.literal(2)])
  .openapi({ type: "integer", description: "Quality of Service" });

export const encoding = z
  .enum(["utf-8", "base64"])
  .openapi({ description: "How `payload` is written; `base64` is RFC 4648 section 4, with padding" });

/**
 * Uses the platform's decoder, because megabytes would take long otherwise. Strict, because a lenient one would drop
 * characters.
 */
export function bytesOfBase64(text: string): Uint8Array | undefined {
  try {
    return /^[A-Za-z0-9+/]*={0,2}$/.test(text) && text.length % 4 === 0
      ? Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
      : undefined;
  } catch {
    return undefined;
  }
}

export function base64Of(bytes: Uint8Array): string {
  const parts: string[] = [];
  for (let start = 0; start < bytes.length; start += 8_192) {
    parts.push(String.fromCharCode(...bytes.subarray(start, start + 8_192)));
  }
  return btoa(parts.join(""));
}

/** How many of something. */
export const count = z.number().int().min(0);
