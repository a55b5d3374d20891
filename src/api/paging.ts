// Lists come in pages. A cursor says where the next page begins. Its content is private to the list.

import { z } from "@hono/zod-openapi";
import { utf8Decoder } from "../core/utf8.ts";
import { ApiError } from "./errors.ts";

export const pageQuery = {
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(1000)
    .default(100)
    .openapi({ description: "The most items to answer. There may be fewer even if more follow: see `next`" }),
  after: z.string().max(100_000).optional().openapi({ description: "`next` of the page before" }),
};

export function pageOf<Item extends z.ZodType>(name: string, item: Item) {
  return z
    .strictObject({
      items: z.array(item),
      next: z.string().nullable().openapi({ description: "For `after` of the next page; null at the end" }),
    })
    .openapi(name);
}

/** @param position plain JSON */
export function cursorOf(position: unknown): string {
  const bytes = new TextEncoder().encode(JSON.stringify(position));
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/**
 * @param schema of the position that `cursorOf` was given
 * @throws {ApiError}
 */
export function positionOf<Position>(cursor: string | undefined, schema: z.ZodType<Position>): Position | undefined {
  if (cursor === undefined) return undefined;
  try {
    const binary = atob(cursor.replaceAll("-", "+").replaceAll("_", "/"));
    const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
    return schema.parse(JSON.parse(utf8Decoder.decode(bytes)));
  } catch {
    throw new ApiError(400, "invalid-cursor", "after: give `next` of the page before, of the same list");
  }
}
