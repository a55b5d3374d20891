// One message to the client: whether it may have it, with which Topic Alias, and that it is counted. MQTT 5.0 section 3.3.

import type { Delivery } from "../../message/message.ts";
import type { Context } from "../context.ts";
import { type Connected, send } from "../wire/connection.ts";

/**
 * @param packetId 0 at QoS 0
 * @returns how many bytes it sends; 0 for a packet too large [MQTT-3.1.2-25], or not allowed any more
 */
export function sendMessage(
  context: Context,
  connected: Connected,
  delivery: Delivery,
  packetId: number,
  dup: boolean,
): number {
  const { topicName, payload } = delivery.message;
  if (!context.access.mayReceive(topicName)) return 0;
  const sentBytes = sendWithAlias(context, connected, delivery, packetId, dup);
  if (sentBytes === 0) return 0;
  context.counts.messagesSent += 1;
  context.counts.bytesSent += payload.length;
  return sentBytes;
}

function sendWithAlias(
  context: Context,
  connected: Connected,
  delivery: Delivery,
  packetId: number,
  dup: boolean,
): number {
  const { outgoingAliases } = connected;
  const { topicName } = delivery.message;
  const topicAlias = outgoingAliases.find(topicName);
  const sentBytes = send(context, connected, { type: "DELIVER", delivery, packetId, dup, topicAlias });
  if (topicAlias === undefined || topicAlias.known) return sentBytes;
  // The three bytes of a new alias may be what is too much.
  if (sentBytes === 0) return send(context, connected, { type: "DELIVER", delivery, packetId, dup });
  outgoingAliases.learn(topicName, topicAlias.alias);
  return sentBytes;
}
