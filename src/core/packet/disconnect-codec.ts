// DISCONNECT and AUTH, both in both directions. MQTT 5.0 sections 3.14 and 3.15.

import { ByteReader } from "../bytes.ts";
import { expectEnd, notAllowed } from "./fields.ts";
import {
  copyOf,
  generatePacket,
  type ParsedAuth,
  type ParsedDisconnect,
  parsePacket,
  withFlags,
} from "./mqtt-packet.ts";
import type { AuthPacket, DisconnectPacket, ProtocolVersion } from "./packet.ts";
import { Property, readProperties } from "./properties.ts";
import type { RawPacket } from "./raw-packet.ts";
import { ReasonCode } from "./reason-code.ts";

/** Table 3-10, those that a client may send [MQTT-3.14.2-1]. */
const FROM_CLIENT: ReadonlySet<number> = new Set([
  ReasonCode.Success,
  ReasonCode.DisconnectWithWill,
  ReasonCode.UnspecifiedError,
  ReasonCode.MalformedPacket,
  ReasonCode.ProtocolError,
  ReasonCode.ImplementationSpecificError,
  ReasonCode.TopicNameInvalid,
  ReasonCode.ReceiveMaximumExceeded,
  ReasonCode.TopicAliasInvalid,
  ReasonCode.PacketTooLarge,
  ReasonCode.MessageRateTooHigh,
  ReasonCode.QuotaExceeded,
  ReasonCode.AdministrativeAction,
  ReasonCode.PayloadFormatInvalid,
]);

/** @throws {ProtocolError} see decodePacket */
export function decodeDisconnect({ bytes, bodyOffset }: RawPacket, version: ProtocolVersion): DisconnectPacket {
  const reader = new ByteReader(bytes, bodyOffset);
  // In MQTT 5.0 the reason code may be left out, and after it the Property Length; before, there is neither.
  if (version === 5 && reader.remaining > 0) {
    const reasonCode = reader.u8();
    if (reader.remaining > 0) {
      const { values } = readProperties(reader, "DISCONNECT");
      if (values.has(Property.ServerReference)) throw notAllowed("only a server sends a Server Reference");
    }
    if (!FROM_CLIENT.has(reasonCode)) {
      throw notAllowed(`a client's DISCONNECT has no reason code 0x${reasonCode.toString(16)}`);
    }
  }
  expectEnd(reader);

  const parsed = parsePacket<ParsedDisconnect>(withFlags(bytes, 0), version);
  return {
    type: "DISCONNECT",
    reasonCode: parsed.reasonCode ?? ReasonCode.Success,
    sessionExpirySec: parsed.properties?.sessionExpiryInterval,
  };
}

/** @returns undefined before MQTT 5.0, where only a client sends DISCONNECT */
export function encodeDisconnect(
  { reasonCode, reasonString }: DisconnectPacket,
  version: ProtocolVersion,
): Uint8Array | undefined {
  if (version !== 5) return undefined;
  const properties = reasonString === undefined ? undefined : { reasonString };
  return generatePacket({ cmd: "disconnect", reasonCode, properties }, version);
}

/** @throws {ProtocolError} see decodePacket */
export function decodeAuth({ bytes, bodyOffset }: RawPacket, version: ProtocolVersion): AuthPacket {
  if (version !== 5) throw notAllowed("AUTH is of MQTT 5.0");
  const reader = new ByteReader(bytes, bodyOffset);
  // An empty AUTH stands for Success, which is for a server to say. Section 3.15.2.1.
  const reasonCode = reader.remaining === 0 ? ReasonCode.Success : reader.u8();
  if (reasonCode !== ReasonCode.ContinueAuthentication && reasonCode !== ReasonCode.ReAuthenticate) {
    throw notAllowed(`a client's AUTH has no reason code 0x${reasonCode.toString(16)}`); // [MQTT-3.15.2-1]
  }
  const { values } = readProperties(reader, "AUTH");
  if (!values.has(Property.AuthenticationMethod)) throw notAllowed("AUTH without Authentication Method");
  expectEnd(reader);

  const parsed = parsePacket<ParsedAuth>(bytes, version);
  const { authenticationMethod, authenticationData } = parsed.properties;
  return {
    type: "AUTH",
    reasonCode: parsed.reasonCode,
    authenticationMethod,
    authenticationData: authenticationData && copyOf(authenticationData),
  };
}

/** @returns undefined before MQTT 5.0 */
export function encodeAuth(
  { reasonCode, authenticationMethod, authenticationData }: AuthPacket,
  version: ProtocolVersion,
): Uint8Array | undefined {
  if (version !== 5) return undefined;
  return generatePacket({ cmd: "auth", reasonCode, properties: { authenticationMethod, authenticationData } }, version);
}
