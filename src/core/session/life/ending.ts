// How connections end, and the session with them or later. MQTT 5.0 sections 3.14 and 4.13.

import type { DisconnectPacket } from "../../packet/packet.ts";
import type { RawPacket } from "../../packet/raw-packet.ts";
import { isError, ReasonCode } from "../../packet/reason-code.ts";
import { ProtocolError } from "../../protocol-error.ts";
import { textOfReached } from "../../shares/reached.ts";
import type { Context } from "../context.ts";
import { CloseCode } from "../effect.ts";
import { type Connected, type Connection, send } from "../wire/connection.ts";
import type { Connections } from "../wire/connections.ts";
import type { SessionState } from "./session-state.ts";

/** With these reason codes in DISCONNECT, a client says that it cannot use a packet from the server. */
const blamesWhatWasSent: ReadonlySet<number> = new Set([
  ReasonCode.MalformedPacket,
  ReasonCode.ProtocolError,
  ReasonCode.TopicNameInvalid,
  ReasonCode.TopicAliasInvalid,
  ReasonCode.PacketTooLarge,
  ReasonCode.PayloadFormatInvalid,
]);

export class Ending {
  private readonly context: Context;
  private readonly connections: Connections;
  private readonly state: SessionState;

  constructor(context: Context, connections: Connections, state: SessionState) {
    this.context = context;
    this.connections = connections;
    this.state = state;
  }

  /** DISCONNECT came. */
  onDisconnect(connected: Connected, { reasonCode, sessionExpirySec }: DisconnectPacket): void {
    if (sessionExpirySec !== undefined) {
      if (connected.sessionExpirySec === 0 && sessionExpirySec > 0) {
        throw new ProtocolError(ReasonCode.ProtocolError, "a session that ends with its connection cannot be kept");
      }
      const { maximumSessionExpirySec } = this.context.settings.limits;
      this.state.setExpiry(Math.min(sessionExpirySec, maximumSessionExpirySec));
    }
    if (reasonCode === ReasonCode.Success) this.state.wills.discardCurrent();
    if (blamesWhatWasSent.has(reasonCode)) this.state.outbound.onRefusedByDisconnect();
    this.connections.close(connected, CloseCode.Normal, "");
    this.onConnectionLost(connected);
  }

  /** Answers an error of the client as its version demands, and ends the connection. Section 4.13. */
  refuse(connection: Connection, raw: RawPacket | undefined, error: ProtocolError): void {
    if (connection.state === "connected") this.disconnect(connection, error.reasonCode, error.message);
    else this.connections.refuse(connection, raw, error);
  }

  /** The server ends the connection: DISCONNECT says why from MQTT 5.0 on. */
  disconnect(connected: Connected, reasonCode: ReasonCode, why: string): void {
    send(this.context, connected, { type: "DISCONNECT", reasonCode, reasonString: why });
    this.connections.close(connected, isError(reasonCode) ? CloseCode.PolicyViolation : CloseCode.Normal, why);
    this.onConnectionLost(connected, reasonCode === ReasonCode.SessionTakenOver);
  }

  /** Ends the session, for which there is no room. Its client should never have been let in, so its Will is not published. */
  refuseSession(): void {
    const { current } = this.connections;
    const why = textOfReached({ limit: "sessions", shortage: "share" });
    if (current !== undefined) {
      this.state.wills.discardCurrent();
      this.disconnect(current, ReasonCode.QuotaExceeded, why);
    }
    this.state.remove();
  }

  onConnectionLost(connected: Connected, isTakenOver = false): void {
    if (this.connections.current !== connected) return;
    this.connections.current = undefined;
    this.state.leave(isTakenOver);
  }
}
