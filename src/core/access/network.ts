// Whom an address stands for, where something is counted by address.

/** An IPv4 address alone; of an IPv6 address the first 64 bits: whoever has one of them has them all. */
export function networkOf(address: string): string {
  // Also as "::ffff:192.0.2.1".
  if (address.includes(".")) return address.slice(address.lastIndexOf(":") + 1);
  const [start = [], end = []] = address.split("::").map((groups) => groups.split(":").filter((group) => group !== ""));
  const zeros = Array.from({ length: Math.max(0, 8 - start.length - end.length) }, () => "0");
  return [...start, ...zeros, ...end].slice(0, 4).join(":");
}
