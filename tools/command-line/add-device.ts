// `durable-mqtt add-device NAME`: a credential for a board, and what its sketch needs.

import { readFileSync } from "node:fs";
import path from "node:path";
import type { Command } from "commander";
import { type DeviceSetup, deviceNameRule, isDeviceName, newDeviceCredential } from "../device-setup/device-setup.ts";
import { inOneFile, sketchFor, sketchSettings } from "../device-setup/sketch.ts";
import { isLoopback } from "../local-server/addresses.ts";
import { packageRoot } from "../package-root.ts";
import { ApiRefusal, adminApi } from "./admin-api.ts";
import { localBroker, plainWarningOf, webSocketUrlOf } from "./broker-address.ts";
import { UsageError } from "./usage-error.ts";
import { textOf } from "./values.ts";

type Options = { readonly to: string; readonly data: string; readonly sketch?: boolean };

const sketchFolder = "examples/arduino/DurableMqtt";

const conflict = 409;

const notes = `
The key to the broker's API is taken from ADMIN_TOKEN in the environment, or for a broker on this machine from its data
folder. The device may publish and subscribe below devices/NAME, and its token is shown only this once.`;

export function addAddDevice(program: Command): void {
  program
    .command("add-device")
    .description("make a credential for a board, and print the settings of its sketch")
    .argument("<name>", "of the device: its client identifier and its username", deviceNameOf)
    .option("--to <url>", "the broker", webSocketUrlOf("--to"), localBroker)
    .option("--data <folder>", "of a broker on this machine", textOf("--data", "a folder, such as .data"), ".data")
    .option("--sketch", "print the whole sketch, filled in")
    .addHelpText("after", notes)
    .action(addDevice);
}

async function addDevice(name: string, { to, data, sketch }: Options): Promise<void> {
  const warning = plainWarningOf(to);
  if (warning !== undefined) process.stderr.write(`${warning}\n`);
  const body = newDeviceCredential(name);
  const made = adminApi(to, data).call<{ token: string }>("POST", "/credentials", body);
  const { token } = await made.catch((error) => {
    if (!(error instanceof ApiRefusal && error.status === conflict)) throw error;
    throw new UsageError(
      `There is a device ${name} already: "durable-mqtt device token ${name}" gives it a new token, "durable-mqtt device revoke ${name}" removes it.`,
    );
  });
  printSettings({ brokerUrl: to, clientId: name, username: name, token }, sketch);
}

/** Settings to standard output; what else is to be known goes to standard error. */
export function printSettings(setup: DeviceSetup, asSketch = false): void {
  if (isLoopback(new URL(setup.brokerUrl).hostname)) {
    process.stderr.write(
      "A board cannot reach 127.0.0.1: in MY_BROKER_HOST put this machine's address, and start the broker with --host 0.0.0.0 --require-credentials.\n",
    );
  }
  const lines = `// ${setup.clientId}: for the head of the sketch. The token is shown only this once.\n${sketchSettings(setup)}\n`;
  process.stdout.write(asSketch ? wholeSketch(setup) : lines);
}

function wholeSketch(setup: DeviceSetup): string {
  const read = (file: string) => readFileSync(path.join(packageRoot, sketchFolder, file), "utf8");
  return sketchFor(inOneFile(read("DurableMqtt.ino"), { "roots.h": read("roots.h") }), setup);
}

function deviceNameOf(text: string): string {
  if (isDeviceName(text)) return text;
  throw new UsageError(`"${text}" is not a valid name: ${deviceNameRule[0]?.toLowerCase()}${deviceNameRule.slice(1)}.`);
}
