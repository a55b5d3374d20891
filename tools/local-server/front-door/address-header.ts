// Passes a client's address to the broker: the front door and the TCP gateway write it into a header, and replace what
// the client wrote there.

import net from "node:net";

/** The Worker gets this name as its variable CLIENT_ADDRESS_HEADER. */
export const addressHeader = "durable-mqtt-address";

/**
 * Addresses of this machine, which are not passed on. Its own programs must not share one client's limits, nor must all the
 * clients behind a proxy on this machine.
 */
const loopback = new net.BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");
loopback.addSubnet("::ffff:127.0.0.0", 104, "ipv6");

export function setAddressHeader(headers: Record<string, unknown>, address: string | undefined): void {
  delete headers[addressHeader];
  Object.assign(headers, addressHeaders(address));
}

/** @returns no header if the address is unknown, or one of this machine */
export function addressHeaders(address: string | undefined): Record<string, string> {
  const isKnown = address !== undefined && !loopback.check(address, net.isIPv6(address) ? "ipv6" : "ipv4");
  return isKnown ? { [addressHeader]: address } : {};
}
