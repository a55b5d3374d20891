// CONNECT: whether it is accepted, and what CONNACK says. MQTT 5.0 sections 3.1 and 3.2.

import type { Access } from "../../access/access.ts";
import { hasMethod, type Proof } from "../../authentication/enhanced-authentication.ts";
import { restrictionsOf } from "../../capabilities.ts";
import type { Limits } from "../../limits.ts";
import { encodePacket } from "../../packet/codec.ts";
import type { ConnackPacket, ConnectPacket } from "../../packet/packet.ts";
import { ReasonCode } from "../../packet/reason-code.ts";
import { ProtocolError } from "../../protocol-error.ts";
import type { SessionSettings } from "../context.ts";
import type { SocketId } from "../effect.ts";
import { isBridge } from "../wire/bridge.ts";
import type { Connected, Pending, Recipient } from "../wire/connection.ts";
import { refusalOfMessage } from "../wire/message-limits.ts";
import { checkMessageIsOffered } from "../wire/not-offered.ts";
import { OutgoingAliases } from "../wire/topic-alias.ts";
import { nothingUnheard } from "../wire/unheard.ts";
import { responseInformationOf } from "./response-information.ts";

/**
 * What needs no proof of who the client is.
 * @throws {ProtocolError} with the reason code of CONNACK
 */
export function checkConnect(packet: ConnectPacket, settings: SessionSettings): void {
  const { clientId } = settings;
  const isEmpty = packet.clientId === "";
  // An empty one is for the server to fill in: in 3.1 never, in 3.1.1 with Clean Session alone [3.1.1 MQTT-3.1.3-8].
  const mayBeEmpty = packet.protocolVersion === 5 || (packet.protocolVersion === 4 && packet.cleanStart);
  if (isEmpty && !mayBeEmpty) {
    throw new ProtocolError(ReasonCode.ClientIdentifierNotValid, "an empty client identifier needs a clean session");
  }
  if (!isEmpty && packet.clientId !== clientId) {
    throw new ProtocolError(ReasonCode.ClientIdentifierNotValid, "the address names another client identifier");
  }
  const { authenticationMethod } = packet;
  if (authenticationMethod !== undefined && !hasMethod(settings, authenticationMethod)) {
    throw new ProtocolError(ReasonCode.BadAuthenticationMethod, "no such authentication method"); // [MQTT-4.12.0-1]
  }
}

/**
 * Whether a client that is known may connect with this identifier.
 * @throws {ProtocolError} with the reason code of CONNACK
 */
export function checkAccess(access: Access): void {
  if (!access.mayConnect) {
    throw new ProtocolError(ReasonCode.NotAuthorized, "not allowed to use this client identifier");
  }
}

/**
 * Whether the client may connect with this Will.
 * @throws {ProtocolError} with the reason code of CONNACK
 */
export function checkWill(packet: ConnectPacket, access: Access, { capabilities, limits }: SessionSettings): void {
  const { will } = packet;
  if (will === undefined) return;
  checkMessageIsOffered(will, capabilities);
  const refusal = refusalOfMessage(will.topicName, will.properties, limits);
  if (refusal !== undefined) throw new ProtocolError(refusal.reasonCode, `the Will: ${refusal.why}`);
  const whyNot = access.whyNotPublish(will, isBridge(packet));
  if (whyNot !== undefined) throw new ProtocolError(ReasonCode.NotAuthorized, `the Will: ${whyNot}`);
}

/** A client that gets no CONNACK would wait for ever [MQTT-3.1.2-24]. */
export function expectConnackFits(packet: ConnectPacket, proof: Proof | undefined, settings: SessionSettings): void {
  const { protocolVersion, maximumPacketBytes, requestProblemInformation } = packet;
  if (maximumPacketBytes === undefined) return;
  const keepAliveSec = keepAliveSecOf(packet, settings.limits);
  const connack = connackOf(
    packet,
    { keepAliveSec, sessionExpirySec: sessionExpirySecOf(packet, settings) },
    proof,
    settings,
    false,
  );
  if (encodePacket(connack, { protocolVersion, maximumPacketBytes, requestProblemInformation, nowMs: 0 })) return;
  throw new ProtocolError(ReasonCode.ImplementationSpecificError, "CONNACK is larger than the Maximum Packet Size");
}

