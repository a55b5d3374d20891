// The core has no clock, no chance, no timers and no platform: everything it does follows from what it is given.

import { readdirSync, readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { importsOf, withoutComments } from "../support/imports.ts";

const core = resolve(import.meta.dirname, "../../src/core");
const files = readdirSync(core, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
const sources = new Map(files.map((file) => [file, withoutComments(readFileSync(join(core, file), "utf8"))]));

describe("src/core", () => {
  it.each([
    "Date.now",
    "new Date",
    "performance",
    "Math.random",
    "crypto",
    "setTimeout",
    "setInterval",
    "queueMicrotask",
    "fetch(",
    "console",
    "process",
    "globalThis",
    "async ",
    "await ",
  ])("does without %s", (word) => {
    const isWord = new RegExp(`(?<![\\w.])${word.replace(/[.(]/g, "\\$&")}${/\w$/.test(word) ? "\\b" : ""}`);
    const users = [...sources].filter(([, source]) => isWord.test(source)).map(([file]) => file);
    expect(users).toEqual([]);
  });

  it("imports nothing from outside, but mqtt-packet and the hashes, each in one file", () => {
    const outside = [...sources].flatMap(([file, source]) =>
      importsOf(source)
        .filter((name) => !name.startsWith(".") || relative(core, resolve(core, file, "..", name)).startsWith(".."))
        .map((name) => `${file}: ${name}`),
    );
    expect(outside.sort()).toEqual([
      "authentication/hmac.ts: @noble/hashes/hmac.js",
      "authentication/hmac.ts: @noble/hashes/sha2.js",
      "packet/mqtt-packet.ts: mqtt-packet",
    ]);
  });

  it("is looked at as a whole, and every kind of import is seen", () => {
    expect(files.length).toBeGreaterThan(30);
    expect(importsOf('import "a";\nexport { b } from "c";\nawait import("d");\nimport type {\n e } from "f";')).toEqual(
      ["a", "c", "d", "f"],
    );
  });
});
