// The documents hold together: links lead somewhere, what is cited is defined, tables are whole, and each document says whom
// it is for.

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { settingNames } from "../src/settings/settings.ts";

const root = path.join(import.meta.dirname, "..");
const listed = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
  cwd: root,
  encoding: "utf8",
  maxBuffer: 16 * 1024 * 1024,
});
const files = [...new Set(listed.split("\0"))]
  .filter((file) => file !== "" && existsSync(path.join(root, file)))
  .sort();
const read = (file: string) => readFileSync(path.join(root, file), "utf8");
const documents = files.filter((file) => file.endsWith(".md") && !file.startsWith(".github/"));
const written = documents.filter((file) => file !== "docs/CONFORMANCE.md");
const folders = new Set(files.flatMap((file) => parentsOf(file)));
const names = new Set(files.map((file) => path.basename(file)));
const codeFiles = files.filter((file) =>
  /^(src|test|tools|bench|dashboard|examples|bin)\/.*\.(ts|tsx|js|sh|py)$/.test(file),
);
/** Names of the commands' variables, of other programs' settings and of constants are somewhere in the code. */
const allCode = [...codeFiles, ...files.filter((file) => /\.(ino|h|cpp)$/.test(file))].map(read).join("\n");

describe.each(documents)("%s", (document) => {
  const text = read(document);

  it("says in its first two lines whom it is for", () => {
    const [title, first] = text.split("\n").filter((line) => line.trim() !== "");
    expect(title).toMatch(/^# /);
    expect(first).toMatch(/^For /);
  });

  it("has whole tables", () => {
    expect(brokenTablesIn(text)).toEqual([]);
  });

  it("links to files and headings that exist", () => {
    const links = [...withoutFences(text).matchAll(/\]\((?<address>[^)\s]+)\)/g)].map(
      ({ groups }) => groups?.address ?? "",
    );
    expect(links.filter((link) => !/^[a-z]+:/.test(link) && !leadsSomewhere(document, link))).toEqual([]);
  });
});

describe.each(written)("%s", (document) => {
  const code = [...withoutFences(read(document)).matchAll(/`(?<text>[^`\n]+)`/g)].map(
    ({ groups }) => groups?.text ?? "",
  );

  it("names files and folders that exist", () => {
    const paths = code.filter((text) => /^(src|test|tools|bench|dashboard|examples|bin|docs)\/[\w./*-]*$/.test(text));
    const bare = code.filter((text) => /^[\w-]+\.(ts|tsx|sh|toml)$/.test(text));
    expect([...paths.filter((text) => !exists(text)), ...bare.filter((text) => !names.has(text))]).toEqual([]);
  });

  it("names settings that exist", () => {
    const settings = code.filter((text) => /^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+$/.test(text));
    expect(settings.filter((name) => !settingNames.includes(name) && !allCode.includes(name))).toEqual([]);
  });

  it("names commands that exist", () => {
    const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
    const run = [...read(document).matchAll(/\bnpm run (?:-s |--silent )?(?<name>[a-z][\w:-]*)/g)];
    const unknown = run.map(({ groups }) => groups?.name ?? "").filter((name) => scripts[name] === undefined);
    expect(unknown).toEqual([]);
  });
});

describe("what is cited", () => {
  const cited = (pattern: RegExp) => {
    const citing = [...written, ...codeFiles, "wrangler.toml"];
    return citing.flatMap((file) => [...read(file).matchAll(pattern)].map(([, name]) => ({ file, name: name ?? "" })));
  };

  it("is defined, if it is a numbered rule of BEHAVIOUR.md", () => {
    const defined = new Set([...read("docs/BEHAVIOUR.md").matchAll(/^- \*\*(B\d+)\*\* /gm)].map(([, rule]) => rule));
    expect(cited(/(?<![\w-])(B[1-9]\d{0,2})(?![\w-])/g).filter(({ name }) => !defined.has(name))).toEqual([]);
  });

  it("is defined, if it is a guarantee", () => {
    const defined = new Set([...read("docs/ARCHITECTURE.md").matchAll(/^\| \*\*(G\d)\*\* /gm)].map(([, name]) => name));
    expect(cited(/(?<![\w-])(G\d)(?![\w-])/g).filter(({ name }) => !defined.has(name))).toEqual([]);
  });

  it("is defined, if it is a rule of MQTT 5.0", () => {
    const rules = JSON.parse(read("tools/conformance/rules.json")) as { rule: string }[];
    const defined = new Set(rules.map(({ rule }) => rule));
    const ofFive = cited(/(?<!3\.1(?:\.1)? )(MQTT-\d+\.\d+\.\d+-\d+)/g);
    const madeUp = "test/tools/conformance.test.ts";
    expect(ofFive.filter(({ file, name }) => file !== madeUp && !defined.has(name))).toEqual([]);
  });
});

describe("the decisions", () => {
  const decisions = files.filter((file) => /^docs\/decisions\/\d{3}-/.test(file));

  it.each(decisions)("%s has problem, decision, rejected and measured", (file) => {
    const parts = [...read(file).matchAll(/^\*\*(\w+)\.\*\*/gm)].map(([, part]) => part);
    expect(parts).toEqual(["Problem", "Decision", "Rejected", "Measured"]);
    expect(read(file)).toMatch(new RegExp(`^# ${path.basename(file).slice(0, 3)}: `));
  });

  it("are all in the index, under their titles", () => {
    const index = [...read("docs/decisions/README.md").matchAll(/^- \[(\d{3})\]\((\S+)\) (.+)$/gm)];
    const entries = index.map(([, number, file, title]) => `docs/decisions/${file} # ${number}: ${title}`);
    expect(entries.sort()).toEqual(decisions.map((file) => `${file} ${read(file).split("\n")[0]}`));
  });
});

