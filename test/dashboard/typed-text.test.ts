// What somebody is typing stays, whatever else the page draws meanwhile: Preact puts a field's `value` back at each drawing,
// so the page has to know of each letter.

import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, it } from "vitest";

const source = path.join(import.meta.dirname, "../../dashboard/src");

it("every text field that the page sets is read at each letter", () => {
  const files = readdirSync(source, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".tsx"));
  const fields = files.flatMap((file) => {
    const elements = readFileSync(path.join(source, file), "utf8").match(/<(input|textarea)\b[\s\S]*?\/>/g) ?? [];
    return elements.filter((element) => /\bvalue=/.test(element)).map((element) => ({ file, element }));
  });
  expect(fields.length).toBeGreaterThan(8);
  expect(fields.filter(({ element }) => !/\bonInput=/.test(element))).toEqual([]);
});
