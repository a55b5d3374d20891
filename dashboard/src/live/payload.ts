// Decides by its bytes what a payload is, and how it can be shown. Everything but four kinds of images is text, HTML
// and SVG too.

import { type Image, imageOf } from "./image.ts";
import { type JsonToken, jsonTokens } from "./json-tokens.ts";

export type Content =
  | { readonly kind: "empty" }
  | { readonly kind: "number"; readonly text: string; readonly value: number }
  /** `tokens` are the received text, laid out over lines. */
  | { readonly kind: "json"; readonly value: object; readonly tokens: readonly JsonToken[] }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "image"; readonly image: Image }
  | { readonly kind: "binary"; readonly bytes: Uint8Array };

/**
 * At most this much is shown as text or in hexadecimal, because a page with a megabyte of it is slow. A copy or a file
 * has everything.
 */
export const shownBytes = 64 * 1024;

export const viewNames = ["image", "JSON", "text", "hex"] as const;
export type ViewName = (typeof viewNames)[number];

const aNumber = /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what tells text from other bytes.
const controlCharacter = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/;

/** @param isWhole whether these are all bytes of the payload */
export function contentOf(bytes: Uint8Array, isWhole = true): Content {
  if (bytes.length === 0) return { kind: "empty" };
  const image = isWhole ? imageOf(bytes) : undefined;
  if (image !== undefined) return { kind: "image", image };
  const shown = bytes.subarray(0, shownBytes);
  const text = textOf(shown, isWhole && shown.length === bytes.length);
  if (text === undefined) return { kind: "binary", bytes: shown };
  if (aNumber.test(text) && Number.isFinite(Number(text))) return { kind: "number", text, value: Number(text) };
  const value = objectOf(text);
  return value === undefined ? { kind: "text", text } : { kind: "json", value, tokens: jsonTokens(text) };
}

/** @param isWhole if false, the last character may be incomplete, and is left out */
function textOf(bytes: Uint8Array, isWhole: boolean): string | undefined {
  try {
    const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    const text = utf8.decode(bytes, { stream: !isWhole });
    return controlCharacter.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
}

/** The object or array in the text. Other JSON is text to people. */
function objectOf(text: string): object | undefined {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The ways to show it, the best one first; none if it is empty. */
export function viewsOf({ kind }: Content): readonly ViewName[] {
  switch (kind) {
    case "empty":
      return [];
    case "image":
      return ["image", "hex"];
    case "json":
      return ["JSON", "text", "hex"];
    case "binary":
      return ["hex", "text"];
    default:
      return ["text", "hex"];
  }
}

/** The payload as text. Bytes that are not UTF-8 become U+FFFD. */
export function looseText(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { fatal: false, ignoreBOM: true }).decode(bytes);
}

/** The name of a file with this payload: the last level of its topic that has a letter or a digit. */
export function fileNameOf(topic: string, content: Content): string {
  const level = topic.split("/").findLast((one) => /[\p{L}\p{N}]/u.test(one)) ?? "payload";
  const name = level.replaceAll(/[^\p{L}\p{N}._-]+/gu, "-").replace(/^[.-]+/, "");
  return `${[...name].slice(0, 60).join("")}.${extensionOf(content)}`;
}

/** Never an extension that the system would run. */
function extensionOf(content: Content): string {
  if (content.kind === "image") return content.image.type === "image/jpeg" ? "jpg" : content.image.type.slice(6);
  if (content.kind === "binary") return "bin";
  return content.kind === "json" ? "json" : "txt";
}

/** One line, for lists. */
export function summaryOf(content: Content): string {
  switch (content.kind) {
    case "empty":
      return "(empty)";
    case "image":
      return imageText(content.image);
    case "json":
      return content.tokens.map(({ text, kind }) => (kind === "space" ? "" : text)).join("");
    case "binary":
      return hexOf(content.bytes.subarray(0, 24)) + (content.bytes.length > 24 ? " …" : "");
    default:
      return content.text;
  }
}

/** As in "PNG image, 320 × 240". */
export function imageText({ type, width, height }: Image): string {
  const names = { "image/png": "PNG", "image/jpeg": "JPEG", "image/gif": "GIF", "image/webp": "WebP" };
  return `${names[type]} image, ${width} × ${height}`;
}

/** Lines of an offset, 8 bytes in hexadecimal, and the same as ASCII: narrow enough for a phone. */
export function hexLines(bytes: Uint8Array): string {
  const lines: string[] = [];
  for (let offset = 0; offset < bytes.length; offset += 8) {
    const part = bytes.subarray(offset, offset + 8);
    const ascii = [...part].map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "·")).join("");
    lines.push(`${offset.toString(16).padStart(4, "0")}  ${hexOf(part).padEnd(23)}  ${ascii}`);
  }
  return lines.join("\n");
}

/** Two digits per byte, with spaces between. */
export function hexOf(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
}
