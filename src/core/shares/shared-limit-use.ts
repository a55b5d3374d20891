// One object's report of how much of the shared limits that it counts is in use.

import type { SharedLimit } from "./reached.ts";
import type { RoomUse } from "./shared-room.ts";

/** Plain data: it travels between objects. A limit of a later version may be among them. */
export type SharedLimitUse = Readonly<Partial<Record<SharedLimit, RoomUse>>>;

/** How many holders a report names for each limit: more than are shown, because the reports of the shards are added up. */
export const reportedHolders = 20;
