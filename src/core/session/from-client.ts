// What comes over a session's sockets. Frames are cut into packets here, and a ProtocolError is caught here. dispatch.ts
// has what a packet sets off once its client is connected. MQTT 5.0 sections 4.13 and 6.

import type { LoginResult } from "../access/login-attempt.ts";
import { decodePacket } from "../packet/codec.ts";
import { answeredPacketId, isAnswer, type RawPacket } from "../packet/raw-packet.ts";
import { ReasonCode } from "../packet/reason-code.ts";
import { ProtocolError } from "../protocol-error.ts";
import { onLoginResult, onPendingPacket } from "./connect/entry.ts";
import { dispatch } from "./dispatch.ts";
import { CloseCode, type SocketId } from "./effect.ts";
import type { Frame } from "./event.ts";
import { onConnectionLost, refuse } from "./life/ending.ts";
import type { Parts } from "./parts.ts";
import type { Connection } from "./wire/connection.ts";
import { nothingUnheard } from "./wire/unheard.ts";

export function onFrame(parts: Parts, { socketId, data }: Frame): void {
  const connection = parts.connections.get(socketId);
  if (connection === undefined) return;
  if (typeof data === "string") onText(parts, connection);
  else onBytes(parts, connection, data);
}

/** MQTT travels in binary frames only [MQTT-6.0.0-1]. */
function onText(parts: Parts, connection: Connection): void {
  parts.connections.close(connection, CloseCode.UnsupportedData, "MQTT needs binary frames");
  if (connection.state === "connected") onConnectionLost(parts, connection);
}

function onBytes(parts: Parts, { socketId, reader }: Connection, bytes: Uint8Array): void {
  const { counts } = parts.context;
  counts.packetBytesReceived += bytes.length;
  const { packets, error } = reader.push(bytes);
  counts.packetsReceived += packets.length;
  onPackets(parts, socketId, packets);
  const connection = parts.connections.get(socketId);
  if (error !== undefined && connection !== undefined) refusePacket(parts, connection, undefined, error);
}

/** A packet may change or end the connection that the next one is for. */
function onPackets(parts: Parts, socketId: SocketId, packets: readonly RawPacket[]): void {
  for (const raw of packets) {
    const connection = parts.connections.get(socketId);
    if (connection === undefined) return;
    onRawPacket(parts, connection, raw);
  }
}

function onRawPacket(parts: Parts, connection: Connection, raw: RawPacket): void {
  try {
    if (connection.state === "connected") {
      connection.lastReceivedMs = parts.context.nowMs;
      connection.unheard = nothingUnheard;
      dispatch(parts, connection, decodePacket(raw, connection.protocolVersion));
    } else {
      onPendingPacket(parts, connection, raw);
    }
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    refusePacket(parts, connection, raw, error);
  }
}

/** Another object was asked who the client is. What the client sent meanwhile has waited. */
export function onLoginAnswered(parts: Parts, socketId: SocketId, result: LoginResult): void {
  const loggingIn = parts.connections.get(socketId);
  if (loggingIn?.state !== "logging in") return;
  try {
    onLoginResult(parts, loggingIn, result);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    refuse(parts, loggingIn, undefined, error);
  }
  onPackets(parts, socketId, loggingIn.waiting);
}

/** Packets that were begun have not been completed in time. */
export function onStalled(parts: Parts): void {
  const error = new ProtocolError(ReasonCode.MalformedPacket, "a packet was not completed in time");
  for (const connection of parts.connections.withPartialPacket()) refusePacket(parts, connection, undefined, error);
}

/** @param raw the packet that is refused; `undefined` if it never became whole */
function refusePacket(parts: Parts, connection: Connection, raw: RawPacket | undefined, error: ProtocolError): void {
  const refused = raw ?? connection.reader.unfinished;
  if (connection.state === "connected" && refused !== undefined && isAnswer(refused.firstByte)) {
    parts.state.outbound.onBrokenAnswer(answeredPacketId(refused));
  }
  refuse(parts, connection, raw, error);
}

export function onClosed(parts: Parts, socketId: SocketId): void {
  const connection = parts.connections.forget(socketId);
  if (connection?.state === "connected") onConnectionLost(parts, connection);
}

/** CONNECT has not come in time, or the proof of who the client is has not. */
export function onConnectTimeout({ connections }: Parts, socketId: SocketId): void {
  const connection = connections.get(socketId);
  if (connection === undefined || connection.state === "connected") return;
  const what = connection.state === "awaiting CONNECT" ? "CONNECT" : "authentication";
  connections.close(connection, CloseCode.PolicyViolation, `${what} did not come in time`);
}
