// `npm run conformance:document`: writes docs/CONFORMANCE.md, or with --check says whether it is up to date. Either way
// every rule needs a proof, and every rule of docs/BEHAVIOUR.md a test.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { behaviourErrors } from "./behaviour.ts";
import { coverageOf, type Rule } from "./coverage.ts";
import { mosquittoDifferences } from "./mosquitto-differences.ts";
import { type Comparison, renderDocument } from "./render.ts";
import type { SavedResults } from "./results.ts";
import { collectTitles, type Title } from "./titles.ts";
import { unprovable } from "./unprovable.ts";

const root = path.resolve(import.meta.dirname, "../..");
const documentFile = path.join(root, "docs/CONFORMANCE.md");

function main(): number {
  const titles = collectTitles(root);
  const coverage = coverageOf(readJson<Rule[]>("rules.json"), titles, unprovable);
  const mosquitto: Comparison = { ...readJson<SavedResults>("mosquitto.json"), explained: mosquittoDifferences };
  const behaviour = behaviourErrors(readFileSync(path.join(root, "docs/BEHAVIOUR.md"), "utf8"), titles);
  const errors = [...coverage.errors, ...behaviour, ...errorsOf(mosquitto, titles)];
  if (errors.length > 0) {
    for (const error of errors) console.error(error);
    return 1;
  }
  const document = renderDocument(coverage, [mosquitto]);
  if (!process.argv.includes("--check")) {
    writeFileSync(documentFile, document);
    return 0;
  }
  if (existsSync(documentFile) && readFileSync(documentFile, "utf8") === document) return 0;
  console.error("docs/CONFORMANCE.md is not what the tests say: run npm run conformance:document");
  return 1;
}

/** Checks that every difference has one reason, and every reason a difference. */
function errorsOf({ broker, differences, explained }: Comparison, titles: readonly Title[]): string[] {
  const present = new Set(titles.map(({ title }) => conversationOf(title)));
  const errors: string[] = [];
  for (const { title } of differences) {
    const reasons = explained.filter(({ titles }) => titles.test(title)).length;
    if (!present.has(conversationOf(title)))
      errors.push(`${broker} differed at "${title}", which has no such title now: run all conversations again`);
    else if (reasons !== 1) errors.push(`${broker} differs at "${title}": there are ${reasons} reasons instead of one`);
  }
  const idle = explained.filter(({ titles }) => !differences.some(({ title }) => titles.test(title)));
  return [...errors, ...idle.map(({ titles }) => `${broker} does not differ at ${titles}`)];
}

/** A conversation keeps its identity when its title gets the number of a rule of behaviour. */
function conversationOf(title: string): string {
  return title.replaceAll(/\s*\[B\d+\]/g, "");
}

function readJson<T>(name: string): T {
  return JSON.parse(readFileSync(path.join(import.meta.dirname, name), "utf8")) as T;
}

process.exitCode = main();
