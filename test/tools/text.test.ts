// Text that comes from outside is UTF-8, or refused: whichever way it comes, one decoder reads it.

import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import { readSettings } from "../../src/settings/settings.ts";
import { SettingsError } from "../../src/settings/variables.ts";
import { keptAdminToken } from "../../tools/local-server/admin-token.ts";
import { TextError, textIn } from "../../tools/text.ts";
import { expectOneLine } from "../support/program.ts";
import { undoAfterTest } from "../support/undo.ts";

const root = path.join(import.meta.dirname, "../..");
const latin1 = Buffer.from("caf\u00e9 ".repeat(10), "latin1");

/** By a shell, for Node.js cannot pass such bytes on: in `script` $NODE is Node.js. */
async function shell(script: string, cwd = root): Promise<string> {
  const env = { ...process.env, NODE: process.execPath, ROOT: root };
  const child = spawn("/bin/bash", ["-c", script], { cwd, env, stdio: ["ignore", "ignore", "pipe"] });
  return text(child.stderr);
}

async function folderWith(files: Readonly<Record<string, Buffer>>): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), "durable-mqtt-test-"));
  undoAfterTest(() => rm(folder, { recursive: true }));
  for (const [name, bytes] of Object.entries(files)) await writeFile(path.join(folder, name), bytes, { mode: 0o600 });
  return folder;
}

const main = "$NODE $ROOT/tools/command-line/main.ts";
const scramUser = "$NODE $ROOT/tools/scram-user/main.ts";

describe.skipIf(process.platform === "win32")("what is not UTF-8", () => {
  it.each([
    ["an argument", `${main} pub -t $'a\\xff' -m x`, "Argument 3"],
    ["an argument of scram-user", `echo x | ${scramUser} $'\\xff'`, "Argument 1"],
    ["a variable of the environment", `ADMIN_TOKEN=$'\\xff aaaaaaaaaaaaaaaaaaa' ${main} start`, "ADMIN_TOKEN"],
    ["a password of the environment", `DURABLE_MQTT_PASSWORD=$'\\xff' ${main} sub -t x`, "DURABLE_MQTT_PASSWORD"],
    ["a password on standard input", `printf 'caf\\xe9' | ${scramUser} user`, "The password"],
    ["a certificate", `${main} sub -t x --cafile latin1`, "latin1"],
    [".dev.vars", `${main} start --port 0 --tcp 0`, ".dev.vars"],
    ["the token in the data folder", `${main} add-device device --data .`, "admin-token"],
  ])("is refused in one line: %s", async (_what, script, name) => {
    const files = { latin1, "admin-token": latin1, ".dev.vars": Buffer.concat([Buffer.from("ADMIN_TOKEN="), latin1]) };
    // A board cannot reach this machine, which is said first.
    expectOneLine(await shell(script, await folderWith(files)), name, "UTF-8");
  });

  it("is no token of the local server", async () => {
    await expect(keptAdminToken(await folderWith({ "admin-token": latin1 }))).rejects.toThrow("holds no token");
  });

  it("is refused in every setting", () => {
    for (const name of ["ADMIN_TOKEN", "RESPONSE_INFORMATION", "ALLOWED_HOSTS", "SCRAM_USERS"])
      expect(() => readSettings({ [name]: "caf\uFFFD aaaaaaaaaaaaaaaa" })).toThrow(SettingsError);
  });
});

it("a file's text is as it was written, without the mark that some editors put before it", () => {
  expect(textIn(Buffer.from("\uFEFFgr\u00fcn \uFFFD"), "it")).toBe("gr\u00fcn \uFFFD");
  expect(() => textIn(latin1, "it")).toThrow(TextError);
});

describe("one decoder", () => {
  const filesIn = (folder: string) =>
    readdirSync(path.join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts"))
      .map((file) => `${folder}/${file}`);
  const using = (folders: readonly string[], pattern: RegExp) =>
    folders
      .flatMap(filesIn)
      .filter((file) =>
        pattern.test(readFileSync(path.join(root, file), "utf8").replace(/^ *(?:\/\/|\*|\/\*).*$/gm, "")),
      );
  const own = [
    "tools/command-line",
    "tools/local-server",
    "tools/scram-user",
    "tools/tcp-gateway",
    "tools/device-setup",
  ];

  it("is all that there is", () => {
    expect(using(["src", ...own, "bench"], /new TextDecoder/)).toEqual(["src/core/utf8.ts"]);
  });

  it("reads every file and stream, but what the project or another program has written", () => {
    const reads =
      /"utf-?8"\)|encoding: "utf-?8"|setEncoding|\.text\(\)|\.json\(\)|text\(process|toString\((?:"utf-?8")?\)/;
    expect(using(own, reads).sort()).toEqual([
      "tools/command-line/add-device.ts", // the project's sketch
      "tools/command-line/admin-api.ts", // what the broker's API answers
      "tools/command-line/commands.ts", // package.json
      "tools/command-line/deploy.ts", // what Wrangler writes
      "tools/command-line/message-format.ts", // others' payloads, which a terminal shows as far as it can
      "tools/command-line/pub.ts", // latin1 keeps a payload's bytes as they are
      "tools/local-server/bundle.ts", // what was written beside the bundle
      "tools/local-server/descriptors.ts", // what the shell says of its limit
      "tools/tcp-gateway/dial.ts", // the broker's refusal
    ]);
    expect(using(["src"], /\.text\(\)|\.json\(\)|\.formData\(\)/)).toEqual([]);
  });
});
