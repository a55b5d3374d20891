// `durable-mqtt add-device NAME`: makes a credential for a board, and prints what its sketch needs.

import { readFileSync } from "node:fs";
import path from "node:path";
import type { Command } from "commander";
import {
  arbitraryIdentifier,
  type DeviceSetup,
  deviceIdentifierRule,
  identifierOf,
  isDeviceName,
  maximumNameCharacters,
  newDeviceCredential,
} from "../device-setup/device-setup.ts";
import { inOneFile, sketchFor, sketchSettings } from "../device-setup/sketch.ts";
import { isLoopback } from "../local-server/addresses.ts";
import { packageRoot } from "../package-root.ts";
import { ApiRefusal, adminApi } from "./admin-api.ts";
import { brokerFlags, brokerOption, plainWarningOf, usualFolder } from "./broker-address.ts";
import { UsageError } from "./usage-error.ts";
import { textOf } from "./values.ts";

type Options = { readonly to: string; readonly data: string; readonly id?: string; readonly sketch?: boolean };

const sketchFolder = "examples/arduino/DurableMqtt";

const conflict = 409;

const notes = `
The key to the broker's API is taken from ADMIN_TOKEN in the environment, or for a broker on this machine from its data
folder. The name may be any text. The identifier is made from it if its letters allow: "Cocina número 1" is cocina-numero-1. The
device may publish and subscribe below devices/IDENTIFIER, and its token is shown only this once.`;

export function addAddDevice(program: Command): void {
  program
    .command("add-device")
    .description("make a credential for a board, and print the settings of its sketch")
    .argument("<name>", "what people call the device", nameOf)
    .option(
      "--id <identifier>",
      "its client identifier and its username; by default made from the name",
      deviceIdentifierOf,
    )
    .addOption(brokerOption())
    .option("--data <folder>", "of a broker on this machine", textOf("--data", "a folder, such as .data"), usualFolder)
    .option("--sketch", "print the whole sketch, filled in")
    .addHelpText("after", notes)
    .action(addDevice);
}

async function addDevice(name: string, { to, data, id, sketch }: Options): Promise<void> {
  const identifier = id ?? (identifierOf(name) || arbitraryIdentifier(Math.random()));
  const warning = plainWarningOf(to);
  if (warning !== undefined) process.stderr.write(`${warning}\n`);
  const body = newDeviceCredential(identifier, name);
  const made = adminApi(to, data).call<{ token: string }>("POST", "/credentials", body);
  const { token } = await made.catch((error) => {
    if (!(error instanceof ApiRefusal && error.status === conflict)) throw error;
    const same = brokerFlags(to, data);
    throw new UsageError(
      `There is a device ${identifier} already: "npx durable-mqtt device token ${identifier}${same}" gives it a new token, "npx durable-mqtt device revoke ${identifier}${same}" removes it.`,
    );
  });
  if (identifier !== name) process.stderr.write(`In topics and addresses ${name} is ${identifier}.\n`);
  printSettings({ brokerUrl: to, clientId: identifier, username: identifier, token }, sketch);
}

/** Settings go to standard output, remarks to standard error. */
export function printSettings(setup: DeviceSetup, asSketch = false): void {
  if (isLoopback(new URL(setup.brokerUrl).hostname)) {
    process.stderr.write(
      "A board cannot reach 127.0.0.1: put this machine's address in MY_BROKER_HOST, and start the broker with --host 0.0.0.0 --require-credentials.\n",
    );
  }
  const lines = `// ${setup.clientId}: for the head of the sketch. The token is shown only this once.\n${sketchSettings(setup)}\n`;
  process.stdout.write(asSketch ? wholeSketch(setup) : lines);
}

function wholeSketch(setup: DeviceSetup): string {
  const read = (file: string) => readFileSync(path.join(packageRoot, sketchFolder, file), "utf8");
  return sketchFor(inOneFile(read("DurableMqtt.ino"), { "roots.h": read("roots.h") }), setup);
}

function nameOf(text: string): string {
  const name = text.trim();
  if (name === "") throw new UsageError("The name is empty: give what people call the device.");
  if (name.length <= maximumNameCharacters) return name;
  throw new UsageError(`The name has ${name.length} characters: give at most ${maximumNameCharacters}.`);
}

function deviceIdentifierOf(text: string): string {
  if (isDeviceName(text)) return text;
  const rule = `${deviceIdentifierRule[0]?.toLowerCase()}${deviceIdentifierRule.slice(1)}`;
  throw new UsageError(`--id is "${text}", which is not a valid identifier: ${rule}.`);
}
