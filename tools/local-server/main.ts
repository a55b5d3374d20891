// `npm start`: the command line of the local server. It reads the flags, says where clients connect, and ends the server
// on SIGINT or SIGTERM.

import { readFileSync } from "node:fs";
import path from "node:path";
import { parseArgs, parseEnv } from "node:util";
import { settingNames } from "../../src/settings.ts";
import { SettingsError } from "../../src/variables.ts";
import { isLoopback, reachableHosts } from "./addresses.ts";
import { BundleError } from "./bundle.ts";
import { type LocalServer, startServer } from "./server.ts";
import { StartError } from "./start-error.ts";

const usage = `durable-mqtt: an MQTT broker on this machine

  npm start -- [flags]

  --port 8787             port for WebSocket and HTTP (0: any free one)
  --tcp 1883              port for MQTT over TCP (0: any free one)
  --no-tcp                no MQTT over TCP
  --data .data            folder for everything that is stored
  --host 127.0.0.1        address to listen on; 0.0.0.0 for every one of this machine
  --require-credentials   only clients that show who they are; their credentials are made through the API
  --allow-anonymous       every client, as it is by default on this machine's own addresses
  --set NAME=VALUE        a setting of the broker, over those in wrangler.toml and .dev.vars (repeatable)
  --help

The key to the API is ADMIN_TOKEN, in the environment or in .dev.vars. Where there is none, one is made and kept in the data
folder, in the file admin-token.
`;

/** A flag is wrong or missing; the message is one line that says what to do. */
class UsageError extends Error {}

type Command = {
  readonly host: string;
  readonly port: number;
  readonly tcpPort: number | undefined;
  readonly dataDir: string;
  /** Also to clients that show nothing of who they are; `undefined` where nobody has said. */
  readonly isOpen: boolean | undefined;
  readonly variables: Record<string, string>;
};

/** Whoever has one can be anybody, and a list of processes has what is on a command line. */
const secretNames: readonly string[] = ["ADMIN_TOKEN", "JWT_SECRET"];

/** Ending takes a few milliseconds; this is for when something hangs. */
const endWithinMs = 1_500;
const parentCheckMs = 250;

async function main(args: string[]): Promise<void> {
  const command = readCommand(args);
  if (command === "help") {
    process.stdout.write(usage);
    return;
  }
  const variables = variablesFor(command);

  let isEnding = false;
  const log = (line: string) => process.stderr.write(`${line}\n`);
  const onFailed = () => {
    log(
      "The Workers runtime ended and could not be started again. What was acknowledged is stored: start the server again.",
    );
    process.exit(1);
  };
  const starting = startServer({ ...command, variables, keepsAdminToken: true, log, onFailed });
  onEndRequested(() => {
    if (!isEnding) void end(starting);
    isEnding = true;
  });
  const server = await starting;
  if (!isEnding) process.stdout.write(greeting(server, command, variables));
}

/** @throws {UsageError} where other machines could connect, and nobody has said which clients may */
function variablesFor({ host, isOpen, variables }: Command): Record<string, string> {
  if (isOpen === undefined && !isLoopback(host)) {
    throw new UsageError(
      `On ${host} other machines can connect: add --require-credentials for clients with credentials only, or --allow-anonymous for all.`,
    );
  }
  const given = { ...readDevVars(), ...secretsOfEnvironment(), ...variables };
  return isOpen === undefined ? { ALLOW_ANONYMOUS: "1", ...given } : { ...given, ALLOW_ANONYMOUS: isOpen ? "1" : "0" };
}

function secretsOfEnvironment(): Record<string, string> {
  const given = secretNames.map((name) => [name, process.env[name] ?? ""] as const);
  return Object.fromEntries(given.filter(([, value]) => value !== ""));
}

/** npm does not pass SIGTERM on: it just ends, and leaves the server to another parent. */
function onEndRequested(act: () => void): void {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, act);
  if (process.env.npm_lifecycle_event === undefined) return;
  const npm = process.ppid;
  setInterval(() => {
    if (process.ppid !== npm) act();
  }, parentCheckMs).unref();
}

/** What is acknowledged is stored, so there is nothing to write: the listeners close and the runtime ends. */
async function end(starting: Promise<LocalServer>): Promise<void> {
  setTimeout(() => process.exit(0), endWithinMs).unref();
  const server = await starting.catch(() => undefined);
  await server?.close();
  process.exit(0);
}

