// A topic object in numbers.

import type { SharedLimitUse } from "../shares/shared-limit-use.ts";
import type { RetainedSize } from "./retained.ts";
import { isSharedText } from "./topic-filter.ts";
import type { RetainedTotals, Subscriber } from "./topic-store.ts";

/** Subscriptions, and those of them with a wildcard, which are at every shard. */
export type WildcardCount = { readonly all: number; readonly wildcard: number };

export type SubscriptionCounts = {
  /** Shared ones too. */
  readonly subscriptions: WildcardCount;
  readonly sharedSubscriptions: WildcardCount;
};

export type TopicCounts = SubscriptionCounts & {
  readonly retained: RetainedSize;
  /** Who holds most of it; without in the answer of an older version. */
  readonly retainedHolders?: readonly RetainedTotals[];
  /** The shared limits that a topic object counts; missing in the answer of an older version. */
  readonly sharedLimitUse?: SharedLimitUse;
  /** Kept for sessions that could not be reached. */
  readonly owedMessages: number;
  /** Messages that were published, accepted by sessions, and dropped on the way, since the object last started. */
  readonly publishedMessages: number;
  readonly deliveredMessages: number;
  readonly droppedMessages: number;
};

export function countSubscriptions(subscribers: Iterable<Pick<Subscriber, "topicFilter">>): SubscriptionCounts {
  const subscriptions = { all: 0, wildcard: 0 };
  const sharedSubscriptions = { all: 0, wildcard: 0 };
  for (const { topicFilter } of subscribers) {
    // No ShareName holds a wildcard.
    const isWildcard = /[+#]/.test(topicFilter);
    for (const counts of isSharedText(topicFilter) ? [subscriptions, sharedSubscriptions] : [subscriptions]) {
      counts.all += 1;
      if (isWildcard) counts.wildcard += 1;
    }
  }
  return { subscriptions, sharedSubscriptions };
}
