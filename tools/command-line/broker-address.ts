// Where the broker is: one address for its WebSocket, its API and its dashboard.

import { UsageError } from "./usage-error.ts";

/** Of `npm start`. */
export const localBroker = "ws://127.0.0.1:8787/mqtt";

const addressPattern = /^(?<origin>wss?:\/\/[^/?#]+)(?<namespacePath>\/ns\/[A-Za-z0-9_-]{1,64})?\/mqtt\/?$/;

/** `wss://host/mqtt`, or `wss://host/ns/NAMESPACE/mqtt`; a bare host, and https in the place of wss, will do. */
export function webSocketUrlOf(flag: string): (text: string) => string {
  return (text) => {
    const withScheme = /^[a-z]+:\/\//i.test(text) ? text : `wss://${text}`;
    const asWebSocket = withScheme.replace(/^http/i, "ws").replace(/\/$/, "");
    const url = /^wss?:\/\/[^/]+(\/ns\/[^/]+)?$/.test(asWebSocket) ? `${asWebSocket}/mqtt` : asWebSocket;
    if (URL.canParse(url) && addressPattern.test(url)) return url;
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
