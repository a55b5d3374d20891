// `durable-mqtt device …`: the devices that may connect, which are the broker's credentials.

import type { Command } from "commander";
import { printSettings } from "./add-device.ts";
import { type AdminApi, adminApi } from "./admin-api.ts";
import { brokerOption, plainWarningOf, usualFolder } from "./broker-address.ts";
import { UsageError } from "./usage-error.ts";
import { textOf } from "./values.ts";

type Options = { readonly to: string; readonly data: string; readonly json?: boolean; readonly sketch?: boolean };

type Device = {
  readonly id: string;
  readonly username: string;
  readonly name: string;
  readonly kind: string;
  readonly enabled: boolean;
  readonly createdAt: string;
  readonly expiresAt: string | null;
  readonly connected: number;
  readonly lastSeen: string | null;
  readonly lastRefused: { readonly at: string; readonly reason: string } | null;
};
type Page = { readonly items: readonly Device[]; readonly total: number };

/** What `show` prints in addition. */
type Rules = {
  readonly publish: { readonly allow: readonly string[] };
  readonly subscribe: { readonly allow: readonly string[] };
  readonly clientIds: readonly string[];
};

const pageLimit = 1_000;
/** The longest text that the API searches for. */
const maximumSearchCharacters = 200;

const notes = `
The key to the broker's API is taken from ADMIN_TOKEN in the environment, or for a broker on this machine from its data
folder. A device is named by its identifier, or by the name that people call it.`;

export function addDevices(program: Command): void {
  const device = program.command("device").description("list, show and revoke devices, or give one a new token");
  const add = (usage: string, description: string) =>
    device
      .command(usage)
      .description(description)
      .addOption(brokerOption())
      .option(
        "--data <folder>",
        "data folder of a broker on this machine",
        textOf("--data", "a folder, such as .data"),
        usualFolder,
      )
      .addHelpText("after", notes);
  add("list", "one line for each device").option("--json", "as JSON").action(list);
  add("show <name>", "what a device may do").option("--json", "as JSON").action(show);
  add("token <name>", "a new token instead of the old one, and the settings of the sketch")
    .option("--sketch", "print the whole sketch, filled in")
    .action(newToken);
  add("revoke <name>", "the device may no longer connect, and its session ends").action(revoke);
}

async function list(options: Options): Promise<void> {
  const all: Device[] = [];
  for await (const device of devices(apiOf(options), "")) all.push(device);
  const width = Math.max(0, ...all.map(({ username }) => username.length));
  const lines = all.map((each) => {
    const name = each.name === "" ? "" : `, ${each.name}`;
    return `${each.username.padEnd(width)}  ${presenceOf(each)}, ${stateOf(each)}${name}\n`;
  });
  process.stdout.write(options.json ? jsonOf(all) : lines.join(""));
}

async function show(name: string, options: Options): Promise<void> {
  const api = apiOf(options);
  const device = await deviceOf(api, name);
  const { username, id, lastRefused } = device;
  const { rules } = await api.call<{ rules: Rules }>("GET", `/credentials/${encodeURIComponent(id)}`);
  const lines = [
    `device      ${username}`,
    `name        ${device.name === "" ? username : device.name}`,
    `credential  ${id}`,
    `state       ${presenceOf(device)}, ${stateOf(device)}`,
    ...(lastRefused === null ? [] : [`refused     ${lastRefused.at}, ${lastRefused.reason}`]),
    `publishes   ${listed(filled(rules.publish.allow, device, rules))}`,
    `subscribes  ${listed(filled(rules.subscribe.allow, device, rules))}`,
    `connects as ${rules.clientIds.length === 0 ? "any client identifier" : listed(usernamesIn(rules.clientIds, device))}`,
  ];
  process.stdout.write(options.json ? jsonOf({ ...device, rules }) : `${lines.join("\n")}\n`);
}

async function newToken(name: string, options: Options): Promise<void> {
  const api = apiOf(options);
  const { id, username } = await deviceOf(api, name);
  const { token } = await api.call<{ token: string }>("POST", `/credentials/${encodeURIComponent(id)}/token`);
  printSettings({ brokerUrl: options.to, clientId: username, username, token }, options.sketch);
}

async function revoke(name: string, options: Options): Promise<void> {
  const api = apiOf(options);
  const { id, username } = await deviceOf(api, name);
  await api.call("DELETE", `/credentials/${encodeURIComponent(id)}`);
  process.stdout.write(`${username} may no longer connect. Its retained messages stay.\n`);
}

function apiOf({ to, data }: Options): AdminApi {
  const warning = plainWarningOf(to);
  if (warning !== undefined) process.stderr.write(`${warning}\n`);
  return adminApi(to, data);
}

/** Oldest first, so that a device made meanwhile does not shift the pages. */
async function* devices(api: AdminApi, search: string): AsyncIterable<Device> {
  for (let offset = 0; ; offset += pageLimit) {
    const query = { search, sort: "created", order: "asc", limit: String(pageLimit), offset: String(offset) };
    const { items, total }: Page = await api.call("GET", `/devices?${new URLSearchParams(query)}`);
    yield* items;
    if (offset + pageLimit >= total) return;
  }
}

/**
 * @param text the identifier of the device, or its name if no other device has the same
 * @throws {UsageError} if there is none
 */
async function deviceOf(api: AdminApi, text: string): Promise<Device> {
  const named: Device[] = [];
  for await (const device of devices(api, text.slice(0, maximumSearchCharacters))) {
    if (device.username === text) return device;
    if (device.name === text) named.push(device);
  }
  const [device, other] = named;
  if (device !== undefined && other === undefined) return device;
  if (device === undefined) {
    throw new UsageError(`There is no device ${text}: durable-mqtt device list shows all, and add-device makes one.`);
  }
  const identifiers = named.map(({ username }) => username).join(", ");
  throw new UsageError(`Several devices are called ${text}: give the identifier of one, of ${identifiers}.`);
}

function presenceOf({ connected, lastSeen }: Device): string {
  if (connected > 0) return "connected";
  return lastSeen === null ? "never connected" : `last seen ${lastSeen}`;
}

function stateOf({ enabled, kind, createdAt, expiresAt }: Device): string {
  const until = expiresAt === null ? "" : `, until ${expiresAt}`;
  return `${enabled ? "" : "disabled, "}${kind}, since ${createdAt}${until}`;
}

const usernamesIn = (patterns: readonly string[], { username }: Device) =>
  patterns.map((pattern) => pattern.replaceAll("%u", username));

/** The topic filters with the device's names in the place of `%u` and `%c`. */
function filled(filters: readonly string[], device: Device, { clientIds }: Rules): string[] {
  const [clientId = "*", ...others] = usernamesIn(clientIds, device);
  const isKnown = others.length === 0 && !clientId.includes("*");
  return usernamesIn(filters, device).map((filter) => {
    if (isKnown || !filter.includes("%c")) return filter.replaceAll("%c", clientId);
    return `${filter} (%c is its client identifier)`;
  });
}

function listed(texts: readonly string[]): string {
  return texts.length === 0 ? "nothing" : texts.join(", ");
}

function jsonOf(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
