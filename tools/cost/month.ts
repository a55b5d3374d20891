// A device's month from two windows: its first hours, in which the broker learns to trust it, and typical later hours.

import type { Counts } from "./counts.ts";
import { secondsPerMonth } from "./prices.ts";
import type { Window } from "./stage.ts";

type Table = { readonly [name: string]: number | Table };

/** The first window counts once, from the connection on; the later window counts for the rest of the month. */
export function monthOf(first: Window, later: Window): Window {
  const ms = secondsPerMonth * 1000;
  const times = (ms - first.ms) / later.ms;
  return {
    counts: plus(first.counts, later.counts, times) as Counts,
    rareAlarms: first.rareAlarms + times * later.rareAlarms,
    ms,
  };
}

/** Adds the other table, multiplied by `times`, name by name. A missing name counts as 0. */
function plus(one: Table, other: Table, times: number): Table {
  const sum = (name: string) => {
    const a = one[name];
    const b = other[name];
    if (typeof (a ?? b) === "object") return plus((a ?? {}) as Table, (b ?? {}) as Table, times);
    return ((a as number | undefined) ?? 0) + times * ((b as number | undefined) ?? 0);
  };
  return Object.fromEntries(
    [...new Set([...Object.keys(one), ...Object.keys(other)])].map((name) => [name, sum(name)]),
  );
}
