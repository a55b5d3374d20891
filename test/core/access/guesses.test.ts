// How often passwords may be guessed: by name and by address, and what that does to those who know theirs.

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { Guesses, type GuessSource } from "../../../src/core/access/guesses.ts";

const nowMs = 1_800_000_000_000;
const hourMs = 3_600_000;

const newGuesses = () => new Guesses("of chance");

function source(fields: Partial<GuessSource> = {}): GuessSource {
  return { username: "victim", isKnown: true, address: "a", clientId: "attacker", isOwn: false, ...fields };
}

/** How many of `count` wrong guesses are judged, and how many only seem to be. */
function guess(
  guesses: Guesses,
  count: number,
  of: (index: number) => Partial<GuessSource> = () => ({}),
  atMs: (index: number) => number = () => nowMs,
) {
  const counts = { judge: 0, pretend: 0, wait: 0 };
  for (let index = 0; index < count; index += 1) {
    counts[guesses.take(source(of(index)), atMs(index)).outcome] += 1;
  }
  return counts;
}

/** A login with the right secret. */
function logIn(guesses: Guesses, fields: Partial<GuessSource>, atMs = nowMs): string {
  const verdict = guesses.take(source({ clientId: "own", ...fields }), atMs);
  if (verdict.outcome !== "judge") return verdict.outcome;
  guesses.onRight(source({ clientId: "own", ...fields }), atMs, verdict.allowance);
  return verdict.allowance;
}

/** What is in use. */
function heapBytes(): number {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
  return process.memoryUsage().heapUsed;
}

const overAnHour = (count: number) => (index: number) => nowMs + (index * hourMs) / count;

describe("wrong guesses", () => {
  it("at one name from one address are 20, then 120 an hour [B140]", () => {
    expect(guess(newGuesses(), 10_000).judge).toBe(20);
    expect(guess(newGuesses(), 10_000, undefined, overAnHour(10_000)).judge).toBe(139);
  });

  it("at one name from many addresses are 200, then 600 an hour [B140]", () => {
    const from = (index: number) => ({ address: `a${index}` });
    expect(guess(newGuesses(), 10_000, from).judge).toBe(200);
    expect(guess(newGuesses(), 10_000, from, overAnHour(10_000)).judge).toBe(799);
  });

  it("from one address at names that do not exist are 100, then 600 an hour, and others only look judged [B140]", () => {
    for (const address of ["a", undefined]) {
      const at = (index: number) => ({ username: `n${index}`, isKnown: false, address });
      const counts = guess(newGuesses(), 1_000, at);
      expect(counts.judge).toBe(100);
      expect(counts.pretend).toBeGreaterThan(800);
      expect(guess(newGuesses(), 10_000, at, overAnHour(10_000)).judge).toBe(699);
    }
  });

  it("from one address at names that exist are 100 more, each of three at most [B140]", () => {
    expect(guess(newGuesses(), 10_000, (index) => ({ username: `n${index % 1_000}` })).judge).toBe(200);
    const guesses = newGuesses();
    guess(guesses, 200, (index) => ({ username: `n${index}`, isKnown: false }));
    expect(guess(guesses, 100).judge).toBe(3);
  });

  it("at a name that does not exist are counted as at one that does", () => {
    const [known, unknown] = [newGuesses(), newGuesses()];
    const outcomes = (guesses: Guesses, isKnown: boolean) =>
      Array.from({ length: 300 }, (_, index) => {
        const address = index < 100 ? "a" : `b${index}`;
        const verdict = guesses.take(source({ isKnown, address }), nowMs);
        return verdict.outcome;
      });
    expect(outcomes(known, true)).toEqual(outcomes(unknown, false));
  });

  it("count again after a clock that was set back, and not as if time had passed", () => {
    const guesses = newGuesses();
    guess(guesses, 100);
    expect(guess(guesses, 100, undefined, () => nowMs - hourMs).judge).toBe(0);
  });
});

