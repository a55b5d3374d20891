// How a connection is refused before its CONNECT is accepted. MQTT 5.0 section 4.13.

import { encodePacket, refusalVersion } from "../packet/codec.ts";
import type { RawPacket } from "../packet/packet-reader.ts";
import type { ProtocolError } from "../protocol-error.ts";

/**
 * CONNACK in the version of the client, or nothing: only a CONNECT is answered, and MQTT 3.x has few return codes.
 * @param raw the packet that was refused; `undefined` where the bytes were no packet
 */
export function refusalOf(raw: RawPacket | undefined, error: ProtocolError): Uint8Array | undefined {
  const isConnect = raw !== undefined && raw.firstByte >> 4 === 1;
  if (!isConnect) return undefined;
  const { reasonCode, message } = error;
  return encodePacket(
    { type: "CONNACK", sessionPresent: false, reasonCode, reasonString: message },
    {
      protocolVersion: refusalVersion(raw),
      maximumPacketBytes: Number.POSITIVE_INFINITY,
      requestProblemInformation: true,
      nowMs: 0,
    },
  );
}
