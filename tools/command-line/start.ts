// `durable-mqtt start`, which is `npm start`: the broker on this machine.

import { readFileSync } from "node:fs";
import path from "node:path";
import { parseEnv } from "node:util";
import { type Command, Option } from "commander";
import { usualPorts } from "../device-setup/examples.ts";
import { isLoopback, reachableFromHere, reachableHosts } from "../local-server/addresses.ts";
import type { LocalServer } from "../local-server/server.ts";
import { TextError, textIn } from "../text.ts";
import { secretNames, withAssignment } from "./assignment.ts";
import { brokerFlags, usualFolder } from "./broker-address.ts";
import { withHostName } from "./host-name.ts";
import { untilEnded } from "./until-ended.ts";
import { UsageError } from "./usage-error.ts";
import { portOf, textOf } from "./values.ts";

type Options = {
  readonly port: number;
  /** `false` switches it off. */
  readonly tcp: number | false;
  readonly data: string;
  readonly host: string;
  readonly requireCredentials?: boolean;
  readonly allowAnonymous?: boolean;
  readonly allowHost?: readonly string[];
  readonly set?: Readonly<Record<string, string>>;
};

const notes = `
The key to the API and the dashboard is ADMIN_TOKEN, in the environment or in .dev.vars. If there is none, one is made
and kept in the data folder, in the file admin-token. The other secrets, JWT_SECRET and SCRAM_USERS, are read from the
same places.`;

export function addStart(program: Command): void {
  program
    .command("start")
    .description("run the broker on this machine")
    .option("--port <port>", "for WebSocket and HTTP; 0 takes any free port", portOf("--port"), usualPorts.webSocket)
    .option("--tcp <port>", "for MQTT over TCP; 0 takes any free port", portOf("--tcp"), usualPorts.tcp)
    .option("--no-tcp", "no MQTT over TCP")
    .option(
      "--data <folder>",
      "folder for everything that is stored",
      textOf("--data", "a folder, such as .data"),
      usualFolder,
    )
    .option(
      "--host <address>",
      "to listen on; 0.0.0.0 is every address of this machine",
      textOf("--host", "an address, such as 127.0.0.1"),
      "127.0.0.1",
    )
    .addOption(
      new Option("--require-credentials", "accept only clients that show who they are").conflicts("allowAnonymous"),
    )
    .option("--allow-anonymous", "accept every client, which is the default on this machine's own addresses")
    .option(
      "--allow-host <name>",
      "a name that others have for this machine: mybox.lan, or *.lan for all below; may be given several times",
      withHostName,
    )
    .option("--set <NAME=VALUE>", "a setting of the broker; may be given several times", withAssignment)
    .addHelpText("after", notes)
    .action(start);
}

async function start(options: Options): Promise<void> {
  const { host, port, tcp, data: dataDir } = options;
  if (port === tcp && port !== 0) throw new UsageError(`--port and --tcp are both ${port}: give each its own.`);
  const variables = variablesFor(options);
  const log = (line: string) => process.stderr.write(`${line}\n`);
  const onFailed = () => {
    log(
      "The Workers runtime ended and could not be started again. What was acknowledged is stored: start the server again.",
    );
    process.exit(1);
  };
  // Loaded here, because it takes a while and the other commands do not need it.
  const { startServer } = await import("../local-server/server.ts");
  const tcpPort = tcp === false ? undefined : tcp;
  const starting = startServer({ host, port, tcpPort, dataDir, variables, keepsAdminToken: true, log, onFailed });
  await untilEnded(starting, (server) => process.stdout.write(greeting(server, options, variables)));
}

/** @throws {UsageError} if other machines could connect and no flag says which clients may */
function variablesFor({
  host,
  set = {},
  requireCredentials,
  allowAnonymous,
  allowHost = [],
}: Options): Record<string, string> {
  const isOpen = requireCredentials ? false : allowAnonymous;
  if (isOpen !== undefined && set.ALLOW_ANONYMOUS !== undefined) {
    const flag = isOpen ? "--allow-anonymous" : "--require-credentials";
    throw new UsageError(`--set ALLOW_ANONYMOUS and ${flag} exclude each other.`);
  }
  if (isOpen === undefined && !isLoopback(host)) {
    throw new UsageError(
      `On ${host} other machines can connect: add --require-credentials for clients with credentials only, or --allow-anonymous for all.`,
    );
  }
  const given: Record<string, string> = { ...readDevVars(), ...secretsOfEnvironment(), ...set };
  if (allowHost.length > 0) given.ALLOWED_HOSTS = [given.ALLOWED_HOSTS ?? "", ...allowHost].filter(Boolean).join(",");
  return isOpen === undefined
    ? { ALLOW_ANONYMOUS: "1", NAMESPACES: "*", ...given }
    : { ...given, ALLOW_ANONYMOUS: isOpen ? "1" : "0" };
}

function secretsOfEnvironment(): Record<string, string> {
  const given = secretNames.map((name) => [name, process.env[name] ?? ""] as const);
  return Object.fromEntries(given.filter(([, value]) => value !== ""));
}

/** The file in which Wrangler keeps secrets for local use. */
function readDevVars(): Record<string, string> {
  const file = path.resolve(".dev.vars");
  try {
    return parseEnv(textIn(readFileSync(file), file)) as Record<string, string>;
  } catch (error) {
    if (error instanceof TextError) throw error;
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return {};
    throw new UsageError(`${file} cannot be read (${(error as NodeJS.ErrnoException).code}).`);
  }
}

function greeting(server: LocalServer, { host, data }: Options, variables: Record<string, string>): string {
  const lines = ["durable-mqtt is ready"];
  for (const address of reachableHosts(host)) {
    lines.push(`  dashboard  http://${address}:${server.port}/${isLoopback(host) ? signedIn(server) : ""}`);
    lines.push(`  WebSocket  ws://${address}:${server.port}/mqtt`);
    lines.push(`  WebSocket  ws://${address}:${server.port}/mqtt/{clientId}  (one hop less)`);
    if (server.tcpPort !== undefined) lines.push(`  TCP        mqtt://${address}:${server.tcpPort}`);
    lines.push(`  API        http://${address}:${server.port}/api/v1`);
  }
  lines.push(`  names      any address, ${server.names.join(", ")}; another: --allow-host NAME`);
  lines.push(`  token      ${server.adminToken?.file ?? "the one in ADMIN_TOKEN"}`);
  const isOpen = variables.ALLOW_ANONYMOUS === "1";
  lines.push(
    `  clients    ${isOpen ? "everyone who can reach this server" : `with credentials: ${addDeviceLine(server, host, data)}`}`,
  );
  lines.push(`  data       ${data}`);
  return `${lines.join("\n")}\n`;
}

/** The command with the flags that this server needs: add-device knows only the usual address and folder. */
function addDeviceLine({ port }: LocalServer, host: string, data: string): string {
  return `npx durable-mqtt add-device NAME${brokerFlags(`ws://${reachableFromHere(host)}:${port}/mqtt`, data)}`;
}

/**
 * The page removes the token from the address. A server for other machines does not print it: others may read its log.
 */
function signedIn({ adminToken }: LocalServer): string {
  return adminToken === undefined ? "" : `#token=${adminToken.token}`;
}
