// Mosquitto's bridge: how it is recognised, and what it asks for without a word for it. MQTT has none of this;
// mosquitto.conf(5), "Configuring Bridges", does.

import { bridgeStateTopicOf } from "../../access/access.ts";
import type { ConnectPacket, SubscriptionRequest } from "../../packet/packet.ts";
import { isSharedText } from "../../topic/topic-filter.ts";
import type { Connected } from "./connection.ts";

/** Before MQTT 5.0 the protocol level says so. Since then only the Will does, which by default is the bridge's state. */
export function isBridge({ isBridge: hasFlag, protocolVersion, clientId, will }: ConnectPacket): boolean {
  if (protocolVersion !== 5) return hasFlag;
  return will !== undefined && will.topicName === bridgeStateTopicOf(clientId);
}

/**
 * The subscription of a client of MQTT 3.x. With the flag of a bridge it has the options that a bridge of 5.0 requests.
 * Without No Local, the bridge's own messages would come back to it. Without Retain As Published, a retained message
 * that changes would arrive as a live one.
 */
export function withBridgeOptions(
  { isBridge, protocolVersion }: Connected,
  request: SubscriptionRequest,
): SubscriptionRequest {
  if (!isBridge || protocolVersion === 5) return request;
  // MQTT has no No Local for shared subscriptions [MQTT-3.8.3-4].
  return { ...request, noLocal: !isSharedText(request.topicFilter), retainAsPublished: true };
}
