// Which differences break a rule that says MUST, and which are choices: a title carries the numbers of its rules.

import type { Rule } from "./coverage.ts";

/** Whether the rule leaves the broker no choice. */
export function isMust({ text }: Pick<Rule, "text">): boolean {
  return /\bMUST\b/.test(text);
}

/**
 * @param title of a conversation; a rule of MQTT 3.1.1 (`[3.1.1 MQTT-…]`) counts as MUST, for all that are cited say it
 * @returns the numbers of the rules in it that say MUST; none if what it expects is the choice of a broker
 */
export function mustsOf(title: string, rules: readonly Rule[]): string[] {
  const musts = new Set(rules.filter(isMust).map(({ rule }) => rule));
  const cited = [...title.matchAll(/\[((?:3\.1\.1 )?MQTT-[\d.]+-\d+)\]/g)].map(([, number = ""]) => number);
  return cited.filter((number) => number.startsWith("3.1.1 ") || musts.has(number));
}
