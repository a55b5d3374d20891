// A clone before `npm ci`: every command says in one line what to do. And `npm ci` warns of nothing that is intended.

import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, it } from "vitest";
import { undoAfterTest } from "../support/undo.ts";

const root = path.join(import.meta.dirname, "../..");

/** The files that run before anything else, without packages. */
function bareClone(): string {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), "durable-mqtt-test-")));
  undoAfterTest(() => rmSync(folder, { recursive: true }));
  for (const name of ["bin", "package.json"])
    cpSync(path.join(root, name), path.join(folder, name), { recursive: true });
  mkdirSync(path.join(folder, "tools"));
  return folder;
}

function run(folder: string, command: string, ...args: string[]): Promise<{ exitCode: number; written: string }> {
  return new Promise((resolve) => {
    const child = execFile(command, args, { cwd: folder }, (_error, out, err) => {
      resolve({ exitCode: child.exitCode ?? 0, written: out + err });
    });
  });
}

const { scripts } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8")) as {
  scripts: Record<string, string>;
};
/** They need Git, and Debian's packages. */
const needNoPackages = ["setup:hooks", "setup:tests"];

it.each([
  ["npm start", "npm", ["start", "--silent"]],
  ["npm test", "npm", ["test", "--silent"]],
  ["npm run check", "npm", ["run", "check", "--silent"]],
  ["npx durable-mqtt", process.execPath, ["bin/durable-mqtt.js", "start"]],
])("%s says that npm ci comes first", async (_name, command, args) => {
  const folder = bareClone();
  const { exitCode, written } = await run(folder, command, ...args);
  expect(written).toBe(`Packages of durable-mqtt are missing: run npm ci in ${folder}/ first.\n`);
  expect(exitCode).toBe(1);
});

/** A script that begins with another says what that one says. */
const own = Object.entries(scripts).filter(
  ([name, command]) => !needNoPackages.includes(name) && !command.startsWith("npm run "),
);

// Without npm, which would take longer than the rest.
it.each(own)("npm run %s says that npm ci comes first", async (_name, command) => {
  const folder = bareClone();
  const { exitCode, written } = await run(folder, "sh", "-c", command);
  expect(written).toBe(`Packages of durable-mqtt are missing: run npm ci in ${folder}/ first.\n`);
  expect(exitCode).toBe(1);
});

it("npm ci warns of no install script: each package that has one is named", () => {
  const read = (name: string) => JSON.parse(readFileSync(path.join(root, name), "utf8"));
  const { packages } = read("package-lock.json") as { packages: Record<string, { hasInstallScript?: boolean }> };
  const withScript = Object.keys(packages).filter((place) => packages[place]?.hasInstallScript);
  const names = withScript.map((place) => place.split("node_modules/").at(-1));
  expect(Object.keys(read("package.json").allowScripts).sort()).toEqual(names.sort());
});
