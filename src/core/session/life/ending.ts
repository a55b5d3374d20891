// How connections end, and the session with them or later. MQTT 5.0 sections 3.14 and 4.13.

import type { DisconnectPacket } from "../../packet/packet.ts";
import type { RawPacket } from "../../packet/raw-packet.ts";
import { isError, ReasonCode } from "../../packet/reason-code.ts";
import { ProtocolError } from "../../protocol-error.ts";
import { textOfReached } from "../../shares/reached.ts";
import { CloseCode } from "../effect.ts";
import type { Parts } from "../parts.ts";
import { type Connected, type Connection, send } from "../wire/connection.ts";

/** With these reason codes in DISCONNECT, a client says that it cannot use a packet from the server. */
const blamesWhatWasSent: ReadonlySet<number> = new Set([
  ReasonCode.MalformedPacket,
  ReasonCode.ProtocolError,
  ReasonCode.TopicNameInvalid,
  ReasonCode.TopicAliasInvalid,
  ReasonCode.PacketTooLarge,
  ReasonCode.PayloadFormatInvalid,
]);

/** The client sent DISCONNECT. */
export function onDisconnect(
  parts: Parts,
  connected: Connected,
  { reasonCode, sessionExpirySec }: DisconnectPacket,
): void {
  const { context, connections, state } = parts;
  if (sessionExpirySec !== undefined) {
    if (connected.sessionExpirySec === 0 && sessionExpirySec > 0) {
      throw new ProtocolError(ReasonCode.ProtocolError, "a session that ends with its connection cannot be kept");
    }
    const { maximumSessionExpirySec } = context.settings.limits;
    state.setExpiry(Math.min(sessionExpirySec, maximumSessionExpirySec));
  }
  if (reasonCode === ReasonCode.Success) state.wills.discardCurrent();
  if (blamesWhatWasSent.has(reasonCode)) state.outbound.onRefusedByDisconnect();
  connections.close(connected, CloseCode.Normal, "");
  onConnectionLost(parts, connected);
}

/** Answers an error of the client as its version demands, and ends the connection. Section 4.13. */
export function refuse(parts: Parts, connection: Connection, raw: RawPacket | undefined, error: ProtocolError): void {
  if (connection.state === "connected") disconnect(parts, connection, error.reasonCode, error.message);
  else parts.connections.refuse(connection, raw, error);
}

/** The server ends the connection: from MQTT 5.0 on, DISCONNECT says why. */
export function disconnect(parts: Parts, connected: Connected, reasonCode: ReasonCode, why: string): void {
  send(parts.context, connected, { type: "DISCONNECT", reasonCode, reasonString: why });
  parts.connections.close(connected, isError(reasonCode) ? CloseCode.PolicyViolation : CloseCode.Normal, why);
  onConnectionLost(parts, connected, reasonCode === ReasonCode.SessionTakenOver ? "taken over" : "lost");
}

/** Ends the session, for which there is no room. Its client should never have been let in, so its Will is not published. */
export function refuseSession(parts: Parts): void {
  const { connections, state } = parts;
  const { current } = connections;
  if (current !== undefined) {
    state.wills.discardCurrent();
    disconnect(parts, current, ReasonCode.QuotaExceeded, textOfReached({ limit: "sessions", shortage: "share" }));
  }
  state.remove();
}

/** @param how "taken over" if the client is here again, over another connection */
export function onConnectionLost(
  { connections, state }: Parts,
  connected: Connected,
  how: "lost" | "taken over" = "lost",
): void {
  if (connections.current !== connected) return;
  connections.current = undefined;
  state.leave(how);
}
