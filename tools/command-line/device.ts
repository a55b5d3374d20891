// `durable-mqtt device …`: the devices that may connect, which are the broker's credentials.

import type { Command } from "commander";
import { printSettings } from "./add-device.ts";
import { type AdminApi, adminApi } from "./admin-api.ts";
import { localBroker, plainWarningOf, webSocketUrlOf } from "./broker-address.ts";
import { UsageError } from "./usage-error.ts";
import { textOf } from "./values.ts";

type Options = { readonly to: string; readonly data: string; readonly json?: boolean; readonly sketch?: boolean };

type Credential = {
  readonly id: string;
  readonly username: string;
  readonly name: string;
  readonly kind: string;
  readonly enabled: boolean;
  readonly createdAt: string;
  readonly expiresAt: string | null;
  readonly rules: {
    readonly publish: { readonly allow: readonly string[] };
    readonly subscribe: { readonly allow: readonly string[] };
    readonly clientIds: readonly string[];
  };
};
type Page = { readonly items: readonly Credential[]; readonly next: string | null };

const pageLimit = 1_000;

const notes = `
The key to the broker's API is taken from ADMIN_TOKEN in the environment, or for a broker on this machine from its data
folder.`;

export function addDevices(program: Command): void {
  const device = program.command("device").description("list, show and revoke devices, or give one a new token");
  const add = (usage: string, description: string) =>
    device
      .command(usage)
      .description(description)
      .option("--to <url>", "the broker", webSocketUrlOf("--to"), localBroker)
      .option("--data <folder>", "of a broker on this machine", textOf("--data", "a folder, such as .data"), ".data")
      .addHelpText("after", notes);
  add("list", "one line for each device").option("--json", "as JSON").action(list);
  add("show <name>", "what a device may do").option("--json", "as JSON").action(show);
  add("token <name>", "a new token instead of the old one, and the settings of the sketch")
    .option("--sketch", "print the whole sketch, filled in")
    .action(newToken);
  add("revoke <name>", "the device may no longer connect, and its session ends").action(revoke);
}

async function list(options: Options): Promise<void> {
  const all: Credential[] = [];
  for await (const credential of credentials(apiOf(options))) all.push(credential);
  const width = Math.max(0, ...all.map(({ username }) => username.length));
  const lines = all.map((each) => `${each.username.padEnd(width)}  ${stateOf(each)}\n`);
  process.stdout.write(options.json ? jsonOf(all) : lines.join(""));
}

async function show(name: string, options: Options): Promise<void> {
  const credential = await credentialOf(apiOf(options), name);
  const { username, rules, id } = credential;
  const lines = [
    `device      ${username}`,
    `credential  ${id}`,
    `state       ${stateOf(credential)}`,
    `publishes   ${listed(rules.publish.allow)}`,
    `subscribes  ${listed(rules.subscribe.allow)}`,
    `connects as ${rules.clientIds.length === 0 ? "any client identifier" : listed(rules.clientIds)}`,
  ];
  process.stdout.write(options.json ? jsonOf(credential) : `${lines.join("\n")}\n`);
}

async function newToken(name: string, options: Options): Promise<void> {
  const api = apiOf(options);
  const { id } = await credentialOf(api, name);
  const { token } = await api.call<{ token: string }>("POST", `/credentials/${encodeURIComponent(id)}/token`);
  printSettings({ brokerUrl: options.to, clientId: name, username: name, token }, options.sketch);
}

async function revoke(name: string, options: Options): Promise<void> {
  const api = apiOf(options);
  const { id } = await credentialOf(api, name);
  await api.call("DELETE", `/credentials/${encodeURIComponent(id)}`);
  process.stdout.write(`${name} may no longer connect. Its retained messages stay.\n`);
}

function apiOf({ to, data }: Options): AdminApi {
  const warning = plainWarningOf(to);
  if (warning !== undefined) process.stderr.write(`${warning}\n`);
  return adminApi(to, data);
}

async function* credentials(api: AdminApi): AsyncIterable<Credential> {
  let after: string | null = "";
  while (after !== null) {
    const from = after === "" ? "" : `&after=${encodeURIComponent(after)}`;
    const page: Page = await api.call("GET", `/credentials?limit=${pageLimit}${from}`);
    yield* page.items;
    after = page.next;
  }
}

/** @throws {UsageError} if there is none */
async function credentialOf(api: AdminApi, name: string): Promise<Credential> {
  for await (const credential of credentials(api)) if (credential.username === name) return credential;
  throw new UsageError(`There is no device ${name}: durable-mqtt device list shows all, and add-device makes one.`);
}

function stateOf({ enabled, kind, createdAt, expiresAt }: Credential): string {
  const until = expiresAt === null ? "" : `, until ${expiresAt}`;
  return `${enabled ? "" : "disabled, "}${kind}, since ${createdAt}${until}`;
}

function listed(texts: readonly string[]): string {
  return texts.length === 0 ? "nothing" : texts.join(", ");
}

function jsonOf(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
