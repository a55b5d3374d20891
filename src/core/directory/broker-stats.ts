// A namespace in numbers: the counts of the directory and of its topic objects.

import type { Counts } from "../session/counters.ts";
import { type SharedLimit, sharedLimits } from "../shares/reached.ts";
import type { SharedLimitUse } from "../shares/shared-limit-use.ts";
import type { RoomUse } from "../shares/shared-room.ts";
import type { TopicCounts, WildcardCount } from "../topic/topic-counts.ts";
import type { RetainedTotals } from "../topic/topic-store.ts";
import type { Totals } from "./totals.ts";

/** Plain data: it travels to whoever asks. */
export type BrokerStats = {
  readonly atMs: number;
  readonly clients: {
    readonly connected: number;
    /** Away, with a session that waits for them. */
    readonly sleeping: number;
  };
  readonly totals: Totals;
  /** How often each happens per second. */
  readonly rates: Readonly<Counts>;
  /** Messages that wait for clients that are away, as far as their sessions have reported. */
  readonly queuedMessages: number;
  /** The shared limits that the directory counts; missing in the answer of an older version. */
  readonly sharedLimitUse?: SharedLimitUse;
  /** By shard; `undefined` for one that did not answer. */
  readonly topics: readonly (TopicCounts | undefined)[];
};

const maximumPublishers = 5;
const maximumHolders = 5;

export type TopicTotals = {
  readonly subscriptions: number;
  readonly sharedSubscriptions: number;
  readonly retained: {
    readonly messages: number;
    readonly bytes: number;
    /** The largest holders, largest first. */
    readonly publishers: readonly RetainedTotals[];
  };
  readonly owedMessages: number;
};

/** Over all shards. */
export function topicTotalsOf(topics: BrokerStats["topics"]): TopicTotals {
  const known = topics.filter((counts) => counts !== undefined);
  const sumOf = (value: (counts: TopicCounts) => number) => known.reduce((sum, counts) => sum + value(counts), 0);
  return {
    subscriptions: subscriptionsOf(known.map(({ subscriptions }) => subscriptions)),
    sharedSubscriptions: subscriptionsOf(known.map(({ sharedSubscriptions }) => sharedSubscriptions)),
    retained: {
      messages: sumOf(({ retained }) => retained.messages),
      bytes: sumOf(({ retained }) => retained.bytes),
      publishers: largestOf(known.flatMap(({ retainedHolders = [] }) => retainedHolders)),
    },
    owedMessages: sumOf(({ owedMessages }) => owedMessages),
  };
}

/** The largest holders, from the reports of the shards, which leave out a holder with little at each. */
function largestOf(ofShards: readonly RetainedTotals[]): RetainedTotals[] {
  const totals = new Map<string, RetainedTotals>();
  for (const { publisher, messages, bytes } of ofShards) {
    const before = totals.get(publisher) ?? { messages: 0, bytes: 0 };
    totals.set(publisher, { publisher, messages: before.messages + messages, bytes: before.bytes + bytes });
  }
  return [...totals.values()].sort((one, other) => other.messages - one.messages).slice(0, maximumPublishers);
}

export type SharedLimitTotals = RoomUse & { readonly limit: SharedLimit };

/**
 * The shared limits over the whole namespace, in the order of `sharedLimits`, without those whose numbers did not come.
 * The maximum of a topic object's limit is that of all topic objects that have reported it together.
 */
export function sharedLimitTotalsOf({
  sharedLimitUse,
  topics,
}: Pick<BrokerStats, "sharedLimitUse" | "topics">): SharedLimitTotals[] {
  const reports = [sharedLimitUse, ...topics.map((counts) => counts?.sharedLimitUse)];
  return sharedLimits.flatMap((limit) => {
    const uses = reports.flatMap((report) => report?.[limit] ?? []);
    return uses.length === 0 ? [] : [{ limit, ...sumOfUses(uses) }];
  });
}

function sumOfUses(uses: readonly RoomUse[]): RoomUse {
  const amounts = new Map<string, number>();
  for (const { holder, amount } of uses.flatMap(({ largest }) => largest)) {
    amounts.set(holder, (amounts.get(holder) ?? 0) + amount);
  }
  const holdings = [...amounts].map(([holder, amount]) => ({ holder, amount }));
  return {
    used: uses.reduce((sum, { used }) => sum + used, 0),
    maximum: uses.reduce((sum, { maximum }) => sum + maximum, 0),
    largest: holdings.sort((one, other) => other.amount - one.amount).slice(0, maximumHolders),
  };
}

/** A subscription with a wildcard is at every shard, and counts once. */
function subscriptionsOf(ofShards: readonly WildcardCount[]): number {
  const wildcard = Math.max(0, ...ofShards.map((counts) => counts.wildcard));
  return ofShards.reduce((sum, { all, wildcard: here }) => sum + all - here, wildcard);
}
