// How often clients of one address may connect, by Cloudflare's Rate Limiting binding: counted where the client comes in,
// about right rather than exact, and before any object is touched. The limit is in wrangler.toml.

/**
 * @param address as `networkOf` has it
 * @returns whether a connection may go on; it may where there is no binding, or no address
 */
export async function mayConnect(address: string | undefined, env: Env): Promise<boolean> {
  if (env.CONNECT_RATE_LIMIT === undefined || address === undefined) return true;
  const { success } = await env.CONNECT_RATE_LIMIT.limit({ key: address });
  return success;
}

/** An IPv4 address alone; of an IPv6 address the first 64 bits: whoever has one of them has them all. */
export function networkOf(address: string): string {
  // Also as "::ffff:192.0.2.1".
  if (address.includes(".")) return address.slice(address.lastIndexOf(":") + 1);
  const [start = [], end = []] = address.split("::").map((groups) => groups.split(":").filter((group) => group !== ""));
  const zeros = Array.from({ length: Math.max(0, 8 - start.length - end.length) }, () => "0");
  return [...start, ...zeros, ...end].slice(0, 4).join(":");
}
