// Which topic objects serve a Topic Name or a Topic Filter. A name belongs to exactly one shard, which holds its
// retained message; a filter with wildcards may match names of any shard.

import { hashOf } from "./hash.ts";
import type { TopicFilter } from "./topic-filter.ts";

/**
 * The shard that a Topic Name belongs to. Stored data depends on it: the hash must never change.
 *
 * @param shardCount a whole number, at least 1
 */
export function shardOf(topicName: string, shardCount: number): number {
  return shardCount === 1 ? 0 : hashOf(topicName) % shardCount;
}

/** The shards at which a subscription must be registered, ascending. */
export function shardsOf({ filter, isWildcard }: TopicFilter, shardCount: number): number[] {
  if (!isWildcard) return [shardOf(filter, shardCount)];
  return Array.from({ length: shardCount }, (_, shard) => shard);
}
