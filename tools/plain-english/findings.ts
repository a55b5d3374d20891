// Finds in a file what is not plain English: the patterns of rules.ts, and sentences that are too long.

import { type Prose, proseOf } from "./prose.ts";
import { type Rule, rules } from "./rules.ts";

export type Finding = {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** The words that were found. */
  readonly words: string;
  /** What to write instead. */
  readonly instead: string;
};

const mostWords = 30;

/** @returns what is not plain English in one file, in the order of its lines */
export function findingsIn(file: string, source: string): Finding[] {
  const found = proseOf(file, source).flatMap((prose) => [...patternsIn(file, prose), ...longSentencesIn(file, prose)]);
  return found.sort((one, other) => one.line - other.line);
}

function patternsIn(file: string, prose: Prose): Finding[] {
  return rules.flatMap((rule) => {
    const matches = [
      ...prose.text.matchAll(new RegExp(searched(rule), rule.pattern.flags.replace("g", "").concat("g"))),
    ];
    return matches.map((match) => {
      const [words = ""] = match;
      const start = match.index + words.length - words.trimStart().length;
      return { file, line: lineAt(prose, start), words: words.trim(), instead: rule.instead };
    });
  });
}

/** Words may be on two lines. A sentence begins after another, and after the dash of a cell. */
function searched({ pattern, isAtStart }: Rule): string {
  const words = pattern.source.replaceAll(" ", "\\s+");
  return isAtStart ? `(?:^|(?<=[.!?:;]["”)]?\\s))(?:${words})` : words;
}

function longSentencesIn(file: string, prose: Prose): Finding[] {
  if (prose.kind === "cell") return [];
  return sentencesOf(prose.text).flatMap(({ text, start }) => {
    const count = wordsIn(text);
    if (count <= mostWords) return [];
    const words = text.trim().split(/\s+/).slice(0, 6).join(" ");
    const instead = `two sentences: this one has ${count} words, and ${mostWords} are the most`;
    return [{ file, line: lineAt(prose, start), words: `${words} …`, instead }];
  });
}

/** A sentence ends with a mark before a space and something other than a small letter, or with the text. */
export function sentencesOf(text: string): { text: string; start: number }[] {
  const end = /[.!?]["”)*]*(?=\s+[^\sa-z])|\n\n/g;
  const sentences: { text: string; start: number }[] = [];
  let from = 0;
  for (const match of text.matchAll(end)) {
    const before = text.slice(0, match.index + 1);
    if (/\b(?:e\.g|i\.e|vs|etc|cf|No)\.$/.test(before)) continue;
    const to = match.index + match[0].length;
    sentences.push({ text: text.slice(from, to), start: startOf(text, from) });
    from = to;
  }
  sentences.push({ text: text.slice(from), start: startOf(text, from) });
  return sentences;
}

const startOf = (text: string, from: number) => from + text.slice(from).search(/\S|$/);

/** Code is one word, and so is a number with its unit's sign; marks alone are none. */
export function wordsIn(sentence: string): number {
  return sentence.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word)).length;
}

const lineAt = (prose: Prose, position: number) => prose.line + prose.text.slice(0, position).split("\n").length - 1;
