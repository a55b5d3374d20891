// `npm test` on a machine that has Node.js and nothing else: what needs another program is skipped, and says so.

import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, it } from "vitest";
import { undoAfterTest } from "../support/undo.ts";
import { programPath } from "./installed.ts";

const root = path.join(import.meta.dirname, "../..");

/** Together they need every program that `npm run setup:tests` installs from Debian; the last two also run without. */
const files = [
  "test/arduino/compile.test.ts",
  "test/broker/commands.test.ts",
  "test/broker/paho.test.ts",
  "test/examples/bridge.test.ts",
  "test/examples/browser.test.ts",
  "test/programs/curl.test.ts",
  "test/programs/paho-c.test.ts",
  "test/programs/zigbee2mqtt.test.ts",
  "test/device-setup/sketch.test.ts",
  "test/tcp-gateway/reaching.test.ts",
];

const missing = ["g++", "gcc", "mosquitto_pub", "mosquitto_sub", "mosquitto", "chromium", "curl", "openssl"];

/** A folder for PATH, in which only these are found. */
function folderOfPrograms(...names: string[]): string {
  const folder = mkdtempSync(path.join(tmpdir(), "durable-mqtt-test-"));
  undoAfterTest(() => rmSync(folder, { recursive: true }));
  for (const name of names) symlinkSync(programPath(name), path.join(folder, name));
  return folder;
}

it("passes what Node.js alone can run, skips the rest with its reason, and names the cure", {
  timeout: 60_000,
}, async () => {
  const home = mkdtempSync(path.join(tmpdir(), "durable-mqtt-test-"));
  undoAfterTest(() => rmSync(home, { recursive: true }));
  const { NODE_COMPILE_CACHE = "" } = process.env;
  const env = { PATH: folderOfPrograms("node", "npm", "sh"), HOME: home, NODE_COMPILE_CACHE };
  const written = await new Promise<string>((resolve) => {
    execFile(programPath("npm"), ["test", "--", "--maxWorkers=1", ...files], { cwd: root, env }, (_error, out, error) =>
      resolve(out + error),
    );
  });
  expect(written).toMatch(
    /^[1-9]\d* passed, 0 failed, [1-9]\d* skipped \(npm run setup:tests installs what they need, where it can\)$/m,
  );
  for (const name of missing)
    expect(written).toMatch(new RegExp(`are skipped: .*${name.replaceAll("+", "\\+")}.* missing`));
  expect(written).toMatch(/are skipped: python3 has no paho/);
  expect(written).toMatch(/are skipped: .*zigbee2mqtt.* is missing/);
});
