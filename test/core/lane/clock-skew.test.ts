import { expect, it } from "vitest";
import { clockSkewMs } from "../../../src/core/lane/clock-skew.ts";

it.each([
  ["that agree", 1_000_000, 1_000_000, 0],
  ["that agree, with the time on the way", 1_000_000, 1_000_100, 0],
  ["of which the receiver's is ahead", 1_000_000, 1_005_000, 5_000],
  ["of which the receiver's is behind", 1_000_000, 995_000, -5_000],
  ["of which one does not tell", undefined, 995_000, 0],
])("finds the difference of clocks %s", (_, sentAtMs, nowMs, skewMs) => {
  expect(clockSkewMs(sentAtMs, nowMs)).toBe(skewMs);
});
