import { describe, expect, it } from "vitest";
import { fromBase64, toBase64 } from "../../src/core/base64.ts";

describe("base64", () => {
  it("is that of Node.js, in both directions", () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => (index * 89) & 0xff);
    for (let length = 0; length <= bytes.length; length++) {
      const part = bytes.slice(0, length);
      const text = Buffer.from(part).toString("base64");
      expect(toBase64(part)).toBe(text);
      expect(fromBase64(text)).toEqual(part);
    }
  });

  it.each([
    "A",
    "AA",
    "AAA",
    "AA=",
    "AAA==",
    "A===",
    "====",
    "AB==",
    "AAB=",
    "AA==AA==",
    "AA AA",
    "AA-_",
    "AAAA\n",
    "ÄAAA",
  ])("is not %j", (text) => {
    expect(fromBase64(text)).toBeUndefined();
  });
});
