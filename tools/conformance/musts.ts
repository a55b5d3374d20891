// Decides whether a difference breaks a MUST or is a permitted choice, by the rules that the conversation's title
// cites.

import type { Rule } from "./coverage.ts";

/** Whether the rule leaves the broker no choice. */
export function isMust({ text }: Pick<Rule, "text">): boolean {
  return /\bMUST\b/.test(text);
}

/**
 * @param title of a conversation. A rule of MQTT 3.1.1 (`[3.1.1 MQTT-…]`) counts as a MUST: all that are cited say so
 * @returns the numbers of the rules in the title that say MUST; none if the broker may choose
 */
export function mustsOf(title: string, rules: readonly Rule[]): string[] {
  const musts = new Set(rules.filter(isMust).map(({ rule }) => rule));
  const cited = [...title.matchAll(/\[((?:3\.1\.1 )?MQTT-[\d.]+-\d+)\]/g)].map(([, number = ""]) => number);
  return cited.filter((number) => number.startsWith("3.1.1 ") || musts.has(number));
}