it("the architecture fits on one page of 150 lines", () => {
  expect(read("docs/ARCHITECTURE.md").trimEnd().split("\n").length).toBeLessThanOrEqual(150);
});

it("every dependency is in DEPENDENCIES.md, and every package there is a dependency", () => {
  const { dependencies, devDependencies } = JSON.parse(read("package.json")) as Record<string, Record<string, string>>;
  const rows = [...read("docs/DEPENDENCIES.md").matchAll(/^\| ([@\w].*?) \| /gm)].map(([, packages]) => packages ?? "");
  const named = rows.filter((row) => row !== "package").flatMap((row) => row.split(", "));
  expect(named.sort()).toEqual(Object.keys({ ...dependencies, ...devDependencies }).sort());
});

function parentsOf(file: string): string[] {
  const parts = file.split("/").slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join("/"));
}

function exists(text: string): boolean {
  const name = text.replace(/\/$/, "");
  if (!name.includes("*")) return files.includes(name) || folders.has(name);
  const pattern = new RegExp(`^${name.replace(/[.]/g, "\\.").replace(/\*/g, "[^/]*")}$`);
  return files.some((file) => pattern.test(file));
}

function leadsSomewhere(document: string, link: string): boolean {
  const [to = "", heading] = link.split("#");
  const target = to === "" ? document : path.posix.join(path.posix.dirname(document), to);
  if (!exists(target)) return false;
  return heading === undefined || !target.endsWith(".md") || headingsOf(read(target)).has(heading);
}

/** The addresses of the headings, as GitHub makes them. */
function headingsOf(text: string): Set<string> {
  const titles = withoutFences(text)
    .split("\n")
    .filter((line) => /^#+ /.test(line));
  return new Set(
    titles.map((line) =>
      line
        .replace(/^#+ /, "")
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, "")
        .replace(/ /g, "-"),
    ),
  );
}

/** The same number of lines, so that a line's number stays. */
function withoutFences(text: string): string {
  return text.replace(/^```[\s\S]*?^```/gm, (block) => block.replace(/[^\n]/g, ""));
}

/** The numbers of the lines in which a table has no heading of its own, or another number of cells than its heading. */
function brokenTablesIn(text: string): number[] {
  const lines = withoutFences(text).split("\n");
  let cells = 0;
  return lines.flatMap((line, index) => {
    if (!line.startsWith("|")) {
      cells = 0;
      return [];
    }
    const count = cellsIn(line);
    if (cells > 0) return count === cells ? [] : [index + 1];
    cells = count;
    return /^\|(?: *:?-+:? *\|)+$/.test(lines[index + 1] ?? "") ? [] : [index + 1];
  });
}

function cellsIn(line: string): number {
  return (
    line
      .replace(/\\\|/g, "")
      .replace(/`[^`]*`/g, "")
      .split("|").length - 2
  );
}
