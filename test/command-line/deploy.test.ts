// `durable-mqtt deploy`, with a program in the place of wrangler that uploads nothing: there is no account to deploy to.

import { writeFileSync } from "node:fs";
import { afterEach, describe, expect, it, vi } from "vitest";
import { deploy } from "../../tools/command-line/deploy.ts";
import type { WranglerOptions, WranglerRun } from "../../tools/wrangler.ts";
import { expectOneLine, runToEnd } from "../support/program.ts";

type Call = { readonly command: string; readonly input: string | undefined };
type Answers = Readonly<Record<string, Partial<WranglerRun>>>;

afterEach(() => {
  vi.restoreAllMocks();
});

/** Answers as wrangler does, and remembers what it was asked. */
function stub(answers: Answers = {}) {
  const calls: Call[] = [];
  const usual: Answers = { "secret list": { stdout: "[]" } };
  const wrangler = async (args: readonly string[], { input, env }: WranglerOptions): Promise<WranglerRun> => {
    const command = args.join(" ");
    calls.push({ command, input });
    const output = env?.WRANGLER_OUTPUT_FILE_PATH;
    const targets = ["https://durable-mqtt.someone.workers.dev"];
    if (output !== undefined)
      writeFileSync(output, `{"type":"wrangler-session"}\n${JSON.stringify({ type: "deploy", targets })}\n`);
    const key = Object.keys({ ...usual, ...answers }).find((start) => command.startsWith(start)) ?? "";
    return { exitCode: 0, stdout: "", said: "", ...{ ...usual, ...answers }[key] };
  };
  return { wrangler, calls };
}

async function deployed(
  wrangler: Parameters<typeof deploy>[1],
  options: Parameters<typeof deploy>[0] = {},
  environment: Parameters<typeof deploy>[2] = {},
): Promise<string> {
  let written = "";
  vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    written += text;
    return true;
  });
  await deploy(options, wrangler, environment);
  return written;
}

describe("deploy", { timeout: 60_000 }, () => {
  it("makes an ADMIN_TOKEN if there is none, and says where the broker is and what to do next", async () => {
    const { wrangler, calls } = stub();
    const written = await deployed(wrangler);
    const put = calls.find(({ command }) => command.startsWith("secret put ADMIN_TOKEN"));
    expect(put?.input).toMatch(/^[\w-]{43}$/);
    expect(calls.map(({ command }) => command).join("\n")).not.toContain(put?.input);
    expect(written).toContain("wss://durable-mqtt.someone.workers.dev/mqtt\n");
    expect(written).toContain(`https://durable-mqtt.someone.workers.dev/#token=${put?.input}\n`);
    expect(written).toContain("add-device");
  });

  it("leaves the ADMIN_TOKEN that is there", async () => {
    const { wrangler, calls } = stub({ "secret list": { stdout: '[{"name":"ADMIN_TOKEN","type":"secret_text"}]' } });
    const written = await deployed(wrangler, { name: "mine", domain: "mqtt.example.org", set: { TOPIC_SHARDS: "4" } });
    expect(calls.some(({ command }) => command.includes("secret put"))).toBe(false);
    const upload = calls.find(({ command }) => command.startsWith("deploy"))?.command;
    for (const part of ["--name mine", "--domain mqtt.example.org", "--var TOPIC_SHARDS:4"])
      expect(upload).toContain(part);
    expect(written).toContain("wss://mqtt.example.org/mqtt\n");
    expect(written).not.toContain("#token");
  });

  it("sets the ADMIN_TOKEN of the environment, and tells it to nobody", async () => {
    const { wrangler, calls } = stub();
    const written = await deployed(wrangler, {}, { ADMIN_TOKEN: "a-token-of-my-own", CI: "true" });
    expect(calls.find(({ command }) => command.startsWith("secret put"))?.input).toBe("a-token-of-my-own");
    expect(written).not.toContain("a-token-of-my-own");
  });

  it("makes none in CI, whose logs others may read, and says how to set one", async () => {
    const { wrangler, calls } = stub();
    const written = await deployed(wrangler, {}, { CI: "true" });
    expect(calls.some(({ command }) => command.startsWith("secret put"))).toBe(false);
    expect(written).toContain("npx wrangler secret put ADMIN_TOKEN");
  });

  it("uploads nothing without a login, or with a setting that is wrong", async () => {
    const { wrangler, calls } = stub({ whoami: { exitCode: 1, stdout: '{"loggedIn":false}' } });
    await expect(deploy({}, wrangler, {})).rejects.toThrow("wrangler login");
    await expect(deploy({ set: { TOPIC_SHARDS: "many" } }, wrangler, {})).rejects.toThrow("TOPIC_SHARDS");
    await expect(deploy({}, wrangler, { ADMIN_TOKEN: "short" })).rejects.toThrow("ADMIN_TOKEN: give 16");
    expect(calls.map(({ command }) => command)).toEqual(["whoami --json"]);
  });

  it("says so when it was not uploaded, and when the token could not be set", async () => {
    await expect(deployed(stub({ deploy: { exitCode: 1 } }).wrangler)).rejects.toThrow("not deployed");
    const said = { exitCode: 1, said: "no rights" };
    await expect(deployed(stub({ "secret put": said }).wrangler)).rejects.toThrow(
      "ADMIN_TOKEN cannot be set: no rights",
    );
  });

  it("does all but upload it, with wrangler itself", async () => {
    const { exitCode, out } = await runToEnd(["deploy", "--dry-run"]);
    expect(out).toContain("env.ASSETS");
    expect(exitCode).toBe(0);
  });

  it("refuses in one line without a login, with wrangler itself", async () => {
    const nobody = { HOME: "/nonexistent", XDG_CONFIG_HOME: "/nonexistent", CLOUDFLARE_API_TOKEN: "" };
    const { exitCode, error } = await runToEnd(["deploy"], nobody);
    expectOneLine(error, "npx wrangler login");
    expect(exitCode).toBe(1);
  });
});
