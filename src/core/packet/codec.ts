// Control packets to bytes and back, for all three protocol versions. MQTT 5.0 chapters 2 and 3.
//
// Decoding is strict: each packet is walked through field by field, and what the specification forbids is refused with
// the reason code of section 4.13. Only then does the library mqtt-packet (see mqtt-packet.ts) see it. The connection
// decides what a packet means, and whether it may come at this moment.

import { BytesError } from "../bytes.ts";
import { decodeAcknowledgement, encodeAcknowledgement } from "./acknowledgement-codec.ts";
import { decodeConnect, encodeConnack } from "./connect-codec.ts";
import { decodeAuth, decodeDisconnect, encodeAuth, encodeDisconnect } from "./disconnect-codec.ts";
import { malformed, notAllowed } from "./fields.ts";
import { generatePacket } from "./mqtt-packet.ts";
import type { ClientPacket, ProtocolVersion, ServerPacket } from "./packet.ts";
import { decodePublish, encodeDeliver } from "./publish-codec.ts";
import type { RawPacket } from "./raw-packet.ts";
import { decodeSubscribe, decodeUnsubscribe, encodeSubscriptionAcknowledgement } from "./subscribe-codec.ts";

export { refusalVersion } from "./connect-codec.ts";

/** MQTT Control Packet types. Table 2-1. */
const PACKET_TYPES = [
  "reserved",
  "CONNECT",
  "CONNACK",
  "PUBLISH",
  "PUBACK",
  "PUBREC",
  "PUBREL",
  "PUBCOMP",
  "SUBSCRIBE",
  "SUBACK",
  "UNSUBSCRIBE",
  "UNSUBACK",
  "PINGREQ",
  "PINGRESP",
  "DISCONNECT",
  "AUTH",
] as const;

type PacketType = (typeof PACKET_TYPES)[number];

/** Types whose reserved flags are 0b0010; all others but PUBLISH have 0. Table 2-2. */
const FLAGS_2: ReadonlySet<PacketType> = new Set<PacketType>(["PUBREL", "SUBSCRIBE", "UNSUBSCRIBE"]);

/**
 * @param protocolVersion that of the CONNECT, and undefined before there was one
 * @throws {ProtocolError} 0x81 when the packet cannot be parsed, 0x82 when it can and is not allowed, and the more
 * particular 0x84, 0x90, 0x94 and 0x99 if they apply
 */
export function decodePacket(raw: RawPacket, protocolVersion: ProtocolVersion | undefined): ClientPacket {
  const type = PACKET_TYPES[raw.firstByte >> 4] as PacketType;
  try {
    if (protocolVersion !== undefined) return decodeByType(raw, protocolVersion, type);
    if (type !== "CONNECT") throw notAllowed("the first packet is not CONNECT"); // [MQTT-3.1.0-1]
    return decodeConnect(raw);
  } catch (error) {
    if (error instanceof BytesError) throw malformed(`${type}: ${error.message}`);
    throw error;
  }
}

function decodeByType(raw: RawPacket, version: ProtocolVersion, type: PacketType): ClientPacket {
  checkFlags(raw, type, version);
  switch (type) {
    case "PUBLISH":
      return decodePublish(raw, version);
    case "PUBACK":
    case "PUBREC":
    case "PUBREL":
    case "PUBCOMP":
      return decodeAcknowledgement(raw, version, type);
    case "SUBSCRIBE":
      return decodeSubscribe(raw, version);
    case "UNSUBSCRIBE":
      return decodeUnsubscribe(raw, version);
    case "PINGREQ":
      if (raw.bytes.length > raw.bodyOffset) throw malformed("PINGREQ has a body");
      return { type };
    case "DISCONNECT":
      return decodeDisconnect(raw, version);
    case "AUTH":
      return decodeAuth(raw, version);
    case "CONNECT":
      throw notAllowed("a second CONNECT"); // [MQTT-3.1.0-2]
    case "CONNACK":
    case "SUBACK":
    case "UNSUBACK":
    case "PINGRESP":
      throw notAllowed(`only a server sends ${type}`);
    case "reserved":
      throw malformed("packet type 0 is reserved");
  }
}

