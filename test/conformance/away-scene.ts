// A client whose session is left and resumed, for the conversations about what happens meanwhile. MQTT 5.0 section 4.1.

import { type Connected, type ConnectOptions, connect, unique } from "../support/connect.ts";

export type AwayScene = {
  topic: string;
  publisher: Connected;
  /** In a new session, and subscribed to the topic. */
  client: Connected;
  /** Connects the client once more, with Clean Start 0. */
  again(): Promise<Connected>;
};

export async function awayScene(url: string, qos: 0 | 1 | 2, options: ConnectOptions): Promise<AwayScene> {
  const topic = unique("session");
  const publisher = await connect(url);
  // Before 5.0 the flag of a new session also says whether it is kept.
  const isKeptByFlag = (options.version ?? 5) < 5;
  const client = await connect(url, { ...options, clean: !isKeptByFlag });
  await client.subscribe(topic, { qos });
  return {
    topic,
    publisher,
    client,
    again: () => connect(url, { ...options, clean: false, clientId: client.clientId }),
  };
}
