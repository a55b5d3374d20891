// Which messages and filters are too large for this broker, though MQTT allows them.

import type { Limits } from "../../limits.ts";
import { hasMoreUserProperties } from "../../packet/properties.ts";
import { ReasonCode } from "../../packet/reason-code.ts";
import { isValidTopicName, type TopicLimits } from "../../topic/topic-name.ts";

/** Why a PUBLISH, or one filter of a SUBSCRIBE, is refused: the Reason Code of the answer, and the same in words. */
export type PacketRefusal = { readonly reasonCode: ReasonCode; readonly why: string };

export function topicLimitsOf({ maximumTopicBytes, maximumTopicLevels }: Limits): TopicLimits {
  return { maxBytes: maximumTopicBytes, maxLevels: maximumTopicLevels };
}

/** @param properties as `Message.properties` */
export function refusalOfMessage(topicName: string, properties: Uint8Array, limits: Limits): PacketRefusal | undefined {
  if (!isValidTopicName(topicName, topicLimitsOf(limits))) {
    const why = `a topic has at most ${limits.maximumTopicLevels} levels and ${limits.maximumTopicBytes} bytes`;
    return { reasonCode: ReasonCode.TopicNameInvalid, why };
  }
  if (hasMoreUserProperties(properties, limits.maximumUserProperties)) {
    return { reasonCode: ReasonCode.QuotaExceeded, why: `at most ${limits.maximumUserProperties} user properties` };
  }
  return undefined;
}
