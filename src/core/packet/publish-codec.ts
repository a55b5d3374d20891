// PUBLISH in both directions. MQTT 5.0 section 3.3. Our own rather than the library's: the densest path, where the
// payload and the properties that are forwarded pass through as the bytes they are.

import { ByteReader, ByteWriter, utf8Bytes, varintBytes } from "../bytes.ts";
import type { Message, QoS } from "../message/message.ts";
import { ProtocolError } from "../protocol-error.ts";
import { packetBytes } from "../slab.ts";
import { isTopicName, isUtf8, malformed, notAllowed, readPacketId, readString } from "./fields.ts";
import type { DeliverPacket, ProtocolVersion, PublishPacket } from "./packet.ts";
import { NO_PROPERTIES, type Properties, Property, readProperties } from "./properties.ts";
import type { RawPacket } from "./raw-packet.ts";
import { ReasonCode } from "./reason-code.ts";

const PUBLISH = 0x30;
const DUP = 0x08;
const RETAIN = 0x01;

/** The largest Message Expiry Interval, a Four Byte Integer. */
const MAXIMUM_EXPIRY_SEC = 0xffff_ffff;

/** @throws {ProtocolError} see decodePacket */
export function decodePublish({ firstByte, bytes, bodyOffset }: RawPacket, version: ProtocolVersion): PublishPacket {
  const qos = (firstByte >> 1) & 0b11;
  const dup = (firstByte & DUP) !== 0;
  if (qos === 3) throw malformed("QoS 3"); // [MQTT-3.3.1-4]
  if (dup && qos === 0 && version !== 3) throw malformed("DUP with QoS 0"); // [MQTT-3.3.1-2]

  const reader = new ByteReader(bytes, bodyOffset);
  const topicName = readString(reader);
  const packetId = qos === 0 ? 0 : readPacketId(reader);
  const { values, forwarded } = version === 5 ? readProperties(reader, "PUBLISH") : NO_PROPERTIES;
  const payload = reader.raw(reader.remaining);
  const topicAlias = values.get(Property.TopicAlias);

  if (values.has(Property.SubscriptionIdentifier)) {
    throw notAllowed("only a server sends a Subscription Identifier with PUBLISH"); // [MQTT-3.3.4-6]
  }
  if (topicName === "") {
    if (version !== 5) throw malformed("the topic name is empty");
    if (topicAlias === undefined) throw notAllowed("the topic name is empty, and there is no Topic Alias");
  } else if (!isTopicName(topicName)) {
    throw new ProtocolError(ReasonCode.TopicNameInvalid, "a topic name has no wildcards"); // [MQTT-3.3.2-2]
  }

  return {
    type: "PUBLISH",
    dup,
    qos: qos as QoS,
    retain: (firstByte & RETAIN) !== 0,
    topicName,
    packetId,
    topicAlias,
    messageExpirySec: values.get(Property.MessageExpiryInterval),
    properties: forwarded,
    payload,
    isPayloadAsIndicated: isPayloadAsIndicated(values, payload),
  };
}

/** Whether a payload is UTF-8 if its Payload Format Indicator is 1. Section 3.3.2.3.2. */
export function isPayloadAsIndicated(values: Properties["values"], payload: Uint8Array): boolean {
  return values.get(Property.PayloadFormatIndicator) !== 1 || isUtf8(payload);
}

/** @returns undefined when the packet is larger than the client takes: it is then not sent [MQTT-3.1.2-24] */
export function encodeDeliver(
  { delivery, packetId, dup, topicAlias }: DeliverPacket,
  version: ProtocolVersion,
  maximumPacketBytes: number,
  nowMs: number,
): Uint8Array | undefined {
  const { message, qos, retain, subscriptionIdentifiers } = delivery;
  const expirySec = version === 5 ? remainingExpirySec(message, nowMs) : undefined;
  const alias = version === 5 ? topicAlias : undefined;
  const topicName = alias?.known ? "" : message.topicName;

  let propertiesBytes = 0;
  if (version === 5) {
    propertiesBytes += message.properties.length;
    if (expirySec !== undefined) propertiesBytes += 5;
    if (alias !== undefined) propertiesBytes += 3;
    for (const identifier of subscriptionIdentifiers) propertiesBytes += 1 + varintBytes(identifier);
  }
  const remainingLength =
    2 +
    utf8Bytes(topicName) +
    (qos === 0 ? 0 : 2) +
    (version === 5 ? varintBytes(propertiesBytes) + propertiesBytes : 0) +
    message.payload.length;
  const length = 1 + varintBytes(remainingLength) + remainingLength;
  if (length > maximumPacketBytes) return undefined;

  const writer = ByteWriter.filling(packetBytes(length));
  writer.u8(PUBLISH | (dup && qos > 0 ? DUP : 0) | (qos << 1) | (retain ? RETAIN : 0));
  writer.varint(remainingLength);
  writer.string(topicName);
  if (qos > 0) writer.u16(packetId);
  if (version === 5) {
    writer.varint(propertiesBytes);
    if (expirySec !== undefined) {
      writer.u8(Property.MessageExpiryInterval);
      writer.u32(expirySec);
    }
    if (alias !== undefined) {
      writer.u8(Property.TopicAlias);
      writer.u16(alias.alias);
    }
    for (const identifier of subscriptionIdentifiers) {
      writer.u8(Property.SubscriptionIdentifier);
      writer.varint(identifier);
    }
    writer.raw(message.properties);
  }
  writer.raw(message.payload);
  return writer.finish();
}

/**
 * The Message Expiry Interval to send: what was received, less the time the message has waited [MQTT-3.3.2-6].
 * Rounded, for the clocks of two objects differ a little, and a message sent on at once keeps its interval. It is 0
 * only if a message goes again after its time [MQTT-4.3.3-7].
 */
function remainingExpirySec(message: Message, nowMs: number): number | undefined {
  if (message.expiresAtMs === 0) return undefined;
  const remainingMs = message.expiresAtMs - nowMs;
  if (remainingMs <= 0) return 0;
  return Math.min(Math.max(Math.round(remainingMs / 1000), 1), MAXIMUM_EXPIRY_SEC);
}
