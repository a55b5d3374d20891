// `durable-mqtt deploy`, which is `npm run deploy`: puts the broker and its dashboard into your Cloudflare account. The
// broker is closed to strangers, and its API has a key that only you know.

import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Command } from "commander";
import { readSettings } from "../../src/settings/settings.ts";
import { buildDashboard } from "../local-server/dashboard-files.ts";
import { packageRoot } from "../package-root.ts";
import { runWrangler } from "../wrangler.ts";
import { withAssignment } from "./assignment.ts";
import { UsageError } from "./usage-error.ts";

export type DeployOptions = {
  readonly name?: string;
  readonly domain?: string;
  readonly set?: Readonly<Record<string, string>>;
  readonly dryRun?: boolean;
};

const notes = `
You need a Cloudflare account; the free plan will do. The command asks no questions, so it runs in CI too: there
CLOUDFLARE_API_TOKEN and CLOUDFLARE_ACCOUNT_ID are the login. If the broker has no ADMIN_TOKEN yet, it gets the one in the
environment, or a new one that is printed. In CI none is made, because others may read the log.`;

/** The environment variables that count here. */
type Environment = { readonly ADMIN_TOKEN?: string; readonly CI?: string };

const adminTokenBytes = 32;

export function addDeploy(program: Command): void {
  program
    .command("deploy")
    .description("put the broker into your Cloudflare account")
    .option("--name <name>", "of the Worker, and the first part of its address")
    .option("--domain <host>", "an address of your own, in a zone of your account")
    .option("--set <NAME=VALUE>", "a setting of the broker, over those in wrangler.toml", withAssignment)
    .option("--dry-run", "do everything except the upload")
    .addHelpText("after", notes)
    .action((options: DeployOptions) => deploy(options, runWrangler, process.env));
}

/**
 * @param wrangler runs Cloudflare's command line
 * @throws {UsageError} if possible before anything is uploaded
 */
export async function deploy(
  options: DeployOptions,
  wrangler: typeof runWrangler,
  environment: Environment,
): Promise<void> {
  const config = path.join(packageRoot, "wrangler.toml");
  const { unstable_readConfig } = await import("wrangler");
  const { ADMIN_TOKEN } = environment;
  const secrets = ADMIN_TOKEN ? { ADMIN_TOKEN } : {};
  readSettings({ ...unstable_readConfig({ config }, { hideWarnings: true }).vars, ...secrets, ...options.set });
  if (!options.dryRun) await checkLogin(wrangler);
  await buildDashboard(packageRoot, path.join(packageRoot, "dist/dashboard"));
  const ofWorker = ["--config", config, ...(options.name === undefined ? [] : ["--name", options.name])];
  const address = await upload(options, ofWorker, wrangler);
  if (options.dryRun) return;
  const token = await adminToken(ofWorker, wrangler, environment);
  process.stdout.write(nextSteps(address, token));
}

async function checkLogin(wrangler: typeof runWrangler): Promise<void> {
  const { exitCode } = await wrangler(["whoami", "--json"], { cwd: packageRoot });
  if (exitCode === 0) return;
  throw new UsageError("You are not logged in to Cloudflare: run npx wrangler login, and then this again.");
}

/** @returns the broker's address, from wrangler's output */
async function upload(
  { domain, set = {}, dryRun }: DeployOptions,
  ofWorker: readonly string[],
  wrangler: typeof runWrangler,
): Promise<string | undefined> {
  const folder = await mkdtemp(path.join(tmpdir(), "durable-mqtt-deploy-"));
  try {
    const output = path.join(folder, "output.ndjson");
    const args = [
      ...["deploy", ...ofWorker],
      ...(domain === undefined ? [] : ["--domain", domain]),
      ...Object.entries(set).flatMap(([name, value]) => ["--var", `${name}:${value}`]),
      ...(dryRun ? ["--dry-run"] : []),
    ];
    const env = { WRANGLER_OUTPUT_FILE_PATH: output };
    const { exitCode } = await wrangler(args, { cwd: packageRoot, isShown: true, env });
    if (exitCode !== 0) throw new UsageError("The broker is not deployed: wrangler's message above says why.");
    return addressIn(await readFile(output, "utf8").catch(() => ""), domain);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The output has one JSON object per line; the entry of the deployment has the addresses. */
function addressIn(output: string, domain: string | undefined): string | undefined {
  if (domain !== undefined) return domain;
  for (const line of output.split("\n").filter(Boolean)) {
    const { type, targets = [] } = JSON.parse(line) as { type?: string; targets?: string[] };
    const address = targets.find((target) => /^(https:\/\/)?[\w.-]+$/.test(target));
    if (type === "deploy" && address !== undefined) return address.replace("https://", "");
  }
  return undefined;
}

type AdminToken = "kept" | "taken" | "missing" | { readonly made: string };

async function adminToken(
  ofWorker: readonly string[],
  wrangler: typeof runWrangler,
  { ADMIN_TOKEN: given = "", CI: isCi = "" }: Environment,
): Promise<AdminToken> {
  const list = await wrangler(["secret", "list", "--format", "json", ...ofWorker], { cwd: packageRoot });
  if (list.exitCode !== 0) throw new UsageError(`Its secrets cannot be listed: ${list.said}`);
  const names = (JSON.parse(list.stdout) as { name: string }[]).map(({ name }) => name);
  if (names.includes("ADMIN_TOKEN")) return "kept";
  if (given === "" && isCi !== "") return "missing";
  const token = given || randomBytes(adminTokenBytes).toString("base64url");
  // Through standard input, because other users can list command lines.
  const put = await wrangler(["secret", "put", "ADMIN_TOKEN", ...ofWorker], { cwd: packageRoot, input: token });
  if (put.exitCode !== 0) throw new UsageError(`ADMIN_TOKEN cannot be set: ${put.said}`);
  return given === "" ? { made: token } : "taken";
}

function nextSteps(address: string | undefined, token: AdminToken): string {
  const host = address ?? "YOUR-WORKER.YOUR-SUBDOMAIN.workers.dev";
  const signedIn = typeof token === "object" ? `#token=${token.made}` : "";
  return [
    "",
    "durable-mqtt is deployed, and closed: clients need credentials",
    `  WebSocket  wss://${host}/mqtt`,
    `  dashboard  https://${host}/${signedIn}`,
    ...tokenLines(token),
    "Next: open the dashboard and add a device. From the command line:",
    `  ADMIN_TOKEN=… npx durable-mqtt add-device sensor-1 --to wss://${host}/mqtt`,
    "",
  ].join("\n");
}

function tokenLines(token: AdminToken): string[] {
  if (token === "kept") return ["  token      ADMIN_TOKEN, as it was before"];
  if (token === "taken") return ["  token      ADMIN_TOKEN of the environment"];
  if (token === "missing")
    return ["  token      none yet: npx wrangler secret put ADMIN_TOKEN (the log of CI is not the place to show one)"];
  return [`  token      ${token.made}`, "             It is shown only this once: keep it where you keep passwords."];
}
