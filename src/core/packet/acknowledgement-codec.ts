// PUBACK, PUBREC, PUBREL and PUBCOMP, in both directions. MQTT 5.0 sections 3.4 to 3.7.

import { ByteReader } from "../bytes.ts";
import { packetBytes } from "../slab.ts";
import { expectEnd, readPacketId } from "./fields.ts";
import { generatePacket } from "./mqtt-packet.ts";
import type { AcknowledgementPacket, ProtocolVersion } from "./packet.ts";
import { readProperties } from "./properties.ts";
import type { RawPacket } from "./raw-packet.ts";
import { ReasonCode } from "./reason-code.ts";

type AcknowledgementType = AcknowledgementPacket["type"];

const LIBRARY_NAMES = { PUBACK: "puback", PUBREC: "pubrec", PUBREL: "pubrel", PUBCOMP: "pubcomp" } as const;

/**
 * Any reason code is taken, because all that matters is whether it is an error. Otherwise a client that uses the code of
 * another packet would end its connection with each delivery of the same message.
 *
 * @throws {ProtocolError} see decodePacket
 */
export function decodeAcknowledgement(
  { bytes, bodyOffset }: RawPacket,
  version: ProtocolVersion,
  type: AcknowledgementType,
): AcknowledgementPacket {
  const reader = new ByteReader(bytes, bodyOffset);
  const packetId = readPacketId(reader);
  let reasonCode: number = ReasonCode.Success;
  // In MQTT 5.0 the reason code may be left out, and after it the Property Length. Section 3.4.2.1.
  if (version === 5 && reader.remaining > 0) {
    reasonCode = reader.u8();
    if (reader.remaining > 0) readProperties(reader, type);
  }
  expectEnd(reader);
  return { type, packetId, reasonCode };
}

/** The first byte of each. Tables 2-1 and 2-2. */
const FIRST_BYTES = { PUBACK: 0x40, PUBREC: 0x50, PUBREL: 0x62, PUBCOMP: 0x70 } as const;

/**
 * Without a Reason String, which is nearly always, our own: as dense as PUBLISH, and the library takes longer for it
 * than all the rest of the broker.
 */
export function encodeAcknowledgement(
  { type, packetId, reasonCode, reasonString }: AcknowledgementPacket,
  version: ProtocolVersion,
): Uint8Array {
  if (reasonString === undefined) {
    const hasReasonCode = version === 5 && reasonCode !== ReasonCode.Success;
    const bytes = packetBytes(hasReasonCode ? 5 : 4);
    bytes[0] = FIRST_BYTES[type];
    bytes[1] = hasReasonCode ? 3 : 2;
    bytes[2] = packetId >>> 8;
    bytes[3] = packetId;
    if (hasReasonCode) bytes[4] = reasonCode;
    return bytes;
  }
  const properties = { reasonString };
  return generatePacket({ cmd: LIBRARY_NAMES[type], messageId: packetId, reasonCode, properties }, version);
}
