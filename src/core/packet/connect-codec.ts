// CONNECT from the client and CONNACK to it. MQTT 5.0 sections 3.1 and 3.2.

import { ByteReader } from "../bytes.ts";
import { ProtocolError } from "../protocol-error.ts";
import { expectEnd, isTopicName, malformed, notAllowed, readBinary, readString } from "./fields.ts";
import { copyOf, generatePacket, type ParsedConnect, parsePacket, withFlags } from "./mqtt-packet.ts";
import type { ConnackPacket, ConnectPacket, ConnectWill, ProtocolVersion } from "./packet.ts";
import { NO_PROPERTIES, type Properties, Property, readProperties } from "./properties.ts";
import { isPayloadAsIndicated } from "./publish-codec.ts";
import type { RawPacket } from "./raw-packet.ts";
import { ReasonCode } from "./reason-code.ts";

// Connect Flags. Section 3.1.2.3.
const USER_NAME = 0x80;
const PASSWORD = 0x40;
const WILL_RETAIN = 0x20;
const WILL_QOS = 0x18;
const WILL = 0x04;
const RESERVED = 0x01;

/** Mosquitto sets it in the protocol level to say that it is a bridge. */
const BRIDGE = 0x80;

/** @throws {ProtocolError} see decodePacket */
export function decodeConnect(raw: RawPacket): ConnectPacket {
  const { bytes, will, isBridge } = checkConnect(raw);
  const parsed = parsePacket<ParsedConnect>(bytes, undefined);
  const properties = parsed.properties ?? {};
  return {
    type: "CONNECT",
    protocolVersion: parsed.protocolVersion,
    isBridge,
    cleanStart: parsed.clean,
    keepAliveSec: parsed.keepalive,
    clientId: parsed.clientId,
    username: parsed.username,
    password: parsed.password && copyOf(parsed.password),
    will: parsed.will && connectWill(parsed.will, will),
    sessionExpirySec: properties.sessionExpiryInterval,
    receiveMaximum: properties.receiveMaximum,
    maximumPacketBytes: properties.maximumPacketSize,
    topicAliasMaximum: properties.topicAliasMaximum ?? 0,
    requestResponseInformation: properties.requestResponseInformation ?? false,
    requestProblemInformation: properties.requestProblemInformation ?? true,
    authenticationMethod: properties.authenticationMethod,
    authenticationData: properties.authenticationData && copyOf(properties.authenticationData),
  };
}

/**
 * The version in which to refuse a CONNECT that could not be decoded: the version that it names, or else the nearest of
 * the three. Its sender may not understand the others.
 */
export function refusalVersion({ bytes, bodyOffset }: RawPacket): ProtocolVersion {
  const nameBytes = ((bytes[bodyOffset] ?? 0) << 8) | (bytes[bodyOffset + 1] ?? 0);
  const level = (bytes[bodyOffset + 2 + nameBytes] ?? 4) & ~BRIDGE;
  if (level >= 5) return 5;
  return level === 3 ? 3 : 4;
}

function connectWill(will: NonNullable<ParsedConnect["will"]>, { values, forwarded }: Properties): ConnectWill {
  return {
    topicName: will.topic,
    payload: copyOf(will.payload),
    qos: will.qos,
    retain: will.retain,
    delaySec: values.get(Property.WillDelayInterval) ?? 0,
    messageExpirySec: values.get(Property.MessageExpiryInterval),
    properties: copyOf(forwarded),
  };
}

/**
 * Walks through a CONNECT field by field, and refuses what the library would let pass.
 *
 * @returns the Will's properties, whether a bridge sent it, and the packet's bytes as the library understands them
 */
function checkConnect(raw: RawPacket): { bytes: Uint8Array; will: Properties; isBridge: boolean } {
  const { firstByte, bytes, bodyOffset } = raw;
  const reader = new ByteReader(bytes, bodyOffset);
  const { version, isBridge } = readProtocolVersion(reader);
  // [MQTT-2.1.3-1]. In MQTT 3.1 they are unused (its section 3.1).
  if (version !== 3 && firstByte & 0x0f) throw malformed(`CONNECT has the flags 0x${(firstByte & 0x0f).toString(16)}`);
  const flagsAt = reader.position;
  let flags = reader.u8();
  // MQTT 3.1 section 3.1: the reserved flag is unused, and without the Will flag the other Will flags are ignored.
  if (version === 3) flags &= ~(flags & WILL ? RESERVED : RESERVED | WILL_QOS | WILL_RETAIN);
  checkFlags(flags, version);
  reader.u16(); // Keep Alive
  if (version === 5) {
    const { values } = readProperties(reader, "CONNECT");
    if (values.has(Property.AuthenticationData) && !values.has(Property.AuthenticationMethod)) {
      throw notAllowed("Authentication Data without Authentication Method");
    }
  }
  readString(reader); // Client Identifier
  const will = flags & WILL ? checkWill(reader, version) : NO_PROPERTIES;
  // MQTT 3.1 section 3.1: the Remaining Length takes precedence over the flags. A user name or password that is
  // flagged and missing is none.
  if (version === 3 && reader.remaining === 0) flags &= ~(USER_NAME | PASSWORD);
  if (flags & USER_NAME) readString(reader);
  if (version === 3 && reader.remaining === 0) flags &= ~PASSWORD;
  if (flags & PASSWORD) readBinary(reader);
  expectEnd(reader);
  const known = withFlags(bytes, 0);
  return { bytes: flags === bytes[flagsAt] ? known : known.with(flagsAt, flags), will, isBridge };
}

