// AUTH: the exchange in which a client proves who it is, between CONNECT and CONNACK, and again at any time later.
// MQTT 5.0 sections 3.15 and 4.12. What is said in it is the method's business.

import {
  type AuthenticationStep,
  beginAuthentication,
  continueAuthentication,
  type Exchange,
} from "../../authentication/enhanced-authentication.ts";
import { decodePacket } from "../../packet/codec.ts";
import type { AuthPacket, ConnectPacket } from "../../packet/packet.ts";
import type { RawPacket } from "../../packet/raw-packet.ts";
import { ReasonCode } from "../../packet/reason-code.ts";
import { ProtocolError } from "../../protocol-error.ts";
import type { Context } from "../context.ts";
import { CloseCode } from "../effect.ts";
import {
  type Accepted,
  type Authenticating,
  type Authentication,
  type Connected,
  type LoggingIn,
  type Pending,
  type Recipient,
  send,
} from "../wire/connection.ts";
import type { Connections } from "../wire/connections.ts";
import { checkConnect, recipientOf } from "./connecting.ts";

/** What an empty packet counts as. */
const packetBytes = 64;

/**
 * A packet on a socket whose client is not connected yet.
 * @returns what it completes; `undefined` if more has to come, or nothing comes any more
 * @throws {ProtocolError} with the reason code of CONNACK
 */
export function acceptedBy(
  context: Context,
  connections: Connections,
  pending: Pending,
  raw: RawPacket,
): Accepted | undefined {
  if (pending.state === "authenticating") return onPacket(context, connections, pending, raw);
  if (pending.state === "logging in") {
    waitFor(context, pending, raw);
    return undefined;
  }
  const packet = decodePacket(raw, undefined);
  if (packet.type !== "CONNECT") throw new ProtocolError(ReasonCode.ProtocolError, "CONNECT comes first");
  checkConnect(packet, context.settings);
  const { authenticationMethod, authenticationData } = packet;
  if (authenticationMethod === undefined) return { connect: packet, proof: undefined };
  const step = beginAuthentication(context.settings, authenticationMethod, authenticationData);
  return onStep(context, connections, pending, packet, step);
}

/** @throws {ProtocolError} 0x97 if that is more than the memory of one packet */
function waitFor(context: Context, loggingIn: LoggingIn, raw: RawPacket): void {
  loggingIn.waiting.push(raw);
  loggingIn.waitingBytes += packetBytes + raw.bytes.length;
  if (loggingIn.waitingBytes <= context.settings.limits.maximumPacketBytes) return;
  throw new ProtocolError(ReasonCode.QuotaExceeded, "too much was sent before CONNACK");
}

/** Until CONNACK a client sends nothing but AUTH and DISCONNECT [MQTT-3.1.2-30]. */
function onPacket(
  context: Context,
  connections: Connections,
  authenticating: Authenticating,
  raw: RawPacket,
): Accepted | undefined {
  const { connect, exchange, protocolVersion } = authenticating;
  const packet = decodePacket(raw, protocolVersion);
  if (packet.type === "DISCONNECT") {
    connections.close(authenticating, CloseCode.Normal, "");
    return undefined;
  }
  if (packet.type !== "AUTH") {
    throw new ProtocolError(ReasonCode.ProtocolError, `${packet.type} before authentication is complete`);
  }
  if (packet.reasonCode !== ReasonCode.ContinueAuthentication) {
    throw new ProtocolError(ReasonCode.ProtocolError, "there is nothing to authenticate again"); // [MQTT-4.12.0-3]
  }
  checkMethod(packet, exchange.method);
  const step = continueAuthentication(context.settings, exchange, packet.authenticationData);
  return onStep(context, connections, authenticating, connect, step);
}

