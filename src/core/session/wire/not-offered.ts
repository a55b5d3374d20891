// What a client asks for and this broker was set not to offer. MQTT 5.0 sections 3.2.2.3.4, 3.2.2.3.5 and 3.2.2.3.11
// to 3.2.2.3.13.

import type { Capabilities } from "../../capabilities.ts";
import type { QoS } from "../../message/message.ts";
import type { SubscribePacket } from "../../packet/packet.ts";
import { ReasonCode } from "../../packet/reason-code.ts";
import { ProtocolError } from "../../protocol-error.ts";
import type { TopicFilter } from "../../topic/topic-filter.ts";
import type { PacketRefusal } from "./message-limits.ts";

/**
 * For a PUBLISH, and for a Will [MQTT-3.2.2-12] [MQTT-3.2.2-13]. MQTT 3.x has no code for it, and there too the
 * connection is closed, as Mosquitto does: to acknowledge a message and drop it would be worse.
 *
 * @throws {ProtocolError} 0x9B or 0x9A
 */
export function checkMessageIsOffered(
  { qos, retain }: { readonly qos: QoS; readonly retain: boolean },
  { maximumQos, retainAvailable }: Capabilities,
): void {
  if (qos > maximumQos) {
    throw new ProtocolError(ReasonCode.QoSNotSupported, `QoS ${qos} is not available here, ${maximumQos} is the most`);
  }
  if (retain && retainAvailable === 0) {
    throw new ProtocolError(ReasonCode.RetainNotSupported, "retained messages are not available here");
  }
}

/**
 * For a SUBSCRIBE of MQTT 5.0, whose CONNACK said so: what is not available is a Protocol Error, which DISCONNECT
 * answers and not SUBACK.
 *
 * @throws {ProtocolError} 0xA1, 0xA2 or 0x9E
 */
export function checkSubscribeIsOffered(
  { subscriptionIdentifier }: SubscribePacket,
  filters: readonly (TopicFilter | undefined)[],
  capabilities: Capabilities,
): void {
  if (subscriptionIdentifier !== undefined && capabilities.subscriptionIdentifiersAvailable === 0) {
    const why = "subscription identifiers are not available here";
    throw new ProtocolError(ReasonCode.SubscriptionIdentifiersNotSupported, why);
  }
  for (const filter of filters) {
    const refusal = filter === undefined ? undefined : refusalOfFilter(filter, capabilities);
    if (refusal !== undefined) throw new ProtocolError(refusal.reasonCode, refusal.why);
  }
}

/** For one filter: CONNACK of MQTT 3.x does not say it, so SUBACK has to [3.1.1 MQTT-3.8.3-2]. */
export function refusalOfFilter(
  { isWildcard, shareName }: TopicFilter,
  { wildcardSubscriptionAvailable, sharedSubscriptionAvailable }: Capabilities,
): PacketRefusal | undefined {
  if (isWildcard && wildcardSubscriptionAvailable === 0) {
    const why = "subscriptions with wildcards are not available here";
    return { reasonCode: ReasonCode.WildcardSubscriptionsNotSupported, why };
  }
  if (shareName !== undefined && sharedSubscriptionAvailable === 0) {
    const why = "shared subscriptions are not available here";
    return { reasonCode: ReasonCode.SharedSubscriptionsNotSupported, why };
  }
  return undefined;
}