describe("a right secret", () => {
  it("from another address is not put off by guesses at its name [B141]", () => {
    const guesses = newGuesses();
    guess(guesses, 10_000);
    expect(logIn(guesses, { address: "b" })).toBe("usual");
  });

  it("from the same address is not put off by guesses at other names, that exist or not [B141]", () => {
    for (const isKnown of [true, false]) {
      const guesses = newGuesses();
      const names = isKnown ? 20 : 10_000;
      guess(guesses, 10_000, (index) => ({ username: `n${index % names}`, isKnown }));
      expect(logIn(guesses, {})).toBe("late");
    }
  });

  it("of a client that has shown it before, from there, is put off by no others, wherever they guess [B141]", () => {
    for (const address of ["a", undefined]) {
      const guesses = newGuesses();
      expect(logIn(guesses, { address })).toBe("usual");
      guess(guesses, 10_000, () => ({ address }));
      guess(guesses, 10_000, (index) => ({ address: `b${index}` }));
      guess(guesses, 10_000, (index) => ({ address, username: `n${index}`, isKnown: false }));
      expect(logIn(guesses, { address })).toBe("proven");
      expect(logIn(guesses, { address, clientId: "stranger" })).toBe("wait");
    }
  });

  it("of the client that the session belongs to is not put off either, from a new address [B141]", () => {
    const guesses = newGuesses();
    guess(guesses, 10_000, (index) => ({ address: `b${index}` }));
    expect(logIn(guesses, { isOwn: false })).toBe("wait");
    expect(logIn(guesses, { isOwn: true })).toBe("own");
  });

  it("does not count, by whichever allowance it was judged", () => {
    for (const prepare of [
      () => {},
      (guesses: Guesses) => guess(guesses, 200, (index) => ({ username: `n${index}`, isKnown: false })),
    ]) {
      const guesses = newGuesses();
      prepare(guesses);
      for (let count = 0; count < 1_000; count += 1) {
        expect(logIn(guesses, { clientId: `c${count}` })).not.toBe("wait");
        expect(logIn(guesses, { clientId: `c${count}`, address: "b", isOwn: true })).not.toBe("wait");
        expect(logIn(guesses, { clientId: `c${count}`, address: "b", isOwn: true })).toBe("proven");
      }
    }
  });

  it("pays for none that is wrong: 20 of a known client are followed by a pause", () => {
    const guesses = newGuesses();
    logIn(guesses, {});
    logIn(guesses, {});
    // Its own guesses, and the guesses that this address has in common.
    expect(guess(guesses, 1_000, () => ({ clientId: "own" })).judge).toBe(40);
    expect(guess(guesses, 1_000, () => ({ clientId: "own", isOwn: true })).judge).toBe(20);
  });
});

describe("what is remembered", () => {
  it("of a name is not forgotten because of 100,000 others [B140]", () => {
    const guesses = newGuesses();
    guess(guesses, 100);
    guess(guesses, 100_000, (index) => ({ username: `n${index}`, isKnown: false, address: `b${index % 5_000}` }));
    guess(guesses, 20_000, (index) => ({ username: `k${index}`, address: `b${index % 5_000}` }));
    expect(guess(guesses, 100).judge).toBe(0);
  });

  it("of a client that has logged in is not forgotten because of strangers, only of its own name's", () => {
    const guesses = newGuesses();
    logIn(guesses, {});
    guess(guesses, 5_000, (index) => ({ username: `k${index}`, address: `b${index}` }));
    for (let index = 0; index < 1_000; index += 1) logIn(guesses, { username: "other", clientId: `c${index}` });
    expect(logIn(guesses, {})).toBe("proven");
    for (let index = 0; index < 32; index += 1) logIn(guesses, { clientId: `c${index}` });
    expect(logIn(guesses, {})).toBe("usual");
  });

  it("is not much, however many guess, and however long the names are", () => {
    const guesses = newGuesses();
    const before = heapBytes();
    const long = "x".repeat(60_000);
    // Joined, and so not shared between them.
    guess(guesses, 2_000, (index) => ({
      username: [index, long].join(""),
      isKnown: false,
      address: `a${index}`,
    }));
    guess(guesses, 50_000, (index) => ({ username: `k${index % 100}`, address: `b${index}` }));
    expect(heapBytes() - before).toBeLessThan(10_000_000);
  });
});
