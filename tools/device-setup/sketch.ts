// Fills a device's settings into the Arduino sketches of examples/arduino, as `#define`s at the head.

import type { DeviceSetup } from "./device-setup.ts";

/** Lines to paste over those at the head of the sketch. */
export function sketchSettings(setup: DeviceSetup): string {
  return [...definitionsOf(setup)].map(([name, value]) => `#define ${name} ${value}`).join("\n");
}

/**
 * Puts the headers into the sketch, so that people can paste one file.
 * @param headers the text of each header beside the .ino, by its file name
 */
export function inOneFile(sketch: string, headers: Readonly<Record<string, string>>): string {
  return sketch.replace(/^#include "([^"]+)".*$/gm, (line, name: string) => headers[name]?.trimEnd() ?? line);
}

/**
 * The whole sketch with the broker's settings filled in; everything else stays as it is.
 * @param template the text of the .ino
 */
export function sketchFor(template: string, setup: DeviceSetup): string {
  let sketch = template;
  for (const [name, value] of definitionsOf(setup)) {
    const line = new RegExp(`^(#define ${name}\\s+)(?:"[^"\\n]*"(?: DEVICE_ID)?|\\w+)`, "m");
    if (!line.test(sketch)) throw new Error(`the sketch has no line "#define ${name}"`);
    sketch = sketch.replace(line, (_, start: string) => start + value);
  }
  return sketch;
}

/** The value of each name, in C++. */
function definitionsOf({ brokerUrl, clientId, username, token }: DeviceSetup): Map<string, string> {
  const { protocol, hostname, port, pathname } = new URL(brokerUrl);
  const isTls = protocol === "wss:";
  return new Map([
    ["MY_BROKER_HOST", literal(hostname)],
    ["MY_BROKER_PORT", port === "" ? (isTls ? "443" : "80") : port],
    ["MY_BROKER_TLS", isTls ? "1" : "0"],
    ["MY_BROKER_PATH", `${literal(`${pathname}/`)} DEVICE_ID`],
    ["DEVICE_ID", literal(clientId)],
    ["DEVICE_USERNAME", literal(username)],
    ["DEVICE_TOKEN", literal(token)],
  ]);
}

function literal(text: string): string {
  const bytes = [...new TextEncoder().encode(text)];
  return `"${bytes.map(escaped).join("")}"`;
}

/** Octal, because an octal escape ends after three digits, and a hexadecimal one would take in the next characters. */
function escaped(byte: number): string {
  const character = String.fromCharCode(byte);
  return /[\w !#$%&'()*+,\-./:;<=>@[\]^`{|}~]/.test(character) ? character : `\\${byte.toString(8).padStart(3, "0")}`;
}