/** How long the session outlives its connection. */
export function sessionExpirySecOf(packet: ConnectPacket, settings: SessionSettings): number {
  const { maximumSessionExpirySec } = settings.limits;
  // Clean Session 0 has no end in MQTT 3.x but ours [3.1.1 MQTT-3.1.2-4].
  const asked = packet.protocolVersion === 5 ? (packet.sessionExpirySec ?? 0) : packet.cleanStart ? 0 : 0xffff_ffff;
  return Math.min(asked, maximumSessionExpirySec);
}

export function recipientOf(socketId: SocketId, packet: ConnectPacket): Recipient {
  const { protocolVersion, requestProblemInformation } = packet;
  // Before MQTT 5.0 a client names no Maximum Packet Size, and neither does one that leaves it out.
  const maximumPacketBytes = packet.maximumPacketBytes ?? Number.POSITIVE_INFINITY;
  return { socketId, protocolVersion, maximumPacketBytes, requestProblemInformation };
}

/** The connection that an accepted CONNECT makes of a socket. */
export function connectedBy(
  { socketId, reader, isRelayed, facts }: Pending,
  packet: ConnectPacket,
  proof: Proof | undefined,
  settings: SessionSettings,
  nowMs: number,
): Connected {
  const { limits } = settings;
  return {
    state: "connected",
    reader,
    isRelayed,
    isBridge: isBridge(packet),
    ...(facts.address === undefined ? {} : { address: facts.address }),
    ...recipientOf(socketId, packet),
    keepAliveSec: keepAliveSecOf(packet, limits),
    receiveMaximum: Math.min(packet.receiveMaximum ?? limits.maximumInFlight, limits.maximumInFlight),
    sessionExpirySec: sessionExpirySecOf(packet, settings),
    incomingAliases: new Map(),
    // No more than the server would remember of the client's.
    outgoingAliases: new OutgoingAliases(Math.min(packet.topicAliasMaximum, limits.topicAliasMaximum)),
    authentication: proof && {
      method: proof.method,
      username: proof.username,
      address: facts.address,
      exchange: undefined,
    },
    connectedAtMs: nowMs,
    lastReceivedMs: nowMs,
    unheard: nothingUnheard,
  };
}

/** What CONNACK says, each only if it differs from what the client would assume. */
export function connackOf(
  packet: ConnectPacket,
  connected: Pick<Connected, "keepAliveSec" | "sessionExpirySec">,
  proof: Proof | undefined,
  settings: SessionSettings,
  sessionPresent: boolean,
): ConnackPacket {
  const { limits, clientId, responseInformation } = settings;
  const isAsked = packet.requestResponseInformation && responseInformation !== undefined; // [MQTT-3.1.2-28]
  const ownInformation = isAsked ? responseInformationOf(responseInformation, clientId, limits) : undefined;
  return {
    type: "CONNACK",
    sessionPresent,
    reasonCode: ReasonCode.Success,
    receiveMaximum: limits.receiveMaximum,
    maximumPacketBytes: limits.maximumPacketBytes,
    topicAliasMaximum: limits.topicAliasMaximum,
    ...restrictionsOf(settings.capabilities),
    ...(ownInformation === undefined ? {} : { responseInformation: ownInformation }),
    // [MQTT-4.12.0-5]
    ...(proof === undefined ? {} : { authenticationMethod: proof.method, authenticationData: proof.data }),
    ...(packet.clientId === "" ? { assignedClientId: clientId } : {}), // [MQTT-3.2.2-16]
    ...(connected.keepAliveSec === packet.keepAliveSec ? {} : { serverKeepAliveSec: connected.keepAliveSec }),
    ...(connected.sessionExpirySec === (packet.sessionExpirySec ?? 0)
      ? {}
      : { sessionExpirySec: connected.sessionExpirySec }),
  };
}

/** What counts: only MQTT 5.0 has a Server Keep Alive; before it, the client's word holds [MQTT-3.2.2-22]. */
export function keepAliveSecOf(packet: ConnectPacket, { maximumKeepAliveSec }: Limits): number {
  if (packet.protocolVersion !== 5) return packet.keepAliveSec;
  const isWithin = packet.keepAliveSec > 0 && packet.keepAliveSec <= maximumKeepAliveSec;
  return isWithin ? packet.keepAliveSec : maximumKeepAliveSec;
}
