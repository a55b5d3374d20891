// `npx durable-mqtt`, and `npm start`, which is its first command. One file here for each command.

import { readFileSync } from "node:fs";
import path from "node:path";
import { Command, CommanderError } from "commander";
import { settingNames } from "../../src/settings.ts";
import { SettingsError } from "../../src/variables.ts";
import { BundleError } from "../local-server/bundle.ts";
import { StartError } from "../local-server/start-error.ts";
import { packageRoot } from "../package-root.ts";
import { checkGiven, TextError } from "../text.ts";
import { addAddDevice } from "./add-device.ts";
import { addDeploy } from "./deploy.ts";
import { addDevices } from "./device.ts";
import { addGateway } from "./gateway.ts";
import { addPub } from "./pub.ts";
import { addStart } from "./start.ts";
import { addSub } from "./sub.ts";
import { UsageError } from "./usage-error.ts";

const program = new Command("durable-mqtt")
  .description("An MQTT broker on Cloudflare Workers, or on this machine: what is acknowledged is stored.")
  .version((JSON.parse(readFileSync(path.join(packageRoot, "package.json"), "utf8")) as { version: string }).version)
  .helpCommand(false)
  .exitOverride()
  // What is wrong is said once, in one line, below.
  .configureOutput({ outputError: () => {} });
for (const add of [addStart, addGateway, addAddDevice, addDevices, addPub, addSub, addDeploy]) add(program);

const { env } = process;
/** The environment variables that the commands read. */
const variables = Object.fromEntries(
  Object.keys(env)
    .filter((name) => settingNames.includes(name) || name.startsWith("DURABLE_MQTT_"))
    .map((name) => [name, env[name]]),
);

run().catch((error: unknown) => {
  const line = lineOf(error);
  if (line !== undefined) process.stderr.write(`${line}\n`);
  process.exitCode = error instanceof CommanderError || error instanceof UsageError ? error.exitCode : 1;
});

// `durable-mqtt … | head -1`: nobody reads any more, which is not an error. A command that goes on listens for itself.
for (const output of [process.stdout, process.stderr]) {
  output.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
}

async function run(): Promise<void> {
  checkGiven(process.argv.slice(2), variables);
  await program.parseAsync(process.argv);
}

/** @returns `undefined` if all is said */
function lineOf(error: unknown): string | undefined {
  if (error instanceof CommanderError) {
    const isSaid = error.code.startsWith("commander.help") || error.code === "commander.version";
    return isSaid ? undefined : `${firstLine(error.message)}: see ${commandIn(process.argv)} --help.`;
  }
  const isExplained = [UsageError, SettingsError, StartError, BundleError, TextError].some(
    (type) => error instanceof type,
  );
  return isExplained ? (error as Error).message : (error as Error).stack;
}

function firstLine(message: string): string {
  return (
    message
      .replace(/^error: /, "")
      .split("\n", 1)[0]
      ?.replace(/\.$/, "") ?? ""
  );
}

function commandIn([, , first = ""]: readonly string[]): string {
  return program.commands.some((command) => command.name() === first) ? `durable-mqtt ${first}` : "durable-mqtt";
}
