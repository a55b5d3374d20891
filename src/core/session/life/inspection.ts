// What a session says of its client when the directory or the operator asks, and what it reports to the directory by
// itself. The answer's type is in whereabouts.ts.

import type { Parts } from "../parts.ts";
import { type Connected, connectionNameOf } from "../wire/connection.ts";
import type { ConnectedClient, Whereabouts } from "./whereabouts.ts";

/** Somebody is about to ask: what has expired goes first. */
export function onAsked({ context, connections, state }: Parts, by: "operator" | "directory"): void {
  state.endIfExpired();
  if (by === "operator" && context.generation === undefined) state.reportNone();
  if (by === "operator" || connections.current === undefined) state.outbound.dropExpired();
}

export function whereaboutsOf({ context, connections, state }: Parts): Whereabouts {
  const { admission, disconnectedAtMs, outbound } = state;
  if (admission === undefined) return { state: "none" };
  const { identity } = admission.grant;
  const { current } = connections;
  if (current === undefined) {
    const { messages: queuedMessages, bytes: queuedBytes } = outbound.queueSize;
    return { state: "away", identity, atMs: disconnectedAtMs, queuedMessages, queuedBytes };
  }
  const { account } = context.counters;
  return { state: "connected", account, ...connectedClientOf(current, identity) };
}

/** @param identity as `Grant.identity` */
export function connectedClientOf(connected: Connected, identity: string): ConnectedClient {
  const { protocolVersion, connectedAtMs: atMs, address } = connected;
  const from = address === undefined ? {} : { address };
  return { protocolVersion, identity, connection: connectionNameOf(connected), atMs, ...from };
}

/** Reports the present state to the directory, whatever was reported before. */
export function reportPresent(parts: Parts): void {
  onAsked(parts, "directory");
  const { context, state } = parts;
  const now = whereaboutsOf(parts);
  switch (now.state) {
    case "connected": {
      const { state: _, account: __, ...connected } = now;
      context.report({ type: "connected", ...connected });
      break;
    }
    case "away": {
      const { identity, atMs, queuedMessages, queuedBytes = 0 } = now;
      context.report({ type: "disconnected", atMs, account: undefined, queuedMessages, queuedBytes, identity });
      break;
    }
    case "none":
      state.reportNone();
  }
}
