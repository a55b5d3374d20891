// The way in: from the first packet on a socket to CONNACK. MQTT 5.0 sections 3.1.4 and 4.12.

import type { Access } from "../../access/access.ts";
import type { LoginResult } from "../../access/login-attempt.ts";
import type { ConnectPacket } from "../../packet/packet.ts";
import type { RawPacket } from "../../packet/raw-packet.ts";
import { ReasonCode } from "../../packet/reason-code.ts";
import { ProtocolError } from "../../protocol-error.ts";
import { accessOf, type Context } from "../context.ts";
import { disconnect } from "../life/ending.ts";
import { connectedClientOf } from "../life/inspection.ts";
import type { Parts } from "../parts.ts";
import type { Admission } from "../session-store.ts";
import { type Accepted, connectionNameOf, type LoggingIn, type Pending, send } from "../wire/connection.ts";
import { admissionBy, admit, checkOwner } from "./admission.ts";
import { acceptedBy } from "./authenticating.ts";
import { checkAccess, checkWill, connackOf, connectedBy, expectConnackFits } from "./connecting.ts";

/**
 * A packet came over a socket whose client is not connected yet.
 * @throws {ProtocolError} with the reason code of CONNACK
 */
export function onPendingPacket(parts: Parts, pending: Pending, raw: RawPacket): void {
  const { context, connections, state } = parts;
  const accepted = acceptedBy(context, connections, pending, raw);
  if (accepted === undefined) return;
  expectConnackFits(accepted.connect, accepted.proof, context.settings);
  const admission = admit(context, connections, state.lastClient, pending, accepted);
  if (admission !== undefined) letIn(parts, pending, accepted, admission);
}

/**
 * Another object was asked who the client is.
 * @throws {ProtocolError} with the reason code of CONNACK
 */
export function onLoginResult(parts: Parts, pending: LoggingIn, result: LoginResult): void {
  const { facts, accepted } = pending;
  letIn(parts, pending, accepted, admissionBy(result, facts, accepted, parts.context));
}

function letIn(parts: Parts, pending: Pending, accepted: Accepted, admission: Admission): void {
  const { context, connections, state } = parts;
  const access = accessOf(admission.grant, context.settings);
  checkAccess(access);
  checkWillOf(accepted.connect, access, context);
  state.endIfExpired();
  checkOwner(context, state.admission, admission.grant);
  connections.checkRate();
  connect(parts, pending, accepted, admission);
}

/** CONNACK of MQTT 3.x has no words for it, and programs rarely show those of 5.0, so they are logged too. */
function checkWillOf(connect: ConnectPacket, access: Access, context: Context): void {
  try {
    checkWill(connect, access, context.settings);
  } catch (error) {
    if (error instanceof ProtocolError) context.warn("a client is refused for its Will", error.message);
    throw error;
  }
}

/** The client is let in: it takes the session over, resumes it, or begins one. */
function connect(parts: Parts, pending: Pending, { connect: packet, proof }: Accepted, admission: Admission): void {
  const { context, connections, state } = parts;
  const { settings, nowMs } = context;
  if (connections.current !== undefined) {
    const why = "another client connected with this identifier";
    disconnect(parts, connections.current, ReasonCode.SessionTakenOver, why);
  }
  if (packet.cleanStart) state.end(); // [MQTT-3.1.2-4]
  const sessionPresent = context.generation !== undefined;
  const connected = connectedBy(pending, packet, proof, settings, nowMs);
  context.counters.open(connectionNameOf(connected));
  context.counts.connects += 1;
  connections.current = connected;
  connections.put(connected);
  state.open(connected.sessionExpirySec, packet.will, admission);
  send(context, connected, connackOf(packet, connected, proof, settings, sessionPresent));
  context.report({ type: "connected", ...connectedClientOf(connected, admission.grant.identity) });
  state.outbound.flush(connected);
}
