// What a socket keeps of its session through a hibernation.

import type { TopicSubscription } from "../../topic/topic-request.ts";
import type { Account } from "../counters.ts";
import type { SocketId } from "../effect.ts";
import type { KeptInbound } from "../inbound/inbound.ts";
import type { KeptOutbound } from "../outbound/outbound.ts";
import type { StoredRecord } from "../session-store.ts";
import type { ConnectionSnapshot, Heard } from "../wire/connection.ts";

export type KeptState = {
  readonly record: StoredRecord;
  readonly subscriptions: readonly TopicSubscription[];
};

/** Plain data, fit for JSON. */
export type SessionSnapshot = {
  readonly connection: ConnectionSnapshot;
  readonly outbound: KeptOutbound;
  readonly inbound: KeptInbound;
  /** The state of a session that ends with its connection. A durable one has it on disk. */
  readonly state: KeptState | undefined;
};

/** What the socket of the connected client keeps; all but the snapshot changes with every packet. */
export type KeptSession = { readonly heard: Heard; readonly account: Account; readonly snapshot: SessionSnapshot };

export type HibernatingSession = KeptSession & { readonly socketId: SocketId };
