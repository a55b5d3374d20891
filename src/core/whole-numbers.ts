// Tables of whole numbers that a setting can change: limits.ts and capabilities.ts.

export type Range = readonly [initial: number, least: number, most: number];
export type Ranges<Name extends string> = { readonly [name in Name]: Range };
export type WholeNumbers<Name extends string> = { readonly [name in Name]: number };

/** What holds if nothing is set. */
export function initialsOf<Name extends string>(ranges: Ranges<Name>): WholeNumbers<Name> {
  return mapRanges(ranges, (_, [initial]) => initial);
}

export function mapRanges<Name extends string>(
  ranges: Ranges<Name>,
  numberOf: (name: Name, range: Range) => number,
): WholeNumbers<Name> {
  const names = Object.keys(ranges) as Name[];
  return Object.fromEntries(names.map((name) => [name, numberOf(name, ranges[name])])) as WholeNumbers<Name>;
}
