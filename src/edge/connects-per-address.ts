// How often clients of one address may connect, by Cloudflare's Rate Limiting binding. It counts at the
// location where the client comes in, roughly, and before any object is touched. The limit is in wrangler.toml.

/**
 * @param address from `networkOf`
 * @returns whether a connection may go on; it may if there is no binding, or no address
 */
export async function mayConnect(address: string | undefined, env: Env): Promise<boolean> {
  if (env.CONNECT_RATE_LIMIT === undefined || address === undefined) return true;
  const { success } = await env.CONNECT_RATE_LIMIT.limit({ key: address });
  return success;
}
