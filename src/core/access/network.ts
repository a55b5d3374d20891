// The network that an address counts as, for whatever is limited by address.

/** An IPv4 address itself, or the first 64 bits of an IPv6 address: whoever has one of those addresses has all of them. */
export function networkOf(address: string): string {
  // An IPv4 address may also be written as "::ffff:192.0.2.1".
  if (address.includes(".")) return address.slice(address.lastIndexOf(":") + 1);
  const [start = [], end = []] = address.split("::").map((groups) => groups.split(":").filter((group) => group !== ""));
  const zeros = Array.from({ length: Math.max(0, 8 - start.length - end.length) }, () => "0");
  return [...start, ...zeros, ...end].slice(0, 4).join(":");
}
