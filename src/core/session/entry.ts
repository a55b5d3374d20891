// The way in: from the first packet on a socket to a client that may connect. What it then finds is the session's
// business. MQTT 5.0 sections 3.1.4 and 4.12.

import type { LoginResult } from "../access/login-attempt.ts";
import type { RawPacket } from "../packet/packet-reader.ts";
import { accessOf, admissionBy, admit, checkOwner } from "./admission.ts";
import { type Accepted, onPendingPacket } from "./authenticating.ts";
import { checkAccess, expectConnackFits } from "./connecting.ts";
import type { LoggingIn, Pending } from "./connection.ts";
import type { Connections } from "./connections.ts";
import type { Context } from "./context.ts";
import type { SessionState } from "./session-state.ts";
import type { Admission } from "./session-store.ts";

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
   * @returns who is let in by it; `undefined` where more has to come, or an answer, or nothing any more
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
    checkAccess(connect, accessOf(admission.grant, settings), settings);
    this.state.endIfExpired();
    checkOwner(this.state.admission, admission.grant);
    this.connections.checkRate();
    return admitted;
  }
}
