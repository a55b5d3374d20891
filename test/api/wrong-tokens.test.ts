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

  it("of more networks than are remembered leave those alone that are, and limit the others", () => {
    const wrong = new WrongTokens();
    for (let count = 0; count < 99; count += 1) wrong.note("a", startMs);
    for (let network = 0; network < 20_000; network += 1) wrong.note(`${network}`, startMs);
    expect([wrong.isLimited("a", startMs), wrong.isLimited("new", startMs)]).toEqual([false, true]);
    wrong.note("a", startMs);
    expect(wrong.isLimited("a", startMs)).toBe(true);
  });

  it("are limited again after a clock that was set back", () => {
    const wrong = new WrongTokens();
    wrong.note("a", startMs);
    expect(wrong.isLimited("a", startMs - 3_600_000)).toBe(false);
  });
});

describe("a token of a limited network", () => {
  const startMs = 1_800_000_000_000;
  const hash = (start: string) => start.padEnd(64, "0");

  /** What the access object has, and how often it was asked for it. */
  function scene(...tokens: string[]) {
    const wrong = new WrongTokens();
    const access = { tokens: tokens.map(hash), reads: 0 };
    const read = async () => {
      access.reads += 1;
      return access.tokens.map((token) => token.slice(0, 16));
    };
    const mayBeRight = (token: string, atMs = startMs, namespace = "default") =>
      wrong.mayBeRight(namespace, hash(token), atMs, read);
    return { wrong, access, mayBeRight };
  }

  it("is asked for if it could be right, and the list is read once a second [B142]", async () => {
    const { access, mayBeRight } = scene("aa");
    for (let count = 0; count < 1_000; count += 1) {
      expect(await mayBeRight(`bb${count}`, startMs + count)).toBe(false);
      expect(await mayBeRight("aa", startMs + count)).toBe(true);
    }
    expect(access.reads).toBe(1);
    access.tokens.push(hash("cc"));
    expect([await mayBeRight("cc", startMs + 999), await mayBeRight("cc", startMs + 1_000)]).toEqual([false, true]);
    expect(access.reads).toBe(2);
  });

  it("is asked for if it was right before, or is just made, whatever the list says [B142]", async () => {
    const { wrong, access, mayBeRight } = scene();
    expect(await mayBeRight("aa")).toBe(false);
    wrong.noteRight("default", hash("aa"));
    expect([await mayBeRight("aa"), await mayBeRight("aa", startMs, "other")]).toEqual([true, false]);
    expect(access.reads).toBe(2);
  });

  it("is asked for where the list cannot be had: the object is of an older version", async () => {
    const wrong = new WrongTokens();
    expect(await wrong.mayBeRight("default", hash("aa"), startMs, async () => undefined)).toBe(true);
  });

  it("has 200 lists read a second at most, however many namespaces it is tried in", async () => {
    const { access, mayBeRight } = scene("aa");
    for (let count = 0; count < 5_000; count += 1) await mayBeRight("bb", startMs, `n${count}`);
    expect(access.reads).toBe(200);
  });
});
