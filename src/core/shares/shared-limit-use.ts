// How much of the shared limits is in use, as one object reports it: those that it counts.

import type { SharedLimit } from "./reached.ts";
import type { RoomUse } from "./shared-room.ts";

/** Plain data: it travels between objects. A limit of a later version may be among them. */
export type SharedLimitUse = Readonly<Partial<Record<SharedLimit, RoomUse>>>;

/** How many holders a report names for each limit: more than are shown, because the reports of the shards are added up. */
export const reportedHolders = 20;
