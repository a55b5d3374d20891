// What whoever runs the broker does to a session: by the API, or by changing what an identity may do.

import type { Grant } from "../../access/grant.ts";
import { ReasonCode } from "../../packet/reason-code.ts";
import type { Parts } from "../parts.ts";
import { disconnect } from "./ending.ts";

/**
 * Ends the connection; the session stays, as after any loss.
 * @returns whether there was a connection
 */
export function disconnectByOperator(parts: Parts): boolean {
  const { current } = parts.connections;
  if (current === undefined) return false;
  disconnect(parts, current, ReasonCode.AdministrativeAction, "disconnected by the operator");
  return true;
}

/**
 * Ends the session, and its connection.
 * @returns whether there was a session
 */
export function removeByOperator(parts: Parts): boolean {
  const { context, state } = parts;
  state.endIfExpired();
  if (context.generation === undefined) {
    state.reportNone();
    return false;
  }
  disconnectByOperator(parts);
  state.remove();
  return true;
}

/** What an identity may do has changed: see the event "revise". Nothing happens if the session belongs to another identity. */
export function revise(parts: Parts, identity: string, grant: Grant | null): void {
  const { context, connections, state } = parts;
  state.wills.revise(identity, grant === null ? null : grant.rules);
  if (state.admission?.grant.identity !== identity) return;
  const mayGoOn = grant !== null && state.revise(grant) && context.access.mayConnect;
  const { current } = connections;
  if (!mayGoOn && current !== undefined) {
    disconnect(parts, current, ReasonCode.NotAuthorized, "access was revoked");
  }
  if (grant === null) state.remove();
}
