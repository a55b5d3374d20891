// How a connection is refused before its CONNECT is accepted. MQTT 5.0 section 4.13.

import { decodePacket, encodePacket, refusalVersion } from "../../packet/codec.ts";
import type { RawPacket } from "../../packet/raw-packet.ts";
import { ProtocolError } from "../../protocol-error.ts";

/**
 * CONNACK in the version of the client, or nothing: only a CONNECT is answered, and MQTT 3.x has few return codes.
 * @param raw the packet that was refused; `undefined` if the bytes were no packet
 */
export function refusalOf(raw: RawPacket | undefined, error: ProtocolError): Uint8Array | undefined {
  const isConnect = raw !== undefined && raw.firstByte >> 4 === 1;
  if (!isConnect) return undefined;
  const { reasonCode, message, serverReference } = error;
  const redirection = serverReference === undefined ? {} : { serverReference };
  return encodePacket(
    { type: "CONNACK", sessionPresent: false, reasonCode, reasonString: message, ...redirection },
    {
      protocolVersion: refusalVersion(raw),
      maximumPacketBytes: maximumPacketBytesOf(raw),
      requestProblemInformation: true,
      nowMs: 0,
    },
  );
}

/** Without properties, but with their length. */
const bareConnackBytes = 5;

/** The client's Maximum Packet Size [MQTT-3.1.2-24]; if it cannot be read, only the least is safe. */
function maximumPacketBytesOf(raw: RawPacket): number {
  try {
    const packet = decodePacket(raw, undefined);
    return (packet.type === "CONNECT" ? packet.maximumPacketBytes : undefined) ?? Number.POSITIVE_INFINITY;
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return bareConnackBytes;
  }
}
