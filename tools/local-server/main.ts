// `npm start`: the command line of the local server. It reads the flags, says where clients connect, and ends the server
// on SIGINT or SIGTERM.

import { readFileSync } from "node:fs";
import net from "node:net";
import { networkInterfaces } from "node:os";
import path from "node:path";
import { parseArgs, parseEnv } from "node:util";
import { SettingsError, settingNames } from "../../src/settings.ts";
import { BundleError } from "./bundle.ts";
import { type LocalServer, StartError, startServer } from "./server.ts";

const usage = `durable-mqtt: an MQTT broker on this machine

  npm start -- [flags]

  --port 8787         port for WebSocket and HTTP (0: any free one)
  --tcp 1883          port for MQTT over TCP (0: any free one)
  --no-tcp            no MQTT over TCP
  --data .data        folder for everything that is stored
  --host 127.0.0.1    address to listen on; 0.0.0.0 for every one of this machine
  --allow-anonymous   other addresses than loopback, open to clients without a password
  --set NAME=VALUE    a setting of the broker, over those in wrangler.toml and .dev.vars (repeatable)
  --help
`;

/** A flag is wrong or missing; the message is one line that says what to do. */
class UsageError extends Error {}

type Command = {
  readonly host: string;
  readonly port: number;
  readonly tcpPort: number | undefined;
  readonly dataDir: string;
  readonly allowAnonymous: boolean;
  readonly variables: Record<string, string>;
};

/** Ending takes a few milliseconds; this is for when something hangs. */
const endWithinMs = 1_500;
const parentCheckMs = 250;

async function main(args: string[]): Promise<void> {
  const command = readCommand(args);
  if (command === "help") {
    process.stdout.write(usage);
    return;
  }
  if (!isLoopback(command.host) && !command.allowAnonymous) {
    throw new UsageError(
      `On ${command.host} other machines could use the broker without a password: add --allow-anonymous if they may.`,
    );
  }
  const variables = { ALLOW_ANONYMOUS: "1", ...readDevVars(), ...command.variables };

  let isEnding = false;
  const log = (line: string) => process.stderr.write(`${line}\n`);
  const onFailed = () => {
    log(
      "The Workers runtime ended and could not be started again. What was acknowledged is stored: start the server again.",
    );
    process.exit(1);
  };
  const starting = startServer({ ...command, variables, log, onFailed });
  onEndRequested(() => {
    if (!isEnding) void end(starting);
    isEnding = true;
  });
  const server = await starting;
  if (!isEnding) process.stdout.write(greeting(server, command));
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
    allowAnonymous: values["allow-anonymous"] ?? false,
    variables: Object.fromEntries((values.set ?? []).map(readAssignment)),
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

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (net.isIPv4(host) && host.startsWith("127."));
}

function greeting(server: LocalServer, { host, dataDir }: Command): string {
  const lines = ["durable-mqtt is ready"];
  for (const address of reachableAddresses(host)) {
    lines.push(`  WebSocket  ws://${address}:${server.port}/mqtt`);
    lines.push(`  WebSocket  ws://${address}:${server.port}/mqtt/{clientId}  (one hop less)`);
    if (server.tcpPort !== undefined) lines.push(`  TCP        mqtt://${address}:${server.tcpPort}`);
  }
  lines.push(`  data       ${dataDir}`);
  return `${lines.join("\n")}\n`;
}

/** For "all addresses", each one that a client could use. */
function reachableAddresses(host: string): string[] {
  if (host !== "0.0.0.0" && host !== "::") return [net.isIPv6(host) ? `[${host}]` : host];
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return addresses.filter(({ family }) => family === "IPv4").map(({ address }) => address);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  const isExplained = [UsageError, SettingsError, StartError, BundleError].some((type) => error instanceof type);
  process.stderr.write(`${isExplained ? (error as Error).message : (error as Error).stack}\n`);
  process.exit(1);
});
