// What a session consists of. The functions that act on a session as a whole take all of it.

import type { Context } from "../context.ts";
import type { Connections } from "../wire/connections.ts";
import type { SessionState } from "./session-state.ts";

export type Parts = {
  readonly context: Context;
  readonly connections: Connections;
  readonly state: SessionState;
};
