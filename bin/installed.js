// Checks that the packages are installed. As a program it ends with 1 if they are not. Plain JavaScript, because it
// must run in the machine's own Node.js, with nothing installed.

import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const isClone = existsSync(new URL("../tools", import.meta.url));

/** @returns the Node.js among the packages; `undefined`, after one line that says what to do, if they are not installed */
export function installedNode() {
  try {
    return createRequire(import.meta.url).resolve("node/bin/node");
  } catch {
    const folder = fileURLToPath(new URL("..", import.meta.url));
    const todo = isClone ? `run npm ci in ${folder} first` : "install durable-mqtt again";
    process.stderr.write(`Packages of durable-mqtt are missing: ${todo}.\n`);
    process.exitCode = 1;
    return undefined;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) installedNode();
