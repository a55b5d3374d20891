// The end of a client that has fallen silent. MQTT 5.0 section 3.1.2.10.

import type { Connected } from "../support/connect.ts";

/** Waits for the broker to give the client up: DISCONNECT 0x8D says so in MQTT 5.0, and the close alone before. */
export async function givenUp(client: Connected): Promise<void> {
  if (client.version === 5) await client.receive({ cmd: "disconnect", reasonCode: 0x8d }, { timeoutMs: 15_000 });
  await client.closed({ timeoutMs: 15_000 });
}
