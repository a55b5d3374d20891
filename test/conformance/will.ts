// A client with a Will, and another that waits for it.

import type { IConnectPacket } from "mqtt-packet";
import { type Connected, type ConnectOptions, connect, unique } from "../support/connect.ts";

export type WillScene = { readonly client: Connected; readonly watcher: Connected; readonly topic: string };

/** @param will fields other than the topic, which is new, and the payload "will" at QoS 0 */
export async function connectWithWill(
  url: string,
  will: Partial<NonNullable<IConnectPacket["will"]>> = {},
  options: ConnectOptions = {},
): Promise<WillScene> {
  const topic = unique("will");
  const watcher = await connect(url);
  await watcher.subscribe(topic, { qos: 2 });
  const complete = { topic, payload: "will" as string & Buffer, qos: 0 as const, retain: false, ...will };
  const client = await connect(url, { ...options, will: complete });
  return { client, watcher, topic };
}
