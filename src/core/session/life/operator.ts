// What whoever runs the broker sees of a session, and does to it: by the API, or by changing what an identity may do.

import type { Grant } from "../../access/grant.ts";
import { ReasonCode } from "../../packet/reason-code.ts";
import type { Context } from "../context.ts";
import type { Connections } from "../wire/connections.ts";
import type { Ending } from "./ending.ts";
import type { SessionState } from "./session-state.ts";
import { type SessionView, viewOf } from "./session-view.ts";

export class Operator {
  private readonly context: Context;
  private readonly connections: Connections;
  private readonly state: SessionState;
  private readonly ending: Ending;

  constructor(context: Context, connections: Connections, state: SessionState, ending: Ending) {
    this.context = context;
    this.connections = connections;
    this.state = state;
    this.ending = ending;
  }

  /** `undefined` if there is no session. */
  inspect(nowMs: number): SessionView | undefined {
    this.context.nowMs = nowMs;
    this.state.endIfExpired();
    // The directory may still list a session that a crash has ended.
    if (this.context.generation === undefined) this.context.report({ type: "ended", isExpired: false });
    return viewOf(this.context, this.state, this.connections.current);
  }

  /**
   * Ends the connection; the session stays, as after any loss.
   * @returns whether there was one
   */
  disconnect(nowMs: number): boolean {
    this.context.nowMs = nowMs;
    const { current } = this.connections;
    if (current === undefined) return false;
    this.ending.disconnect(current, ReasonCode.AdministrativeAction, "disconnected by the operator");
    return true;
  }

  /**
   * Ends the session, and its connection.
   * @returns whether there was a session
   */
  remove(nowMs: number): boolean {
    this.context.nowMs = nowMs;
    this.state.endIfExpired();
    if (this.context.generation === undefined) {
      // The directory may still list a session that a crash has ended.
      this.context.report({ type: "ended", isExpired: false });
      return false;
    }
    this.disconnect(nowMs);
    this.state.remove();
    return true;
  }

  /**
   * What an identity may do has changed; nothing if the session is another's. Told again, it does no more.
   * @param grant what a login is worth now; `null` if it is nobody any more: the session ends, and its Will is not
   * published. If it is for another username or secret, a connected client has to show that
   */
  revise(identity: string, grant: Grant | null, nowMs: number): void {
    this.context.nowMs = nowMs;
    this.state.wills.revise(identity, grant === null ? null : grant.rules);
    if (this.state.admission?.grant.identity !== identity) return;
    const mayGoOn = grant !== null && this.state.revise(grant) && this.context.access.mayConnect;
    const { current } = this.connections;
    if (!mayGoOn && current !== undefined) {
      this.ending.disconnect(current, ReasonCode.NotAuthorized, "access was revoked");
    }
    if (grant === null) this.state.remove();
  }
}
