// `npm run bench:document -- FILE`: puts the tables of a run with --json into bench/README.md, between its two marks.

import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type Report, textOf } from "./report.ts";

const documentFile = path.join(import.meta.dirname, "README.md");
const [begin, end] = ["<!-- figures: begin -->", "<!-- figures: end -->"];

const [file] = process.argv.slice(2);
if (file === undefined) {
  console.error("Give a file that npm run --silent bench -- --json has written.");
  process.exit(2);
}
const report = JSON.parse(readFileSync(file, "utf8")) as Report;
const document = readFileSync(documentFile, "utf8");
const [before, after] = [document.split(begin)[0], document.split(end)[1]];
if (after === undefined) throw new Error(`${documentFile} has no "${end}"`);
writeFileSync(documentFile, `${before}${begin}\n\n${textOf(report)}\n\n${end}${after}`);
