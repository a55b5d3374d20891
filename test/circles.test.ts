// No file imports itself by way of others, types included: a file can be read, and moved, without those that use it.

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { importsOf } from "./support/imports.ts";

type Imports = ReadonlyMap<string, readonly string[]>;

const src = resolve(import.meta.dirname, "../src");
const imports = importsIn(src);

describe("the files of src", () => {
  it("import each other without a circle", () => {
    expect(imports.size).toBeGreaterThan(200);
    expect(circlesOf(imports)).toEqual([]);
  });

  it("are in folders that import each other without a circle", () => {
    const folders = foldersOf(imports, (file) => file.split("/")[0] ?? "");
    expect([...folders.keys()]).toContain("platform");
    expect(circlesOf(folders)).toEqual([]);
  });

  it("are in folders of the session core that import each other without a circle", () => {
    const inFolder = /^core\/session\/(\w+)\//;
    const folders = foldersOf(imports, (file) => inFolder.exec(file)?.[1]);
    expect([...folders.keys()].sort()).toEqual(["connect", "inbound", "life", "outbound", "wire"]);
    expect(circlesOf(folders)).toEqual([]);
  });
});

describe("the search for circles", () => {
  const graphOf = (lines: Record<string, string[]>) => new Map(Object.entries(lines));

  it("finds files that lead back to themselves, and not those that only lead there", () => {
    expect(circlesOf(graphOf({ a: ["b"], b: ["c", "d"], c: ["b"], d: [], e: ["a"] }))).toEqual([["b", "c"]]);
    expect(circlesOf(graphOf({ a: ["a"] }))).toEqual([["a"]]);
  });

  it("finds none if two ways lead to one file", () => {
    expect(circlesOf(graphOf({ a: ["b", "c"], b: ["d"], c: ["d"], d: [] }))).toEqual([]);
  });
});

/** What the folders of some files import of each other. */
function foldersOf(imports: Imports, folderOf: (file: string) => string | undefined): Imports {
  const folders = new Map<string, string[]>();
  for (const [file, imported] of imports) {
    const folder = folderOf(file);
    if (folder === undefined) continue;
    const others = imported.map(folderOf).filter((other) => other !== undefined && other !== folder);
    folders.set(folder, [...(folders.get(folder) ?? []), ...(others as string[])]);
  }
  return folders;
}

function importsIn(folder: string): Imports {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
  return new Map(
    files.map((file) => {
      const names = importsOf(readFileSync(join(folder, file), "utf8")).filter((name) => name.startsWith("."));
      return [file, names.map((name) => join(dirname(file), name))];
    }),
  );
}

/** Groups of files that all lead to each other, each in order of name. */
function circlesOf(imports: Imports): string[][] {
  const circles = new Map<string, string[]>();
  const reach = new Map([...imports.keys()].map((file) => [file, reachOf(file, imports)]));
  for (const [file, reached] of reach) {
    if (!reached.has(file)) continue;
    const circle = [...reached].filter((other) => reach.get(other)?.has(file)).sort();
    circles.set(circle.join(), circle);
  }
  return [...circles.values()];
}

/** All files that a file imports, by way of others too. */
function reachOf(file: string, imports: Imports): Set<string> {
  const reached = new Set<string>();
  const open = [...(imports.get(file) ?? [])];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (reached.has(next)) continue;
    reached.add(next);
    open.push(...(imports.get(next) ?? []));
  }
  return reached;
}
