// Reads the body of a request once: up to a limit, and as text.

import type { MiddlewareHandler } from "hono";
import { textOfUtf8 } from "../core/utf8.ts";
import type { ApiEnv } from "./context.ts";
import { ApiError } from "./errors.ts";

/** The longest topic, if each of its bytes is written as an escape of six characters. */
const maximumTopicBytes = 6 * 65_536;

/**
 * A body over the limit is still read, up to this many bytes more, and thrown away. Otherwise a client that is still sending
 * would see a reset connection instead of the answer.
 */
const maximumDiscardedBytes = 16 * 1_048_576;

/**
 * Reads the body for the operation, which finds it as JSON.
 * @throws {ApiError} 413 for a body over the limit, 400 for one that is not text
 */
export const textBody: MiddlewareHandler<ApiEnv> = async ({ env, req }, next) => {
  // The largest message fits, with any topic, as Base64 or with an escape for every other character.
  const maxBytes = env.settings.limits.maximumPacketBytes * 2 + maximumTopicBytes;
  const bytes = await readBytes(req.raw, maxBytes);
  if (bytes === undefined) throw new ApiError(413, "too-large", `send at most ${maxBytes} bytes`);
  const text = textOfBody(bytes);
  // Hono caches promises here, and parses JSON from this one.
  Object.assign(req.bodyCache, { text: Promise.resolve(text) });
  return next();
};

/** @returns `undefined` if the body has more than `maxBytes` */
async function readBytes({ body }: Request, maxBytes: number): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.length;
    if (bytes <= maxBytes) chunks.push(chunk);
    else if (bytes > maxBytes + maximumDiscardedBytes) break;
  }
  return bytes > maxBytes ? undefined : new Blob(chunks).bytes();
}

/**
 * A lenient decoder would replace what is not text with U+FFFD, and the broker would store another text than was sent.
 * @throws {ApiError} 400 for bytes that are not UTF-8, and for an escape of half a surrogate pair
 */
function textOfBody(bytes: Uint8Array): string {
  const text = textOfUtf8(bytes)?.replace(/^\uFEFF/, "");
  if (text === undefined) {
    throw new ApiError(400, "invalid-text", "send the body as UTF-8; a payload of other bytes goes as Base64");
  }
  // Only an escape can hold half a pair.
  if (/\\u[dD][89a-fA-F]/.test(text) && hasLoneSurrogate(text)) {
    const message = "the body has an escape for half of a surrogate pair: send whole characters";
    throw new ApiError(400, "invalid-text", message);
  }
  return text;
}

/** @returns false for a text that is not JSON: the operation refuses it */
function hasLoneSurrogate(json: string): boolean {
  let isFound = false;
  try {
    JSON.parse(json, (key, value) => {
      if (!key.isWellFormed() || (typeof value === "string" && !value.isWellFormed())) isFound = true;
      return value;
    });
  } catch {
    return false;
  }
  return isFound;
}
