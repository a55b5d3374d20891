// Topics that have a retained message. MQTT 5.0 section 3.3.1.3.

import type { QoS } from "mqtt-packet";
import { connect, unique } from "../support/connect.ts";

/** A new topic, with this message published to it with RETAIN 1. */
export async function retainedTopic(
  url: string,
  payload: string,
  { version = 5, qos = 1, name = "retained/topic" }: { version?: 3 | 4 | 5; qos?: QoS; name?: string } = {},
): Promise<string> {
  const topic = unique(name);
  const publisher = await connect(url, { version });
  await publisher.publish(topic, payload, { qos, retain: true });
  if (qos === 0) await publisher.expectNothingMore(); // no acknowledgement: what it sends next comes round behind it
  await publisher.disconnect();
  return topic;
}
