// `npm run plain-english -- PATH…`: what is not plain English in these files and folders, or in the whole repository.

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { type Finding, findingsIn } from "./findings.ts";

/** The examples of what not to write, and a document that a program makes of test titles. */
const excluded = /^tools\/plain-english\/rules\.ts$|^docs\/CONFORMANCE\.md$/;

/** @param paths relative to the repository; every file that Git knows, or would add, counts */
export function findingsUnder(root: string, paths: readonly string[]): Finding[] {
  const list = ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", ...paths];
  const files = execFileSync("git", list, { cwd: root, encoding: "utf8" }).split("\0");
  const read = [...new Set(files)].filter((file) => file !== "" && !excluded.test(file));
  const present = read.filter((file) => existsSync(path.join(root, file)));
  return present.sort().flatMap((file) => findingsIn(file, readFileSync(path.join(root, file), "utf8")));
}

export const lineOf = ({ file, line, words, instead }: Finding) =>
  `${file}:${line}: “${words.replace(/\s+/g, " ")}”: write ${instead}`;

if (import.meta.main) {
  const root = path.join(import.meta.dirname, "../..");
  const paths = process.argv.slice(2).map((given) => path.relative(root, path.resolve(given)) || ".");
  const findings = findingsUnder(root, paths.length > 0 ? paths : ["."]);
  for (const finding of findings) process.stdout.write(`${lineOf(finding)}\n`);
  process.exitCode = findings.length > 0 ? 1 : 0;
}
