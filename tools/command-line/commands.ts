// The commands of `durable-mqtt`; each has a file in this folder. main.ts is the program around them.

import { readFileSync } from "node:fs";
import path from "node:path";
import { Command, CommanderError } from "commander";
import { settingNames } from "../../src/settings/settings.ts";
import { SettingsError } from "../../src/settings/variables.ts";
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

/** How a command ended. A command that keeps running, such as `start`, ends the process by itself. */
export type Outcome = {
  readonly exitCode: number;
  /** What went wrong, for standard error. */
  readonly line?: string;
};

/** @param args without the names of Node.js and the program */
export async function runCommand(args: readonly string[]): Promise<Outcome> {
  const program = allCommands();
  try {
    checkGiven(args, givenVariables());
    await program.parseAsync(args, { from: "user" });
    return { exitCode: 0 };
  } catch (error) {
    const exitCode = error instanceof CommanderError || error instanceof UsageError ? error.exitCode : 1;
    const line = lineOf(error, commandIn(program, args));
    return line === undefined ? { exitCode } : { exitCode, line };
  }
}

function allCommands(): Command {
  const { version } = JSON.parse(readFileSync(path.join(packageRoot, "package.json"), "utf8")) as { version: string };
  const program = new Command("durable-mqtt")
    .description("An MQTT broker on Cloudflare Workers, or on this machine: what is acknowledged is stored.")
    .version(version)
    .helpCommand(false)
    .exitOverride()
    // The error is printed below, in one line.
    .configureOutput({ outputError: () => {} });
  for (const add of [addStart, addGateway, addAddDevice, addDevices, addPub, addSub, addDeploy]) add(program);
  return program;
}

/** The environment variables that the commands read. */
function givenVariables(): Record<string, string | undefined> {
  const isRead = (name: string) => settingNames.includes(name) || name.startsWith("DURABLE_MQTT_");
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => isRead(name)));
}

/**
 * @param command named in the hint
 * @returns `undefined` if Commander has printed everything
 */
function lineOf(error: unknown, command: string): string | undefined {
  if (error instanceof CommanderError) {
    const isSaid = error.code.startsWith("commander.help") || error.code === "commander.version";
    return isSaid ? undefined : `${firstLine(error.message)}: see ${command} --help.`;
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

function commandIn(program: Command, [first = ""]: readonly string[]): string {
  return program.commands.some((command) => command.name() === first) ? `durable-mqtt ${first}` : "durable-mqtt";
}