/** @throws {UsageError} for an unknown flag or a bad value */
function readCommand(args: string[]): Command | "help" {
  const values = parseFlags(args);
  if (values.help) return "help";
  if (values["no-tcp"] && values.tcp !== undefined) throw new UsageError("--tcp and --no-tcp exclude each other.");
  if (values.host === "") throw new UsageError("--host is empty: give an address, such as 127.0.0.1.");
  if (values.data === "") throw new UsageError("--data is empty: give a folder, such as .data.");
  if (values["allow-anonymous"] && values["require-credentials"]) {
    throw new UsageError("--allow-anonymous and --require-credentials exclude each other.");
  }
  const variables = Object.fromEntries((values.set ?? []).map(readAssignment));
  const isOpen = values["require-credentials"] ? false : values["allow-anonymous"];
  if (isOpen !== undefined && variables.ALLOW_ANONYMOUS !== undefined) {
    throw new UsageError(
      `--set ALLOW_ANONYMOUS and --${isOpen ? "allow-anonymous" : "require-credentials"} exclude each other.`,
    );
  }
  const port = readPort("--port", values.port ?? "8787");
  const tcpPort = values["no-tcp"] ? undefined : readPort("--tcp", values.tcp ?? "1883");
  if (port === tcpPort && port !== 0) {
    throw new UsageError(`--port and --tcp are both ${port}: give each its own.`);
  }
  return {
    host: values.host ?? "127.0.0.1",
    port,
    tcpPort,
    dataDir: values.data ?? ".data",
    isOpen,
    variables,
  };
}

function parseFlags(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        port: { type: "string" },
        tcp: { type: "string" },
        "no-tcp": { type: "boolean" },
        data: { type: "string" },
        host: { type: "string" },
        "allow-anonymous": { type: "boolean" },
        "require-credentials": { type: "boolean" },
        set: { type: "string", multiple: true },
        help: { type: "boolean", short: "h" },
      },
    }).values;
  } catch (error) {
    // Node's text goes on about positional arguments; its first sentence says which flag it is.
    const [sentence] = (error as Error).message.split(/\.\s|\n/);
    throw new UsageError(`${sentence?.replace(/\.$/, "")}: see npm start -- --help.`);
  }
}

function readPort(flag: string, text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) throw new UsageError(`${flag} is "${text}": give a port from 0 to 65535.`);
  return port;
}

function readAssignment(text: string): [string, string] {
  const match = /^(?<name>[A-Za-z_]\w*)=(?<value>.*)$/s.exec(text);
  const { name, value } = match?.groups ?? {};
  if (name === undefined || value === undefined) throw new UsageError(`--set is "${text}": give NAME=VALUE.`);
  if (secretNames.includes(name)) {
    throw new UsageError(`--set ${name} shows it to everybody here: put it into the environment, or .dev.vars.`);
  }
  if (!settingNames.includes(name)) throw new UsageError(`--set: there is no setting ${name}, see the README's table.`);
  return [name, value];
}

/** Where Wrangler keeps secrets for local use. */
function readDevVars(): Record<string, string> {
  const file = path.join(import.meta.dirname, "../../.dev.vars");
  try {
    return parseEnv(readFileSync(file, "utf8")) as Record<string, string>;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return {};
    throw new UsageError(`${file} cannot be read (${(error as NodeJS.ErrnoException).code}).`);
  }
}

function greeting(server: LocalServer, { host, dataDir }: Command, variables: Record<string, string>): string {
  const lines = ["durable-mqtt is ready"];
  for (const address of reachableHosts(host)) {
    lines.push(`  dashboard  http://${address}:${server.port}/${isLoopback(host) ? signedIn(server) : ""}`);
    lines.push(`  WebSocket  ws://${address}:${server.port}/mqtt`);
    lines.push(`  WebSocket  ws://${address}:${server.port}/mqtt/{clientId}  (one hop less)`);
    if (server.tcpPort !== undefined) lines.push(`  TCP        mqtt://${address}:${server.tcpPort}`);
    lines.push(`  API        http://${address}:${server.port}/api/v1`);
  }
  lines.push(`  token      ${server.adminToken?.file ?? "the one in ADMIN_TOKEN"}`);
  const isOpen = variables.ALLOW_ANONYMOUS === "1";
  lines.push(`  clients    ${isOpen ? "all that can reach it" : "with credentials, made through the API"}`);
  lines.push(`  data       ${dataDir}`);
  return `${lines.join("\n")}\n`;
}

/** The page takes the token out of the address. Not where others may read what a server for other machines writes. */
function signedIn({ adminToken }: LocalServer): string {
  return adminToken === undefined ? "" : `#token=${adminToken.token}`;
}

main(process.argv.slice(2)).catch((error: unknown) => {
  const isExplained = [UsageError, SettingsError, StartError, BundleError].some((type) => error instanceof type);
  process.stderr.write(`${isExplained ? (error as Error).message : (error as Error).stack}\n`);
  process.exit(1);
});
