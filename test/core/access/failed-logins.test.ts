// How often logins may fail, by username and by address.

import { describe, expect, it } from "vitest";
import { FailedLogins } from "../../../src/core/access/failed-logins.ts";

const nowMs = 1_800_000_000_000;

/** How many of so many logins are compared. */
function tried(failed: FailedLogins, count: number, of: (index: number) => [string, string | undefined], atMs = nowMs) {
  let compared = 0;
  for (let index = 0; index < count; index += 1) if (failed.mayTry(...of(index), atMs)) compared += 1;
  return compared;
}

describe("logins that fail", () => {
  it("are 20 in a row of a username, wherever they come from, then one every 6 s", () => {
    const failed = new FailedLogins();
    expect(tried(failed, 500, (index) => ["user", `a${index}`])).toBe(20);
    expect(tried(failed, 500, (index) => ["user", `b${index}`], nowMs + 5_999)).toBe(0);
    expect(tried(failed, 500, (index) => ["user", `c${index}`], nowMs + 6_000)).toBe(1);
    expect(tried(failed, 500, (index) => ["user", `d${index}`], nowMs + 10_000_000)).toBe(20);
  });

  it("are 100 in a row of an address, whoever they are for; an address that is not known is one", () => {
    const failed = new FailedLogins();
    expect(tried(failed, 500, (index) => [`u${index}`, "a"])).toBe(100);
    expect(tried(failed, 500, (index) => [`v${index}`, undefined])).toBe(100);
    expect(tried(failed, 500, (index) => [`w${index}`, "b"])).toBe(100);
  });

  it("of a username that has to wait are not counted against the address", () => {
    const failed = new FailedLogins();
    tried(failed, 500, () => ["user", "a"]);
    expect(tried(failed, 500, (index) => [`u${index}`, "a"])).toBe(80);
  });

  it("and turn out right are not counted", () => {
    const failed = new FailedLogins();
    for (let count = 0; count < 500; count += 1) {
      expect(failed.mayTry("user", "a", nowMs)).toBe(true);
      failed.onSucceeded("user", "a");
    }
    // Nor does what is right pay for what is not.
    failed.onSucceeded("user", "a");
    expect(tried(failed, 500, () => ["user", "a"])).toBe(20);
  });

  it("from an address that has to wait make nothing be forgotten", () => {
    const failed = new FailedLogins();
    expect(tried(failed, 500, (index) => ["user", `a${index}`])).toBe(20);
    expect(tried(failed, 20_000, (index) => [`u${index}`, "a"])).toBe(100);
    expect(failed.mayTry("user", "b", nowMs)).toBe(false);
  });

  it("of usernames that begin with the same 256 characters are counted as one", () => {
    const start = "x".repeat(256);
    expect(tried(new FailedLogins(), 500, (index) => [start + index, `a${index}`])).toBe(20);
    // One character earlier they differ: 100 to 599 begin with five digits.
    expect(tried(new FailedLogins(), 500, (index) => [start.slice(1) + (100 + index), `a${index}`])).toBe(100);
  });

  it("take little memory, however long the usernames are", () => {
    const failed = new FailedLogins();
    const before = process.memoryUsage().heapUsed;
    const long = "x".repeat(60_000);
    // Joined, and so not shared between them.
    for (let index = 0; index < 5_000; index += 1) failed.mayTry([long, index].join(""), `a${index}`, nowMs);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(100_000_000);
  });
});
