#!/usr/bin/env node
// The command line. A clone runs the TypeScript itself, an installed package the JavaScript compiled from it. Both need
// a newer Node.js than many machines have, and bring it along.

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import module from "node:module"; // Node.js 20 has no enableCompileCache
import { fileURLToPath } from "node:url";
import { installedNode } from "./installed.js";

const leastMajorVersion = 24;
const fileAt = (place) => fileURLToPath(new URL(place, import.meta.url));
const source = fileAt("../tools/command-line/main.ts");
const program = existsSync(source) ? source : fileAt("../dist/tools/command-line/main.js");

const newer = installedNode();
if (newer === undefined) {
  // installedNode has said what to do.
} else if (Number.parseInt(process.versions.node, 10) >= leastMajorVersion) {
  // Makes the next start a third faster. The cache is not in the temporary folder, because other users could put code
  // there for this user to run. If the folder is not writable there is no cache, and no error.
  module.enableCompileCache(fileAt("../node_modules/.cache/node-compile-cache"));
  await import(program);
} else {
  const child = spawn(newer, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: "inherit" });
  // A terminal also signals the child itself, which counts a signal that comes twice as one.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("error", (error) => {
    process.stderr.write(`${newer} cannot be started (${error.message}): install durable-mqtt again.\n`);
    process.exitCode = 1;
  });
  child.on("exit", (exitCode) => {
    process.exitCode = exitCode ?? 1;
  });
}
