// SUBSCRIBE and UNSUBSCRIBE from the client, SUBACK and UNSUBACK to it. MQTT 5.0 sections 3.8 to 3.11.
//
// A text with misplaced wildcards is malformed, and ends the connection [3.1.1 MQTT-4.8.0-1]. A filter that is
// none of ours (a share without a name, more levels than we take) is answered in SUBACK, by whoever decides that.

import { ByteReader } from "../bytes.ts";
import { isSharedText, parseTopicFilter } from "../topic/topic-filter.ts";
import { malformed, notAllowed, readPacketId, readString } from "./fields.ts";
import { generatePacket, type ParsedSubscribe, type ParsedUnsubscribe, parsePacket, withFlags } from "./mqtt-packet.ts";
import type { ProtocolVersion, ServerPacket, SubscribePacket, UnsubscribePacket } from "./packet.ts";
import { readProperties } from "./properties.ts";
import type { RawPacket } from "./raw-packet.ts";
import { isError, ReasonCode } from "./reason-code.ts";

const reservedOptions: Readonly<Record<ProtocolVersion, number>> = { 3: 0, 4: 0xfc, 5: 0xc0 };

/** How many characters of a refused text the reason string shows. */
const shownCharacters = 100;

/** @throws {ProtocolError} see decodePacket */
export function decodeSubscribe({ bytes, bodyOffset }: RawPacket, version: ProtocolVersion): SubscribePacket {
  const reader = new ByteReader(bytes, bodyOffset);
  readPacketId(reader);
  if (version === 5) readProperties(reader, "SUBSCRIBE");
  if (reader.remaining === 0) throw notAllowed("SUBSCRIBE has no topic filter"); // [MQTT-3.8.3-2]
  let known = withFlags(bytes, 0b0010);
  while (reader.remaining > 0) {
    readTopicFilter(reader);
    const optionsAt = reader.position;
    const options = reader.u8();
    checkSubscriptionOptions(options, version);
    // The library does not know that the other bits are unused in MQTT 3.1.
    if (version === 3 && options > 2) {
      if (known === bytes) known = bytes.slice();
      known[optionsAt] = options & 0x03;
    }
  }

  const parsed = parsePacket<ParsedSubscribe>(known, version);
  return {
    type: "SUBSCRIBE",
    packetId: parsed.messageId,
    subscriptionIdentifier: parsed.properties?.subscriptionIdentifier,
    subscriptions: parsed.subscriptions.map(({ topic, qos, nl, rap, rh }) => ({
      topicFilter: topic,
      qos,
      noLocal: nl ?? false,
      retainAsPublished: rap ?? false,
      retainHandling: rh ?? 0,
    })),
  };
}

/** @throws {ProtocolError} 0x81 if it is empty or its wildcards are not as section 4.7.1 has them */
function readTopicFilter(reader: ByteReader): void {
  const text = readString(reader);
  if (isSharedText(text) || parseTopicFilter(text) !== undefined) return;
  throw malformed(`not a topic filter: "${text.slice(0, shownCharacters)}"`);
}

/** Section 3.8.3.1. Before MQTT 5.0 there is only the QoS. All other bits are reserved, or in MQTT 3.1 unused. */
function checkSubscriptionOptions(options: number, version: ProtocolVersion): void {
  if (options & reservedOptions[version]) throw malformed("a reserved subscription option is 1"); // [MQTT-3.8.3-5]
  if ((options & 0x03) === 3) {
    // The two versions differ in what they call it: 5.0 section 3.8.3.1, [3.1.1 MQTT-3-8.3-4].
    throw version === 5 ? notAllowed("a subscription asks for QoS 3") : malformed("a subscription asks for QoS 3");
  }
  if (version === 5 && (options & 0x30) === 0x30) throw notAllowed("Retain Handling is 3");
}

/** @throws {ProtocolError} see decodePacket */
export function decodeUnsubscribe({ bytes, bodyOffset }: RawPacket, version: ProtocolVersion): UnsubscribePacket {
  const reader = new ByteReader(bytes, bodyOffset);
  readPacketId(reader);
  if (version === 5) readProperties(reader, "UNSUBSCRIBE");
  if (reader.remaining === 0) throw notAllowed("UNSUBSCRIBE has no topic filter"); // [MQTT-3.10.3-2]
  while (reader.remaining > 0) readTopicFilter(reader);

  const parsed = parsePacket<ParsedUnsubscribe>(withFlags(bytes, 0b0010), version);
  return { type: "UNSUBSCRIBE", packetId: parsed.messageId, topicFilters: parsed.unsubscriptions };
}

type SubscriptionAcknowledgement = Extract<ServerPacket, { type: "SUBACK" | "UNSUBACK" }>;

export function encodeSubscriptionAcknowledgement(
  { type, packetId, reasonCodes, reasonString }: SubscriptionAcknowledgement,
  version: ProtocolVersion,
): Uint8Array {
  const properties = reasonString === undefined ? undefined : { reasonString };
  if (type === "UNSUBACK") {
    return generatePacket({ cmd: "unsuback", messageId: packetId, granted: [...reasonCodes], properties }, version);
  }
  // Before MQTT 5.0 there is one way to refuse [3.1.1 MQTT-3.9.3-2].
  const granted = reasonCodes.map((code) => (version !== 5 && isError(code) ? ReasonCode.UnspecifiedError : code));
  return generatePacket({ cmd: "suback", messageId: packetId, granted, properties }, version);
}
