// Makes docs/CONFORMANCE.md: a page of Markdown that depends on the titles alone.

import type { Coverage, ProvedRule } from "./coverage.ts";
import { isMust } from "./musts.ts";
import type { SavedResults } from "./results.ts";
import type { Title } from "./titles.ts";

/** Why a broker differs. "theirs": it breaks the rule. "open": MQTT leaves the choice. "ours": we break it. */
export type Difference = {
  /** Matches the titles of the conversations that differ for this reason. */
  readonly titles: RegExp;
  readonly whose: "theirs" | "open" | "ours";
  readonly why: string;
};

export type Comparison = SavedResults & { readonly explained: readonly Difference[] };

const whoseNames = { theirs: "MUST: theirs", open: "choice", ours: "MUST: ours" } as const;

const chapters: Readonly<Record<string, string>> = {
  "1.5": "Data representation",
  "2.1": "Fixed header",
  "2.2": "Variable header",
  "3.1": "CONNECT",
  "3.2": "CONNACK",
  "3.3": "PUBLISH",
  "3.4": "PUBACK",
  "3.5": "PUBREC",
  "3.6": "PUBREL",
  "3.7": "PUBCOMP",
  "3.8": "SUBSCRIBE",
  "3.9": "SUBACK",
  "3.10": "UNSUBSCRIBE",
  "3.11": "UNSUBACK",
  "3.12": "PINGREQ and PINGRESP",
  "3.14": "DISCONNECT",
  "3.15": "AUTH",
  "4.1": "Session State",
  "4.2": "Network Connections",
  "4.3": "Quality of Service",
  "4.4": "Message delivery retry",
  "4.5": "Message receipt",
  "4.6": "Message ordering",
  "4.7": "Topic Names and Topic Filters",
  "4.8": "Subscriptions",
  "4.9": "Flow control",
  "4.12": "Enhanced authentication",
  "4.13": "Handling errors",
  "6.0": "WebSocket",
};

export function renderDocument({ rules, rulesOf311 }: Coverage, comparisons: readonly Comparison[]): string {
  return `${[
    introduction(rules),
    ...rulesOf50(rules),
    "## Rules of MQTT 3.1.1 that differ\n",
    "These rules have no counterpart in MQTT 5.0, or ask for another answer. The numbers are those of MQTT 3.1.1.\n",
    ...[...rulesOf311]
      .sort(([one], [other]) => compareNumbers(one, other))
      .map(([rule, by]) => entry(`**${rule}**`, by)),
    "",
    ...comparisons.flatMap(comparison),
  ]
    .join("\n")
    .trimEnd()}\n`;
}

function introduction(rules: readonly ProvedRule[]): string {
  const count = (by: ProvedRule["proof"]["by"]) => rules.filter(({ proof }) => proof.by === by).length;
  return `# Conformance

For whoever wonders whether a rule of MQTT is kept: each numbered rule of MQTT 5.0 that binds a server, and what proves it.

<!-- Made by \`npm run conformance:document\` from the titles of the tests: change those. -->

A proof *from outside* is a conversation in [test/conformance](../test/conformance): packets sent, packets expected. It knows only the
broker's address, and you can run it against any broker that allows anonymous clients:

\`\`\`sh
npm run conformance                                # with ours, started for it
npm run conformance -- tcp://127.0.0.1:1883        # with any broker; ws://… as well or instead
\`\`\`

| | rules |
|---|---|
| bind a server | ${rules.length} |
| of these say MUST | ${rules.filter(isMust).length} |
| leave a choice, and are marked *choice* | ${rules.filter((rule) => !isMust(rule)).length} |
| proved from outside | ${count("conversation")} |
| proved by unit tests, since no conversation can show them | ${count("unit test")} |
| neither: with the reason | ${count("argument")} |

A rule without one of the three fails \`npm run check\`.

One rule is kept late unless \`MAXIMUM_LOOK_DELAY_SEC\` is 0: **MQTT-3.1.2-22**. That is for a connection on \`/mqtt/{clientId}\` whose client
has no Will and no shared subscription. [B82](BEHAVIOUR.md) says by how much; what is proved is the punctual case.

The words of the rules are those of *MQTT Version 5.0*, Copyright © OASIS Open 2019. Its chapters 1 to 6 have their context.
`;
}

function rulesOf50(rules: readonly ProvedRule[]): string[] {
  const lines: string[] = [];
  let chapter = "";
  for (const proved of rules) {
    const [, number = ""] = /^MQTT-(\d+\.\d+)/.exec(proved.rule) ?? [];
    if (number !== chapter) lines.push(`${chapter === "" ? "" : "\n"}## ${number} ${chapters[number] ?? ""}\n`);
    chapter = number;
    lines.push(ruleEntry(proved));
  }
  return [...lines, ""];
}

function ruleEntry({ rule, text, proof }: ProvedRule): string {
  const head = `**${rule}** ${isMust({ text }) ? "" : "*choice* "}${text}`;
  if (proof.by === "conversation") return entry(head, proof.titles);
  if (proof.by === "argument") return `- ${head}\n  - *not from outside:* ${proof.argument}`;
  return `${entry(head, proof.titles)}\n  - *not from outside:* ${proof.argument}`;
}

function entry(head: string, by: readonly Title[]): string {
  return [`- ${head}`, ...alike(by).map(proofLine)].join("\n");
}

/** Groups the titles that one loop makes. */
function alike(titles: readonly Title[]): Title[][] {
  return [...Map.groupBy(titles, ({ file, line, title }) => `${file}:${line ?? title}`).values()];
}

function proofLine([first, ...others]: readonly Title[]): string {
  if (first === undefined) throw new Error("a group without titles");
  const more = others.length === 0 ? "" : `, and ${others.length} like it`;
  return `  - ${plain(first.title)}${more} ([${nameOf(first.file)}](../${first.file}))`;
}

/** A title without the numbers, which the heading shows already. */
function plain(title: string): string {
  const text = title.replaceAll(/\s*\[((3\.1\.1 )?MQTT-[\d.-]+|B\d+)\]/g, "").trim();
  return text.replaceAll(/[*_`<|#[\]]/g, "\\$&");
}

function nameOf(file: string): string {
  return file.replace(/^.*\//, "").replace(/\.test\.ts$/, "");
}

function comparison({ broker, date, passed, differences, notHeld, explained }: Comparison): string[] {
  return [
    `## ${broker}\n`,
    `The same conversations with ${broker} on ${date}: ${passed} passed, ${differences.length} differ, ${notHeld.length} were not`,
    "held, because they need our settings or a WebSocket. *MUST*: a rule of the standard is broken, and by whom. *Choice*: the",
    "standard leaves it to the broker.\n",
    "| what differs | MUST or choice | in which conversations |",
    "|---|---|---|",
    ...[...explained]
      .sort((one, other) => rankOf(one) - rankOf(other))
      .map(({ titles, whose, why }) => {
        const conversations = differences.filter(({ title }) => titles.test(title)).map(({ title }) => plain(title));
        return `| ${why} | ${whoseNames[whose]} | ${conversations.join("<br>")} |`;
      }),
    "",
  ];
}

/** Sorts broken MUSTs before choices. */
function rankOf({ whose }: Difference): number {
  return whose === "open" ? 1 : 0;
}

function compareNumbers(one: string, other: string): number {
  return one.localeCompare(other, "en", { numeric: true });
}
