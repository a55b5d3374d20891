// The way in: from the first packet on a socket to a client that may connect. What it then finds is the session's
// business. MQTT 5.0 sections 3.1.4 and 4.12.

import type { Access } from "../../access/access.ts";
import type { LoginResult } from "../../access/login-attempt.ts";
import type { ConnectPacket } from "../../packet/packet.ts";
import type { RawPacket } from "../../packet/raw-packet.ts";
import { ProtocolError } from "../../protocol-error.ts";
import { accessOf, type Context } from "../context.ts";
import type { SessionState } from "../life/session-state.ts";
import type { Admission } from "../session-store.ts";
import type { Accepted, LoggingIn, Pending } from "../wire/connection.ts";
import type { Connections } from "../wire/connections.ts";
import { admissionBy, admit, checkOwner } from "./admission.ts";
import { onPendingPacket } from "./authenticating.ts";
import { checkAccess, checkWill, expectConnackFits } from "./connecting.ts";

/** A client that is let in; nothing has been done about it yet. */
export type Admitted = Accepted & { readonly pending: Pending; readonly admission: Admission };

export class Entry {
  private readonly context: Context;
  private readonly connections: Connections;
  private readonly state: SessionState;

  constructor(context: Context, connections: Connections, state: SessionState) {
    this.context = context;
    this.connections = connections;
    this.state = state;
  }

  /**
   * A packet on a socket whose client is not connected yet.
   * @returns who is let in by it; `undefined` if more has to come, or an answer, or nothing any more
   * @throws {ProtocolError} with the reason code of CONNACK
   */
  onPacket(pending: Pending, raw: RawPacket): Admitted | undefined {
    const accepted = onPendingPacket(this.context, this.connections, pending, raw);
    if (accepted === undefined) return undefined;
    expectConnackFits(accepted.connect, accepted.proof, this.context.settings);
    const admission = admit(this.context, this.connections, this.state.lastClient, pending, accepted);
    return admission && this.letIn({ ...accepted, pending, admission });
  }

  /**
   * Who the client is was asked elsewhere.
   * @throws {ProtocolError} with the reason code of CONNACK
   */
  onLogin(pending: LoggingIn, result: LoginResult): Admitted {
    const { facts, accepted } = pending;
    return this.letIn({ ...accepted, pending, admission: admissionBy(result, facts, accepted, this.context) });
  }

  private letIn(admitted: Admitted): Admitted {
    const { connect, admission } = admitted;
    const { settings } = this.context;
    const access = accessOf(admission.grant, settings);
    checkAccess(access);
    this.checkWill(connect, access);
    this.state.endIfExpired();
    checkOwner(this.context, this.state.admission, admission.grant);
    this.connections.checkRate();
    return admitted;
  }

  /** CONNACK of MQTT 3.x has no words for it, and programs seldom show those of 5.0: so the log has them too. */
  private checkWill(connect: ConnectPacket, access: Access): void {
    try {
      checkWill(connect, access, this.context.settings);
    } catch (error) {
      if (error instanceof ProtocolError) this.context.warn("a client is refused for its Will", error.message);
      throw error;
    }
  }
}
