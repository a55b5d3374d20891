// The time axis of a chart: whole seconds, and a range even for a single value.

/** The labels have no fractions of a second, so a shorter range would repeat them. */
export const leastRangeSec = 5;

/** Steps between the labels, in seconds. */
export const timeStepsSec = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 43_200, 86_400];

/** From the first to the last value, in seconds; at least `leastRangeSec` long, and never in the future. */
export function timeRangeOf(fromSec: number | undefined, toSec: number | undefined): [number, number] {
  const to = toSec ?? leastRangeSec;
  return [Math.min(fromSec ?? 0, to - leastRangeSec), to];
}
