// A session through a hibernation of its object, with its client connected.

import type { Parts } from "../parts.ts";
import { fromSnapshot, takeSnapshot } from "../wire/connection.ts";
import type { HibernatingSession, KeptSession } from "./snapshot.ts";

/** What the socket of the connected client has to keep; `undefined` if there is none. */
export function hibernationOf({ context, connections, state }: Parts): HibernatingSession | undefined {
  const { current } = connections;
  if (current === undefined) return undefined;
  const { socketId, lastReceivedMs, unheard } = current;
  const snapshot = { connection: takeSnapshot(current), ...state.keptFor(socketId) };
  return { socketId, heard: { lastReceivedMs, unheard }, account: context.counters.account, snapshot };
}

/** The connected client's socket is there after a hibernation. */
export function awake({ context, connections, state }: Parts, { snapshot, heard, account }: KeptSession): void {
  context.counters.restore(account);
  const current = fromSnapshot(snapshot.connection, heard, context.settings.limits.maximumPacketBytes);
  connections.current = current;
  connections.restore(current);
  state.awake(snapshot);
}
