import { describe, expect, it } from "vitest";
import { TokenBucket } from "../../src/core/token-bucket.ts";

const startMs = 1_800_000_000_000;

/** How often it may happen, tried `tries` times at once. */
function taken(bucket: TokenBucket, nowMs: number, tries = 1000): number {
  let count = 0;
  for (let left = tries; left > 0; left -= 1) if (bucket.take(nowMs)) count += 1;
  return count;
}

describe("a token bucket", () => {
  it("is full at first, and fills evenly", () => {
    const bucket = new TokenBucket(50, 5);
    expect(taken(bucket, startMs)).toBe(50);
    expect(taken(bucket, startMs + 99)).toBe(0);
    expect(taken(bucket, startMs + 100)).toBe(1);
    expect(taken(bucket, startMs + 1_100)).toBe(10);
  });

  it("holds no more than its capacity, however long nothing happens", () => {
    const bucket = new TokenBucket(7, 60);
    expect(taken(bucket, startMs)).toBe(7);
    expect(taken(bucket, startMs + 86_400_000)).toBe(7);
  });

  it("loses nothing by being asked too often", () => {
    const bucket = new TokenBucket(1, 10);
    let count = 0;
    for (let ms = 0; ms < 105_000; ms += 1) count += taken(bucket, startMs + ms, 1);
    expect(count).toBe(11);
  });

  it("gets nothing from a clock that is set back, and goes on filling", () => {
    const bucket = new TokenBucket(10, 10);
    expect(taken(bucket, startMs)).toBe(10);
    expect(taken(bucket, startMs - 3_600_000)).toBe(0);
    expect(taken(bucket, startMs - 3_600_000 + 2_000)).toBe(2);
  });

  it("gives many at once or none, and loses nothing where it gives none", () => {
    const bucket = new TokenBucket(10, 10);
    expect([8, 3, 2, 1].map((count) => bucket.take(startMs, count))).toEqual([true, false, true, false]);
    expect(bucket.take(startMs + 86_400_000, 11)).toBe(false);
  });

  it("of capacity 0 is no limit", () => {
    expect(taken(new TokenBucket(0, 5), startMs)).toBe(1000);
  });
});
