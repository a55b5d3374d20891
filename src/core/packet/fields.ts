// The fields that control packets are made of, as a client may send them. MQTT 5.0 section 1.5.
//
// `ByteReader` throws a `BytesError` if a packet is cut short; codec.ts makes that Malformed Packet for all of them.

import type { ByteReader } from "../bytes.ts";
import { ProtocolError } from "../protocol-error.ts";
import { textOfUtf8 } from "../utf8.ts";
import { ReasonCode } from "./reason-code.ts";

/** Shared, since most packets have no properties, and nobody writes into what was received. */
export const NO_BYTES = new Uint8Array();

/** Whether `bytes` are well-formed UTF-8. U+0000 is allowed, as it is in a payload. */
export function isUtf8(bytes: Uint8Array): boolean {
  return textOfUtf8(bytes) !== undefined;
}

/** @throws {ProtocolError} 0x81 unless well-formed UTF-8 [MQTT-1.5.4-1] without U+0000 [MQTT-1.5.4-2] */
export function readString(reader: ByteReader): string {
  let text: string;
  try {
    text = reader.string();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw malformed("a string is not well-formed UTF-8");
  }
  if (text.includes("\0")) throw malformed("a string contains U+0000");
  return text;
}

/** Binary Data, as a view. Section 1.5.6. */
export function readBinary(reader: ByteReader): Uint8Array {
  return reader.raw(reader.u16());
}

/** @throws {ProtocolError} 0x82 when it is 0 [MQTT-2.2.1-3] */
export function readPacketId(reader: ByteReader): number {
  const packetId = reader.u16();
  if (packetId === 0) throw notAllowed("the packet identifier is 0");
  return packetId;
}

/** @throws {ProtocolError} 0x81 when the packet has more bytes than its fields need */
export function expectEnd(reader: ByteReader): void {
  if (reader.remaining > 0) throw malformed(`${reader.remaining} bytes are left over at the end of the packet`);
}

/** Whether `text` can stand where a Topic Name stands: at least one character, no wildcard. Section 4.7. */
export function isTopicName(text: string): boolean {
  return text !== "" && !text.includes("#") && !text.includes("+");
}

/** For `throw`: the packet cannot be parsed. Section 4.13. */
export function malformed(message: string): ProtocolError {
  return new ProtocolError(ReasonCode.MalformedPacket, message);
}

/** For `throw`: the packet can be parsed, and is not allowed. Section 4.13. */
export function notAllowed(message: string): ProtocolError {
  return new ProtocolError(ReasonCode.ProtocolError, message);
}
