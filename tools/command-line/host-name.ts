// `--allow-host NAME`: a name that clients use for this machine, written as in the setting ALLOWED_HOSTS.

import net from "node:net";
import { UsageError } from "./usage-error.ts";

/** Commander calls it once for each time the flag is given. */
export function withHostName(text: string, before: readonly string[] = []): string[] {
  return [...before, hostNameOf(text)];
}

/** @throws {UsageError} */
function hostNameOf(text: string): string {
  // "*" would switch off the check that keeps other people's web pages out.
  if (/^[*.]*$/.test(text))
    throw new UsageError(`--allow-host is "${text}": give a name such as mybox.lan, or *.lan for all names below it.`);
  const [, wildcard = "", name = ""] = /^(\*\.)?(.*)$/s.exec(text) ?? [];
  const hostname = hostnameIn(name);
  if (hostname !== undefined) return wildcard + hostname;
  throw new UsageError(
    `--allow-host is "${text}": give a name alone, without scheme, port and path, such as mybox.lan or *.lan.`,
  );
}

/** The name as a Host header writes it: in lower case, other scripts as ASCII, IPv6 in brackets. */
function hostnameIn(name: string): string | undefined {
  if (net.isIPv6(name)) return `[${name.toLowerCase()}]`;
  if (/[/:?#@*,\\\s]/.test(name) || !URL.canParse(`http://${name}`)) return undefined;
  const { hostname } = new URL(`http://${name}`);
  return /^[\w.-]+$/.test(hostname) ? hostname.replace(/\.$/, "") : undefined;
}
