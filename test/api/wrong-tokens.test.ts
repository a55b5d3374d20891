import { describe, expect, it } from "vitest";
import { WrongTokens } from "../../src/api/wrong-tokens.ts";

describe("wrong tokens", () => {
  const startMs = 1_800_000_000_000;

  it("are limited for a minute, for the network that they came from", () => {
    const wrong = new WrongTokens();
    for (let count = 0; count < 100; count += 1) {
      expect(wrong.isLimited("a", startMs)).toBe(false);
      wrong.note("a", startMs);
    }
    expect([wrong.isLimited("a", startMs + 59_999), wrong.isLimited("b", startMs)]).toEqual([true, false]);
    expect(wrong.isLimited("a", startMs + 60_000)).toBe(false);
  });

  it("of more networks than are remembered leave those alone that are", () => {
    const wrong = new WrongTokens();
    for (let count = 0; count < 99; count += 1) wrong.note("a", startMs);
    for (let network = 0; network < 20_000; network += 1) wrong.note(`${network}`, startMs);
    wrong.note("a", startMs);
    expect(wrong.isLimited("a", startMs)).toBe(true);
  });

  it("are limited again after a clock that was set back", () => {
    const wrong = new WrongTokens();
    wrong.note("a", startMs);
    expect(wrong.isLimited("a", startMs - 3_600_000)).toBe(false);
  });
});
