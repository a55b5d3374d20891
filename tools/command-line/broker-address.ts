// Where the broker is: one address for its WebSocket, its API and its dashboard.

import { brokerUrlIn } from "../device-setup/device-setup.ts";
import { UsageError } from "./usage-error.ts";

/** Of `npm start`. */
export const localBroker = "ws://127.0.0.1:8787/mqtt";

/** For a flag, as Commander wants it. */
export function webSocketUrlOf(flag: string): (text: string) => string {
  return (text) => {
    const url = brokerUrlIn(text);
    if (url !== undefined) return url;
    throw new UsageError(`${flag} is "${text}": give the broker's address, such as wss://mqtt.example.org/mqtt.`);
  };
}

/** Below it are the addresses of the API. */
export function apiUrlOf(webSocketUrl: string): string {
  return `${webSocketUrl.replace(/^ws/, "http").replace(/\/mqtt$/, "")}/api/v1`;
}

export function dashboardUrlOf(webSocketUrl: string): string {
  return `${new URL(webSocketUrl.replace(/^ws/, "http")).origin}/`;
}
