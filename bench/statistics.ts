// Combines the figures of several rounds.

/** The median; for an even count the mean of the middle two. NaN if there are no values. */
export function medianOf(values: readonly number[]): number {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  const lower = sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
  return (lower + upper) / 2;
}

/** The median of the rounds' ratios: noise of the machine that affects both in one round cancels out. */
export function medianRatioOf(values: readonly number[], others: readonly number[]): number {
  return medianOf(values.map((value, round) => value / (others[round] ?? Number.NaN)));
}
