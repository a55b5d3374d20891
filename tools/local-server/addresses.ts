// The names and addresses of this machine, for those who connect to it.

import net from "node:net";
import { hostname, networkInterfaces } from "node:os";

/** Whether only this machine can connect. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (net.isIPv4(host) && host.startsWith("127."));
}

/** The hosts as in a URL, with IPv6 in brackets. "All addresses" becomes each address that a client could use. */
export function reachableHosts(host: string): string[] {
  if (!isEveryAddress(host)) return [bracketed(host)];
  return interfaceAddresses().filter((address) => net.isIPv4(address));
}

/** An address to connect to from this machine. */
export function reachableFromHere(host: string): string {
  if (host === "0.0.0.0") return "127.0.0.1";
  return host === "::" ? "[::1]" : bracketed(host);
}

/**
 * The names that a request may have in its Host header, with any port. If a stranger's name led here, a web page could
 * reach the machine of the person who reads it. Addresses are not listed, because the broker takes all of them.
 */
export function ownNames(name: string = hostname()): string[] {
  const [short = ""] = name.split(".");
  return [...new Set(["localhost", name, short, `${short}.local`])].filter((each) => /^\w[\w.-]*$/.test(each));
}

function isEveryAddress(host: string): boolean {
  return host === "0.0.0.0" || host === "::";
}

function interfaceAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address));
}

function bracketed(host: string): string {
  return net.isIPv6(host) ? `[${host}]` : host;
}
