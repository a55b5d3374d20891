// Every limit is in the table of docs/SETTINGS.md, and has a test that reaches it, which names it in its title: [maximumPacketBytes].

import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { limitRanges } from "../../src/core/limits.ts";
import { variableName } from "../../src/settings.ts";

const root = resolve(import.meta.dirname, "../..");
const document = readFileSync(join(root, "docs/SETTINGS.md"), "utf8");
const tests = ["core", "objects", "broker"].flatMap((name) => {
  const folder = join(root, "test", name);
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".test.ts"));
  return files.map((file) => readFileSync(join(folder, file), "utf8"));
});
/** Names in square brackets amid a text in quotes. */
const named = new Set(tests.flatMap((source) => [...source.matchAll(/"[^"\n]*"/g)].flatMap(([text]) => namesIn(text))));

function namesIn(text: string): string[] {
  return [...text.matchAll(/\[(\w+)\]/g)].map(([, name = ""]) => name);
}

describe.each(Object.entries(limitRanges))("%s", (name, [initial]) => {
  it("is in docs/SETTINGS.md, with its default and what happens when it is reached", () => {
    const rows = document.split("\n").filter((line) => line.startsWith(`| \`${variableName(name)}\` |`));
    expect(rows).toHaveLength(1);
    const [, , initialCell, whenReached = ""] = rows[0]?.split("|").map((cell) => cell.trim()) ?? [];
    expect(initialCell).toBe(String(initial));
    expect(whenReached).not.toBe("");
  });

  it("is reached by a test that names it", () => {
    expect([...named]).toContain(name);
  });
});
