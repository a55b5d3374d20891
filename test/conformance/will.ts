// A client with a Will, and another that waits for it. MQTT 5.0 section 3.1.2.5.

import type { IConnectPacket } from "mqtt-packet";
import { type Connected, type ConnectOptions, connect, unique } from "../support/connect.ts";

export type Will = NonNullable<IConnectPacket["will"]>;
export type WillScene = {
  readonly client: Connected;
  /** Subscribed to the Will Topic at QoS 2. */
  readonly watcher: Connected;
  readonly topic: string;
  /** Connects the client once more, with Clean Start 0 and no Will unless told otherwise. */
  again(options?: ConnectOptions): Promise<Connected>;
};

/** @param will fields other than the topic, which is new, and the payload "will" at QoS 0 */
export async function connectWithWill(
  url: string,
  will: Partial<Will> = {},
  options: ConnectOptions = {},
): Promise<WillScene> {
  const topic = unique("will");
  const watcher = await connect(url);
  await watcher.subscribe(topic, { qos: 2 });
  const complete = { topic, payload: "will" as string & Buffer, qos: 0 as const, retain: false, ...will };
  const client = await connect(url, { ...options, will: complete });
  const kept = { ...options, clean: false, clientId: client.clientId };
  return { client, watcher, topic, again: (other = {}) => connect(url, { ...kept, ...other }) };
}
