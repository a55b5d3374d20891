// Says why the server cannot listen on an address, and what to do.

import net from "node:net";
import { StartError } from "./start-error.ts";

/** @param flag that chooses the port */
export function portError(error: NodeJS.ErrnoException, host: string, port: number, flag: string): StartError {
  const address = net.isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
  const explanations: Record<string, string> = {
    EADDRINUSE: `Port ${port} of ${host} is in use: end the program that holds it, or choose another port with ${flag}.`,
    EACCES: `Port ${port} needs more rights than this user has: choose one above 1023 with ${flag}.`,
    EADDRNOTAVAIL: `${host} is not an address of this machine: give --host one of its addresses, or 0.0.0.0.`,
  };
  return new StartError(explanations[error.code ?? ""] ?? `Cannot listen on ${address}: ${error.message}.`, {
    cause: error,
  });
}
