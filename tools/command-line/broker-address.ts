// The address of the broker: one for its WebSocket, its API and its dashboard.

import { Option } from "commander";
import { brokerUrlIn } from "../device-setup/device-setup.ts";
import { shellWord } from "../device-setup/examples.ts";
import { isLoopback } from "../local-server/addresses.ts";
import { UsageError } from "./usage-error.ts";

/** The address of a broker started with `npm start`. */
export const localBroker = "ws://127.0.0.1:8787/mqtt";

/** Says which broker the commands mean if `--to` does not. */
export const brokerVariable = "DURABLE_MQTT_BROKER";

/** For commands that use the broker's API. */
export function brokerOption(): Option {
  return new Option("--to <url>", "the broker")
    .env(brokerVariable)
    .default(localBroker)
    .argParser(webSocketUrlOf("--to"));
}

/** Where `npm start` stores everything. */
export const usualFolder = ".data";

/** The flags that lead another command to this broker, for a shell; nothing if it is the usual one. */
export function brokerFlags(url: string, dataDir: string): string {
  const to = url === localBroker ? "" : ` --to ${url}`;
  return dataDir === usualFolder ? to : `${to} --data ${shellWord(dataDir)}`;
}

/** For a flag, as Commander wants it. */
export function webSocketUrlOf(flag: string): (text: string) => string {
  return (text) => {
    if (!hasScheme(text)) throw new UsageError(`${flag} is "${text}", without a scheme: write ${withSchemes(text)}.`);
    const url = brokerUrlIn(text);
    if (url !== undefined) return url;
    throw new UsageError(`${flag} is "${text}": give the broker's address, such as wss://mqtt.example.org/mqtt.`);
  };
}

/** For the flag of a client, which can use TCP too: `webSocketUrlOf`, or mqtt(s)://host[:port]. */
export function clientUrlOf(flag: string): (text: string) => string {
  return (text) => (/^mqtts?:\/\/[^/?#]+\/?$/i.test(text) && URL.canParse(text) ? text : webSocketUrlOf(flag)(text));
}

function hasScheme(text: string): boolean {
  return /^[a-z]+:\/\//i.test(text);
}

/** Both, as only the reader knows which of them the broker has; the likelier first. */
function withSchemes(text: string): string {
  const url = brokerUrlIn(`ws://${text}`);
  if (url === undefined) return "an address such as wss://mqtt.example.org/mqtt";
  const { hostname, port } = new URL(url);
  const isPlain = isLoopback(hostname.replace(/^\[(.*)\]$/, "$1")) || (port !== "" && port !== "443");
  const addresses = [url, url.replace(/^ws/, "wss")];
  return (isPlain ? addresses : addresses.reverse()).join(" or ");
}

/** @returns a warning if others on the way can read the traffic; `undefined` with TLS, or a broker on this machine */
export function plainWarningOf(url: string): string | undefined {
  const { protocol, hostname } = new URL(url);
  const encrypted = { "ws:": "wss", "mqtt:": "mqtts" }[protocol];
  if (encrypted === undefined || isLoopback(hostname.replace(/^\[(.*)\]$/, "$1"))) return undefined;
  return `warning: ${protocol}// to ${hostname} is not encrypted: others on the way can read passwords and messages. Use ${encrypted}:// if the broker has it.`;
}

/** The base of the API's addresses. */
export function apiUrlOf(webSocketUrl: string): string {
  return `${webSocketUrl.replace(/^ws/, "http").replace(/\/mqtt$/, "")}/api/v1`;
}

export function dashboardUrlOf(webSocketUrl: string): string {
  return `${new URL(webSocketUrl.replace(/^ws/, "http")).origin}/`;
}
