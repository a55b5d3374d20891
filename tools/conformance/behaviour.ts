// Checks docs/BEHAVIOUR.md against the tests: each numbered rule needs a test that carries its number.

import type { Title } from "./titles.ts";

/** A rule begins a list item: "- **B12** …"; its tests carry "[B12]". */
const rulePattern = /^- \*\*(?<rule>B\d+)\*\* /gm;
const citationPattern = /\[(?<rule>B\d+)\]/g;

/** @returns one line for each rule without a test, each test that cites an unknown rule, and each number given twice */
export function behaviourErrors(document: string, titles: readonly Title[]): string[] {
  const rules = [...document.matchAll(rulePattern)].map(({ groups }) => groups?.rule ?? "");
  const cited = new Map<string, Title>();
  for (const title of titles) {
    for (const { groups } of title.title.matchAll(citationPattern)) cited.set(groups?.rule ?? "", title);
  }
  return [
    ...rules
      .filter((rule, index) => rules.indexOf(rule) !== index)
      .map((rule) => `docs/BEHAVIOUR.md has ${rule} twice`),
    ...rules.filter((rule) => !cited.has(rule)).map((rule) => `${rule} of docs/BEHAVIOUR.md has no test`),
    ...[...cited]
      .filter(([rule]) => !rules.includes(rule))
      .map(([rule, { file }]) => `${rule} is not in docs/BEHAVIOUR.md: ${file}`),
  ];
}
