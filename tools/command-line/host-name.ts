// `--allow-host NAME`: a name that clients use for this machine, as the setting ALLOWED_HOSTS has it.

import net from "node:net";
import { UsageError } from "./usage-error.ts";

/** For Commander, which calls it once for each time the flag is given. */
export function withHostName(text: string, before: readonly string[] = []): string[] {
  return [...before, hostNameOf(text)];
}

/** @throws {UsageError} */
function hostNameOf(text: string): string {
  // The check would be off, and with it what keeps other people's pages out.
  if (/^[*.]*$/.test(text))
    throw new UsageError(`--allow-host is "${text}": give a name such as mybox.lan, or *.lan for all names below it.`);
  const [, wildcard = "", name = ""] = /^(\*\.)?(.*)$/s.exec(text) ?? [];
  const hostname = hostnameIn(name);
  if (hostname !== undefined) return wildcard + hostname;
  throw new UsageError(
    `--allow-host is "${text}": give a name alone, without scheme, port and path, such as mybox.lan or *.lan.`,
  );
}

/** As a Host header has it: in lower case, other scripts as ASCII, IPv6 in brackets. */
function hostnameIn(name: string): string | undefined {
  if (net.isIPv6(name)) return `[${name.toLowerCase()}]`;
  if (/[/:?#@*,\\\s]/.test(name) || !URL.canParse(`http://${name}`)) return undefined;
  const { hostname } = new URL(`http://${name}`);
  return /^[\w.-]+$/.test(hostname) ? hostname.replace(/\.$/, "") : undefined;
}
