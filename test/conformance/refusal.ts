// How a broker says no to a CONNECT, in the words of each version. MQTT 5.0 section 3.2, MQTT 3.1.1 section 3.2.

import { Conversation } from "../support/conversation.ts";

/**
 * Sends a CONNECT packet and expects CONNACK with this code, and the close.
 * @param packet encoded, for what the packet library would not write
 * @param code reason code (5.0) or return code (3.x); `undefined` where the version has none that fits: a close alone
 */
export async function expectRefused(
  url: string,
  packet: Uint8Array,
  version: 3 | 4 | 5,
  code: number | undefined,
): Promise<void> {
  const client = await Conversation.open(url);
  client.version = version;
  client.send(packet);
  if (code !== undefined) {
    const refusal = version === 5 ? { reasonCode: code } : { returnCode: code };
    await client.receive({ cmd: "connack", sessionPresent: false, ...refusal });
  }
  await client.closed();
}
