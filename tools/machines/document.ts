// `npm run diagrams`: writes docs/MACHINES.md; with --check, says whether it is what it would write.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pages } from "./machines.ts";
import { renderDocument } from "./render.ts";

const documentFile = path.resolve(import.meta.dirname, "../../docs/MACHINES.md");

function main(): number {
  const document = renderDocument(pages);
  if (!process.argv.includes("--check")) {
    writeFileSync(documentFile, document);
    return 0;
  }
  if (existsSync(documentFile) && readFileSync(documentFile, "utf8") === document) return 0;
  console.error("docs/MACHINES.md is not what the tables in the code say: run npm run diagrams");
  return 1;
}

process.exitCode = main();