/**
 * Reads the Protocol Name and Protocol Level, of which only three pairs exist [MQTT-3.1.2-1] [MQTT-3.1.2-2]. Before MQTT 5.0
 * a refusal can say that the level is unknown. A packet with another name does not conform to section 3.1, and gets no
 * CONNACK [3.1.1 MQTT-3.1.4-1].
 */
function readProtocolVersion(reader: ByteReader): { version: ProtocolVersion; isBridge: boolean } {
  const name = readString(reader);
  const levelByte = reader.u8();
  const isBridge = (levelByte & BRIDGE) !== 0;
  const level = levelByte & ~BRIDGE;
  if (name === "MQTT" && level === 5 && !isBridge) return { version: level, isBridge };
  if (name === "MQTT" && level === 4) return { version: level, isBridge };
  if (name === "MQIsdp" && level === 3) return { version: level, isBridge };
  const isOurs = name === "MQTT" || name === "MQIsdp";
  if (!isOurs && level < 5) throw malformed("the protocol name is not MQTT");
  throw new ProtocolError(ReasonCode.UnsupportedProtocolVersion, "only MQTT 3.1, 3.1.1 and 5.0 are spoken here");
}

function checkFlags(flags: number, version: ProtocolVersion): void {
  if (flags & RESERVED) throw malformed("the reserved connect flag is 1"); // [MQTT-3.1.2-3]
  if ((flags & WILL_QOS) === WILL_QOS) throw malformed("Will QoS 3"); // [MQTT-3.1.2-12]
  if (!(flags & WILL) && flags & (WILL_QOS | WILL_RETAIN)) {
    throw malformed("Will QoS or Will Retain without a Will"); // [MQTT-3.1.2-11] [MQTT-3.1.2-13]
  }
  if (version !== 5 && flags & PASSWORD && !(flags & USER_NAME)) {
    throw malformed("a password without a user name"); // [3.1.1 MQTT-3.1.2-22]
  }
}

function checkWill(reader: ByteReader, version: ProtocolVersion): Properties {
  const properties = version === 5 ? readProperties(reader, "Will") : NO_PROPERTIES;
  const topicName = readString(reader);
  const payload = readBinary(reader);
  if (!isTopicName(topicName)) {
    if (version !== 5) throw malformed("the Will Topic is not a topic name");
    throw new ProtocolError(ReasonCode.TopicNameInvalid, "the Will Topic is not a topic name");
  }
  if (!isPayloadAsIndicated(properties.values, payload)) {
    throw new ProtocolError(ReasonCode.PayloadFormatInvalid, "the Will is not UTF-8, as its format indicator says");
  }
  return properties;
}

/** The return codes of MQTT 3.1.1 table 3.1, by reason code; for the other refusals it has none. */
const RETURN_CODES: Readonly<Record<number, number>> = {
  [ReasonCode.Success]: 0,
  [ReasonCode.UnsupportedProtocolVersion]: 1,
  [ReasonCode.ClientIdentifierNotValid]: 2,
  [ReasonCode.ServerUnavailable]: 3,
  [ReasonCode.ServerBusy]: 3,
  [ReasonCode.QuotaExceeded]: 3,
  [ReasonCode.BadUserNameOrPassword]: 4,
  [ReasonCode.NotAuthorized]: 5,
  [ReasonCode.BadAuthenticationMethod]: 5,
  // The broker does not accept the Will, so the client is not authorized to connect with it.
  [ReasonCode.TopicNameInvalid]: 5,
  [ReasonCode.RetainNotSupported]: 5,
  [ReasonCode.QoSNotSupported]: 5,
  [ReasonCode.UseAnotherServer]: 3,
  [ReasonCode.ServerMoved]: 3,
  [ReasonCode.ConnectionRateExceeded]: 3,
};

/** @returns undefined when the version has no such CONNACK: the connection is closed without one */
export function encodeConnack(packet: ConnackPacket, version: ProtocolVersion): Uint8Array | undefined {
  // A refusal has no session [MQTT-3.2.2-6]; MQTT 3.1 reserves the byte.
  const sessionPresent = packet.sessionPresent && packet.reasonCode === ReasonCode.Success && version !== 3;
  if (version !== 5) {
    const returnCode = RETURN_CODES[packet.reasonCode];
    if (returnCode === undefined) return undefined;
    return generatePacket({ cmd: "connack", sessionPresent, returnCode }, version);
  }
  const properties = {
    sessionExpiryInterval: packet.sessionExpirySec,
    receiveMaximum: packet.receiveMaximum,
    maximumPacketSize: packet.maximumPacketBytes,
    assignedClientIdentifier: packet.assignedClientId,
    topicAliasMaximum: packet.topicAliasMaximum,
    serverKeepAlive: packet.serverKeepAliveSec,
    maximumQoS: packet.maximumQos,
    retainAvailable: flagOf(packet.retainAvailable),
    wildcardSubscriptionAvailable: flagOf(packet.wildcardSubscriptionAvailable),
    subscriptionIdentifiersAvailable: flagOf(packet.subscriptionIdentifiersAvailable),
    sharedSubscriptionAvailable: flagOf(packet.sharedSubscriptionAvailable),
    responseInformation: packet.responseInformation,
    serverReference: packet.serverReference,
    authenticationMethod: packet.authenticationMethod,
    authenticationData: packet.authenticationData,
    reasonString: packet.reasonString,
  };
  return generatePacket({ cmd: "connack", sessionPresent, reasonCode: packet.reasonCode, properties }, version);
}

/** The library takes some bytes as a boolean. */
function flagOf(value: number | undefined): boolean | undefined {
  return value === undefined ? undefined : value === 1;
}
