// The broker's address: its WebSocket, its API and its dashboard share one.

import { Option } from "commander";
import { brokerUrlIn } from "../device-setup/device-setup.ts";
import { shellWord } from "../device-setup/examples.ts";
import { isLoopback } from "../local-server/addresses.ts";
import { UsageError } from "./usage-error.ts";

/** The address of a broker started with `npm start`. */
export const localBroker = "ws://127.0.0.1:8787/mqtt";

/** The environment variable that names the broker if `--to` does not. */
export const brokerVariable = "DURABLE_MQTT_BROKER";

/** For commands that use the broker's API. */
export function brokerOption(): Option {
  return new Option("--to <url>", "the broker")
    .env(brokerVariable)
    .default(localBroker)
    .argParser(webSocketUrlOf("--to"));
}

/** The folder in which `npm start` stores everything. */
export const usualFolder = ".data";

/** The flags, as a shell takes them, that point another command to this broker; empty for the usual one. */
export function brokerFlags(url: string, dataDir: string): string {
  const to = url === localBroker ? "" : ` --to ${url}`;
  return dataDir === usualFolder ? to : `${to} --data ${shellWord(dataDir)}`;
}

/** A parser for a flag, in the form that Commander takes. */
export function webSocketUrlOf(flag: string): (text: string) => string {
  return (text) => {
    if (!hasScheme(text)) throw new UsageError(`${flag} is "${text}", without a scheme: write ${withSchemes(text)}.`);
    const url = brokerUrlIn(text);
    if (url !== undefined) return url;
    throw new UsageError(`${flag} is "${text}": give the broker's address, such as wss://mqtt.example.org/mqtt.`);
  };
}

/** For clients, which can use TCP too: takes what `webSocketUrlOf` takes, or mqtt(s)://host[:port]. */
export function clientUrlOf(flag: string): (text: string) => string {
  return (text) => (/^mqtts?:\/\/[^/?#]+\/?$/i.test(text) && URL.canParse(text) ? text : webSocketUrlOf(flag)(text));
}

function hasScheme(text: string): boolean {
  return /^[a-z]+:\/\//i.test(text);
}

/** Names both schemes, the likelier first, because only the reader knows which one the broker has. */
function withSchemes(text: string): string {
  const url = brokerUrlIn(`ws://${text}`);
  if (url === undefined) return "an address such as wss://mqtt.example.org/mqtt";
  const { hostname, port } = new URL(url);
  const isPlain = isLoopback(hostname.replace(/^\[(.*)\]$/, "$1")) || (port !== "" && port !== "443");
  const addresses = [url, url.replace(/^ws/, "wss")];
  return (isPlain ? addresses : addresses.reverse()).join(" or ");
}

/**
 * @returns a warning if others on the way can read the traffic; `undefined` with TLS, or if the broker is on this
 * machine
 */
export function plainWarningOf(url: string): string | undefined {
  const { protocol, hostname } = new URL(url);
  const encrypted = { "ws:": "wss", "mqtt:": "mqtts" }[protocol];
  if (encrypted === undefined || isLoopback(hostname.replace(/^\[(.*)\]$/, "$1"))) return undefined;
  return `warning: ${protocol}// to ${hostname} is not encrypted: others on the way can read passwords and messages. Use ${encrypted}:// if the broker has it.`;
}

/** The URL that all addresses of the API begin with. */
export function apiUrlOf(webSocketUrl: string): string {
  return `${webSocketUrl.replace(/^ws/, "http").replace(/\/mqtt$/, "")}/api/v1`;
}

export function dashboardUrlOf(webSocketUrl: string): string {
  return `${new URL(webSocketUrl.replace(/^ws/, "http")).origin}/`;
}