function onStep(
  context: Context,
  connections: Connections,
  { socketId, reader, isRelayed, facts }: Pending,
  connect: ConnectPacket,
  step: AuthenticationStep,
): Accepted | undefined {
  if (step.outcome === "complete") return { connect, proof: step.proof };
  const { exchange, data } = step;
  const recipient = recipientOf(socketId, connect);
  sendAuth(context, recipient, ReasonCode.ContinueAuthentication, exchange.method, data); // [MQTT-4.12.0-2]
  connections.put({ state: "authenticating", reader, isRelayed, facts, ...recipient, connect, exchange });
  return undefined;
}

/**
 * AUTH of a connected client: a re-authentication, during which everything else goes on. Section 4.12.1.
 * @throws {ProtocolError} with the reason code of DISCONNECT [MQTT-4.12.1-2]
 */
export function authenticateAgain(context: Context, connected: Connected, packet: AuthPacket): void {
  const { authentication } = connected;
  if (authentication === undefined) {
    throw new ProtocolError(ReasonCode.ProtocolError, "AUTH after a CONNECT without a method"); // [MQTT-4.12.0-7]
  }
  const { method, username } = authentication;
  checkMethod(packet, method); // [MQTT-4.12.1-1]
  const step = nextStep(context, authentication.exchange, packet);
  if (step.outcome === "continue") {
    const claimed = step.exchange.scram?.username ?? username;
    // Checked before anything is proved, so that nobody can guess another user's password over this connection.
    if (claimed !== username) {
      throw new ProtocolError(ReasonCode.NotAuthorized, "another user than the one who connected");
    }
    sendAuth(context, connected, ReasonCode.ContinueAuthentication, method, step.data);
    connected.authentication = { ...authentication, exchange: step.exchange };
    return;
  }
  if (!step.proof.isRight) {
    countWrongProof(context, connected, authentication);
    throw new ProtocolError(ReasonCode.NotAuthorized, "the user name or the password is wrong");
  }
  sendAuth(context, connected, ReasonCode.Success, method, step.proof.data);
  connected.authentication = { ...authentication, exchange: undefined };
}

/** Nobody waits for the answer, because the connection ends: the next guess needs a CONNECT. */
function countWrongProof(context: Context, { socketId }: Connected, { username, address }: Authentication): void {
  const { clientId } = context.settings;
  const shown = { username, password: undefined, isProved: false, isWrongProof: true } as const;
  const attempt = { clientId, ...shown, ...(address === undefined ? {} : { address }) };
  context.effect({ type: "login", socketId, attempt });
}

function nextStep(context: Context, exchange: Exchange | undefined, packet: AuthPacket): AuthenticationStep {
  const { reasonCode, authenticationMethod, authenticationData } = packet;
  if (reasonCode === ReasonCode.ReAuthenticate) {
    return beginAuthentication(context.settings, authenticationMethod, authenticationData);
  }
  if (exchange === undefined)
    throw new ProtocolError(ReasonCode.ProtocolError, "there is no authentication to continue");
  return continueAuthentication(context.settings, exchange, authenticationData);
}

/** Section 3.15: an AUTH with another method than CONNECT's is a Protocol Error. */
function checkMethod({ authenticationMethod }: AuthPacket, method: string): void {
  if (authenticationMethod !== method) {
    throw new ProtocolError(ReasonCode.ProtocolError, "AUTH with another method than CONNECT");
  }
}

/**
 * With the method of CONNECT, always [MQTT-4.12.0-5].
 * @throws {ProtocolError} 0x83 if the client takes no packet of this size, and would wait for ever [MQTT-3.1.2-24]
 */
function sendAuth(
  context: Context,
  recipient: Recipient,
  reasonCode: ReasonCode,
  authenticationMethod: string,
  authenticationData: Uint8Array | undefined,
): void {
  const sentBytes = send(context, recipient, { type: "AUTH", reasonCode, authenticationMethod, authenticationData });
  if (sentBytes > 0) return;
  throw new ProtocolError(ReasonCode.ImplementationSpecificError, "AUTH is larger than the Maximum Packet Size");
}
