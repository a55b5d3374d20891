// What a payload is, as far as its bytes tell, and how it is shown: always as text.

import { type JsonToken, jsonTokens } from "./json-tokens.ts";

export type Content =
  | { readonly kind: "empty" }
  | { readonly kind: "number"; readonly text: string; readonly value: number }
  /** `tokens` are the text as it came, laid out over lines. */
  | { readonly kind: "json"; readonly value: object; readonly tokens: readonly JsonToken[] }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "binary"; readonly bytes: Uint8Array };

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const aNumber = /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what tells text from other bytes.
const controlCharacter = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/;

export function contentOf(bytes: Uint8Array): Content {
  if (bytes.length === 0) return { kind: "empty" };
  const text = textOf(bytes);
  if (text === undefined) return { kind: "binary", bytes };
  if (aNumber.test(text) && Number.isFinite(Number(text))) return { kind: "number", text, value: Number(text) };
  const value = objectOf(text);
  return value === undefined ? { kind: "text", text } : { kind: "json", value, tokens: jsonTokens(text) };
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    const text = utf8.decode(bytes);
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

/** One line, for lists. */
export function summaryOf(content: Content): string {
  switch (content.kind) {
    case "empty":
      return "(empty)";
    case "json":
      return content.tokens.map(({ text, kind }) => (kind === "space" ? "" : text)).join("");
    case "binary":
      return hexOf(content.bytes.subarray(0, 24)) + (content.bytes.length > 24 ? " …" : "");
    default:
      return content.text;
  }
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

function hexOf(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
}
