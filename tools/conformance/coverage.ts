// Finds the proof of each rule, and what is wrong with the proofs. Pure: titles and tables in, a list out.

import type { Title } from "./titles.ts";

/** One numbered statement of MQTT 5.0. */
export type Rule = {
  readonly rule: string;
  readonly binds: "Both" | "Server" | "Client";
  readonly text: string;
};

/** The argument for a rule that no conversation can show. */
export type Argument = string;

export type Proof =
  /** Titles of conversations with a running broker. */
  | { readonly by: "conversation"; readonly titles: readonly Title[] }
  | { readonly by: "unit test"; readonly titles: readonly Title[]; readonly argument: Argument }
  | { readonly by: "argument"; readonly argument: Argument };

export type ProvedRule = Rule & { readonly proof: Proof };

export type Coverage = {
  readonly rules: readonly ProvedRule[];
  /** Rules of MQTT 3.1.1 that differ, by number. */
  readonly rulesOf311: ReadonlyMap<string, readonly Title[]>;
  /** One line each. If there are any, no document is written. */
  readonly errors: readonly string[];
};

/** Only conversations show something from outside. */
const conversationFolder = "test/conformance/";

/** "[MQTT-3.1.2-24]" and "[3.1.1 MQTT-3.1.2-24]"; the older standard has the odd "MQTT-3-8.3-4". */
const numberPattern = /\[(?<version>3\.1\.1 )?(?<rule>MQTT-[\d.-]+)\]/g;

/**
 * @param rules of both sides; a rule that binds the client alone needs no proof and may be cited
 * @param unprovable by number, why a rule has no conversation
 */
export function coverageOf(
  rules: readonly Rule[],
  titles: readonly Title[],
  unprovable: Readonly<Record<string, Argument>>,
): Coverage {
  const { cited, rulesOf311 } = citationsIn(titles);
  const known = new Set(rules.map(({ rule }) => rule));
  const errors = [...cited]
    .filter(([rule]) => !known.has(rule))
    .map(([rule, by]) => `${rule} is no rule of MQTT 5.0: ${by[0]?.file}`);
  for (const rule of Object.keys(unprovable)) {
    if (!known.has(rule)) errors.push(`${rule} is no rule of MQTT 5.0, and has an argument`);
  }
  const proved: ProvedRule[] = [];
  for (const rule of rules.filter(({ binds }) => binds !== "Client")) {
    const by = cited.get(rule.rule) ?? [];
    const conversations = by.filter(({ file }) => file.startsWith(conversationFolder));
    const argument = unprovable[rule.rule];
    if (conversations.length > 0) {
      proved.push({ ...rule, proof: { by: "conversation", titles: conversations } });
      if (argument !== undefined) errors.push(`${rule.rule} has conversations, and an argument why it has none`);
    } else if (argument === undefined) {
      errors.push(`${rule.rule} has no proof: ${rule.text}`);
    } else {
      const proof: Proof = by.length > 0 ? { by: "unit test", titles: by, argument } : { by: "argument", argument };
      proved.push({ ...rule, proof });
    }
  }
  return { rules: proved, rulesOf311, errors };
}

function citationsIn(titles: readonly Title[]) {
  const cited = new Map<string, Title[]>();
  const rulesOf311 = new Map<string, Title[]>();
  for (const title of titles) {
    for (const { groups } of title.title.matchAll(numberPattern)) {
      const rule = groups?.rule ?? "";
      const table = groups?.version === undefined ? cited : rulesOf311;
      // For rules of 3.1.1, too, only conversations count.
      if (table === rulesOf311 && !title.file.startsWith(conversationFolder)) continue;
      const by = table.get(rule) ?? [];
      if (!by.includes(title)) by.push(title);
      table.set(rule, by);
    }
  }
  return { cited, rulesOf311 };
}
