import { createHash, createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import { hmacSha256, isEqual, sha256 } from "../../../src/core/authentication/hmac.ts";

describe("hashes", () => {
  it.each([0, 1, 55, 64, 65, 200])("of %i bytes are those of Node.js", (length) => {
    const bytes = new Uint8Array(length).fill(0x61);
    const text = "ä".repeat(length);
    expect(Buffer.from(sha256(bytes))).toEqual(createHash("sha256").update(bytes).digest());
    expect(Buffer.from(hmacSha256(bytes, text))).toEqual(createHmac("sha256", bytes).update(text).digest());
  });
});

describe("two sequences of bytes", () => {
  const bytes = Uint8Array.of(1, 2, 3);

  it("are equal where each byte is", () => {
    expect(isEqual(bytes, Uint8Array.of(1, 2, 3))).toBe(true);
    expect(isEqual(Uint8Array.of(), Uint8Array.of())).toBe(true);
  });

  it.each([[[0, 2, 3]], [[1, 0, 3]], [[1, 2, 0]], [[1, 2]], [[1, 2, 3, 0]], [[]]])(
    "differ: 1, 2, 3 and %j",
    (other) => {
      expect(isEqual(bytes, Uint8Array.from(other))).toBe(false);
      expect(isEqual(Uint8Array.from(other), bytes)).toBe(false);
    },
  );
});
