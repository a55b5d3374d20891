// Comments, texts, test titles and documents are plain English, as far as patterns can tell. `npm run plain-english` lists
// what is not.

import path from "node:path";
import { describe, expect, it } from "vitest";
import { findingsIn } from "../tools/plain-english/findings.ts";
import { findingsUnder, lineOf } from "../tools/plain-english/main.ts";
import { rules } from "../tools/plain-english/rules.ts";

const root = path.join(import.meta.dirname, "..");

describe("the repository", () => {
  it("is written in plain English", () => {
    const findings = findingsUnder(root, ["."]);
    expect(findings.map(lineOf)).toEqual([]);
  }, 60_000);
});

describe.each(rules)("the rule “$name”", ({ finds, allows, instead }) => {
  it.each(finds)("finds: %s", (sentence) => {
    const found = { file: "a.ts", line: 1, words: expect.any(String), instead };
    expect(findingsIn("a.ts", `// ${sentence}`)).toContainEqual(found);
  });

  it.each(allows)("allows: %s", (sentence) => {
    expect(findingsIn("a.ts", `// ${sentence}`)).toEqual([]);
  });
});

describe("a long sentence", () => {
  const words = (count: number) => "word ".repeat(count).trim();

  it("has more than 30 words, in comments and paragraphs", () => {
    for (const [file, mark] of [
      ["a.ts", "// "],
      ["a.css", "/* "],
      ["a.py", "# "],
      ["a.md", ""],
      ["a.md", "- "],
    ] as const) {
      expect(findingsIn(file, `${mark}${words(30)}.`)).toEqual([]);
      expect(findingsIn(file, `${mark}${words(31)}.`)).toMatchObject([
        { line: 1, instead: expect.stringContaining("31") },
      ]);
    }
  });

  it("goes on in the next line of the comment, and is reported with the line that it begins in", () => {
    const lines = [`// It is short. It is ${words(13)}`, `// ${words(15)}.`];
    expect(findingsIn("a.ts", lines.join("\n"))).toEqual([]);
    expect(findingsIn("a.ts", ["", ...lines, `// One. ${words(20)}`, `// ${words(20)}`].join("\n"))).toMatchObject([
      { line: 4 },
    ]);
  });

  it("ends with its mark, its item, its tag, its cell and its paragraph", () => {
    expect(findingsIn("a.md", `${words(20)}.\nA ${words(20)}! A ${words(20)}? \`a\` ${words(20)}`)).toEqual([]);
    expect(findingsIn("a.md", `${words(20)}\n\n${words(20)}\n- ${words(20)}\n- ${words(20)}`)).toEqual([]);
    expect(findingsIn("a.md", `| ${words(20)} | ${words(40)} |`)).toEqual([]);
    expect(findingsIn("a.ts", `/**\n * ${words(20)}\n * @param a ${words(20)}\n */`)).toEqual([]);
  });

  it("counts a piece of code and an address as one word", () => {
    expect(findingsIn("a.md", `${words(28)} \`${words(5)}\` [${words(1)}](https://example.org/a_b)`)).toEqual([]);
  });
});

describe("prose", () => {
  const headless = { line: 2, words: "One that" };

  it.each([
    ["a.ts", "\n// One that is late."],
    ["a.ts", "\nconst a = 1; // One that is late."],
    ["a.ts", "/**\n * One that is late.\n */"],
    ["a.ts", '\nthrow new Error("One that is late.");'],
    ["a.ts", `\nit(\`One that is late: \${why}\`, () => {});`],
    ["a.tsx", "const a = <p>\nOne that is late.</p>;"],
    ["a.md", "# A\nOne that is late."],
    ["a.md", "| a |\n| One that is late |"],
    ["a.css", "a { }\n/* One that is late. */"],
    ["a.ino", "int a;\n  // One that is late."],
    ["a.py", 'a = 1\n"""One that is late."""'],
    ["a.sh", "a=1\n# One that is late."],
  ])("is found in %s: %j", (file, source) => {
    expect(findingsIn(file, source)).toMatchObject([headless]);
  });

  it.each([
    ["a.ts", 'const a = "https://example.org// One that is late.";'],
    ["a.ts", "const a = /\\/\\/ One that is late./;"],
    ["a.ts", "// `One that is late`"],
    ["a.md", "```\nOne that is late.\n```"],
    ["a.ts", 'db.exec("SELECT a FROM b WHERE c is to be");'],
    ["a.json", '{ "a": "One that is late." }'],
  ])("is not all that a file has: %s: %j", (file, source) => {
    expect(findingsIn(file, source)).toEqual([]);
  });
});
