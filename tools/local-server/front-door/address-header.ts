// How the broker learns a client's address: the front door and the TCP gateway write it in a header, and take out what a
// client has written there.

import net from "node:net";

/** Goes to the Worker as the value of CLIENT_ADDRESS_HEADER. */
export const addressHeader = "durable-mqtt-address";

/** Of this machine: its own programs, and a proxy on it, which all clients come through, are not to be counted as one. */
const own = new net.BlockList();
own.addSubnet("127.0.0.0", 8, "ipv4");
own.addAddress("::1", "ipv6");
own.addSubnet("::ffff:127.0.0.0", 104, "ipv6");

export function setAddressHeader(headers: Record<string, unknown>, address: string | undefined): void {
  delete headers[addressHeader];
  Object.assign(headers, addressHeaders(address));
}

/** @returns none where the address says nothing */
export function addressHeaders(address: string | undefined): Record<string, string> {
  const isKnown = address !== undefined && !own.check(address, net.isIPv6(address) ? "ipv6" : "ipv4");
  return isKnown ? { [addressHeader]: address } : {};
}
