// What a session consists of. The functions that act on a session as a whole take all of it.

import type { Context } from "./context.ts";
import type { SessionState } from "./life/session-state.ts";
import type { Connections } from "./wire/connections.ts";

export type Parts = {
  readonly context: Context;
  readonly connections: Connections;
  readonly state: SessionState;
};
