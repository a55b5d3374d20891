import { describe, expect, it } from "vitest";
import { saslPrepared } from "../../../src/core/authentication/saslprep.ts";

describe("SASLprep", () => {
  // The examples of RFC 4013 section 3, but for the one of text from right to left.
  it.each([
    ["I\u00adX", "IX"],
    ["user", "user"],
    ["USER", "USER"],
    ["\u00aa", "a"],
    ["\u2168", "IX"],
    ["\u0007", undefined],
    ["a\u00a0b", "a b"],
    ["Stra\u00dfe \u{1f600}", "Stra\u00dfe \u{1f600}"],
    ["e\u0301", "\u00e9"],
    ["\ue000", undefined],
    ["\ud800", undefined],
    ["a\u2028b", undefined],
  ])("makes of %j %j", (text, prepared) => {
    expect(saslPrepared(text)).toBe(prepared);
  });
});