/** Checks the lower half of the first byte, which has a meaning only in PUBLISH [MQTT-2.1.3-1]. */
function checkFlags({ firstByte }: RawPacket, type: PacketType, version: ProtocolVersion): void {
  if (type === "PUBLISH") return;
  const expected = FLAGS_2.has(type) ? 0b0010 : 0;
  // MQTT 3.1 section 2.1: packets with a fixed QoS of 1 have it here, and may be repeated with DUP. Other bits are unused.
  const used = version === 3 ? (expected === 0 ? 0 : 0b0110) : 0b1111;
  if ((firstByte & used) !== expected) throw malformed(`${type} has the flags 0x${(firstByte & 0x0f).toString(16)}`);
}

export type EncodeOptions = {
  readonly protocolVersion: ProtocolVersion;
  /** The client's Maximum Packet Size; `Infinity` when it gave none. */
  readonly maximumPacketBytes: number;
  /** The client's Request Problem Information. */
  readonly requestProblemInformation: boolean;
  readonly nowMs: number;
};

/** What a packet can do without, in the order in which it is left out if the packet is too large. */
const DISPENSABLE = ["reasonString", "responseInformation", "serverReference"] as const;

/**
 * A Reason String is left out if the client does not want it, if it would make the packet too large, and before
 * MQTT 5.0. The same goes for all else that a server may leave out [MQTT-3.2.2-19].
 *
 * @returns undefined when there is nothing to send: the version has no such packet, or the packet is larger than
 * the client accepts [MQTT-3.1.2-24]. A delivery then counts as completed [MQTT-3.1.2-25].
 */
export function encodePacket(packet: ServerPacket, options: EncodeOptions): Uint8Array | undefined {
  const { protocolVersion, maximumPacketBytes, nowMs } = options;
  if (packet.type === "DELIVER") return encodeDeliver(packet, protocolVersion, maximumPacketBytes, nowMs);

  let shorter = mayExplain(packet, options) ? packet : without(packet, "reasonString");
  let bytes = encodeByType(shorter, protocolVersion);
  for (const field of DISPENSABLE) {
    if (bytes === undefined || bytes.length <= maximumPacketBytes) return bytes;
    shorter = without(shorter, field);
    bytes = encodeByType(shorter, protocolVersion);
  }
  return bytes !== undefined && bytes.length <= maximumPacketBytes ? bytes : undefined;
}

type ControlPacket = Exclude<ServerPacket, { type: "DELIVER" }>;

function encodeByType(packet: ControlPacket, version: ProtocolVersion): Uint8Array | undefined {
  switch (packet.type) {
    case "CONNACK":
      return encodeConnack(packet, version);
    case "PUBACK":
    case "PUBREC":
    case "PUBREL":
    case "PUBCOMP":
      return encodeAcknowledgement(packet, version);
    case "SUBACK":
    case "UNSUBACK":
      return encodeSubscriptionAcknowledgement(packet, version);
    case "PINGRESP":
      return generatePacket({ cmd: "pingresp" }, version);
    case "DISCONNECT":
      return encodeDisconnect(packet, version);
    case "AUTH":
      return encodeAuth(packet, version);
  }
}

/** Whether the client takes a Reason String on this packet [MQTT-3.1.2-29]. */
function mayExplain({ type }: ControlPacket, { requestProblemInformation }: EncodeOptions): boolean {
  return requestProblemInformation || type === "CONNACK" || type === "DISCONNECT";
}

function without(packet: ControlPacket, field: (typeof DISPENSABLE)[number]): ControlPacket {
  return field in packet ? { ...packet, [field]: undefined } : packet;
}
