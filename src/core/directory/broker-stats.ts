// A namespace in numbers: what the directory has counted, and what its topic objects have.

import type { Counts } from "../session/counters.ts";
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
  /** By shard; `undefined` for one that did not answer. */
  readonly topics: readonly (TopicCounts | undefined)[];
};

const maximumPublishers = 5;

export type TopicTotals = {
  readonly subscriptions: number;
  readonly sharedSubscriptions: number;
  readonly retained: {
    readonly messages: number;
    readonly bytes: number;
    /** Who holds most of it, the most first. */
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

/** A subscription with a wildcard is at every shard, and counts once. */
function subscriptionsOf(ofShards: readonly WildcardCount[]): number {
  const wildcard = Math.max(0, ...ofShards.map((counts) => counts.wildcard));
  return ofShards.reduce((sum, { all, wildcard: here }) => sum + all - here, wildcard);
}
