// Filters of rules as sets of topic names, against every name of a small alphabet.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ruleCovers, ruleMatches, ruleTouches } from "../../../src/core/access/rule-filter.ts";
import { matchesTopicFilter } from "../../../src/core/topic/topic-filter.ts";

const levels = ["", "a", "b"];
const firstLevels = [...levels, "$SYS", "$x"];
/** Up to four levels: one more than filters have, so that nothing hides behind their ends. As if the empty name were one. */
const names = namesOf(4);

function namesOf(depth: number): string[] {
  if (depth === 1) return firstLevels;
  const shorter = namesOf(depth - 1);
  return [...new Set([...shorter, ...shorter.flatMap((name) => levels.map((level) => `${name}/${level}`))])];
}

const filter = fc
  .tuple(
    fc.constantFrom(...firstLevels, "+"),
    fc.array(fc.constantFrom(...levels, "+"), { maxLength: 2 }),
    fc.constantFrom("", "/#"),
  )
  .map(([first, rest, end]) => [first, ...rest].join("/") + end)
  .filter((text) => text !== "");
const anyFilter = fc.oneof({ weight: 9, arbitrary: filter }, fc.constant("#"));

/** What the rules say: MQTT's meaning, except for names that start with `$`. */
function isInRule(rule: string, name: string): boolean {
  if (!name.startsWith("$")) return matchesTopicFilter(rule, name);
  const isNamed = !/^[+#]/.test(rule);
  return (isNamed || !/^\$SYS(\/|$)/.test(name)) && matchesTopicFilter(`x/${rule}`, `x/${name}`);
}

describe("a rule's filter", () => {
  it("matches what MQTT's would, and names that start with $ behind a wildcard too, but for $SYS [B90]", () => {
    fc.assert(
      fc.property(anyFilter, fc.constantFrom(...names), (rule, name) => {
        expect(ruleMatches(rule, name)).toBe(isInRule(rule, name));
      }),
      { numRuns: 3_000 },
    );
    expect([ruleMatches("#", "$x/y"), ruleMatches("#", "$SYS/y"), ruleMatches("$SYS/#", "$SYS/y")]).toEqual([
      true,
      false,
      true,
    ]);
  });

  it("covers a subscription where it has every name that this matches, and else not", () => {
    fc.assert(
      fc.property(anyFilter, anyFilter, (rule, subscribed) => {
        const matched = names.filter((name) => matchesTopicFilter(subscribed, name));
        expect(ruleCovers(rule, subscribed)).toBe(matched.every((name) => isInRule(rule, name)));
      }),
      { numRuns: 3_000 },
    );
  });

  it("touches a subscription where it has any name that this matches, and else not", () => {
    fc.assert(
      fc.property(anyFilter, anyFilter, (rule, subscribed) => {
        const matched = names.filter((name) => matchesTopicFilter(subscribed, name));
        expect(ruleTouches(rule, subscribed)).toBe(matched.some((name) => isInRule(rule, name)));
      }),
      { numRuns: 3_000 },
    );
  });
});
