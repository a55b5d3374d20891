// What a socket keeps of its session through a hibernation.

import type { TopicSubscription } from "../topic/topic-request.ts";
import type { ConnectionSnapshot } from "./connection.ts";
import type { SessionRecord } from "./session-store.ts";

/** The state of a session that ends with its connection; a durable one has it on disk. */
export type KeptInSnapshot = {
  readonly record: SessionRecord;
  readonly subscriptions: readonly TopicSubscription[];
};

/** Plain data, fit for JSON. */
export type SessionSnapshot = {
  readonly connection: ConnectionSnapshot;
  /** Outgoing messages up to this sequence are in flight. */
  readonly inFlightThrough: number;
  readonly kept: KeptInSnapshot | undefined;
};
