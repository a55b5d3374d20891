// Which topic objects serve a Topic Name or a Topic Filter. A name belongs to exactly one shard, which holds its
// retained message; a filter with wildcards may match names of any shard.

import type { TopicFilter } from "./topic-filter.ts";

/**
 * The shard that a Topic Name belongs to. Stored data depends on it: the hash must never change.
 *
 * @param shardCount a whole number, at least 1
 */
export function shardOf(topicName: string, shardCount: number): number {
  return hashOf(topicName) % shardCount;
}

/** The shards at which a subscription must be registered, ascending. */
export function shardsOf({ filter, isWildcard }: TopicFilter, shardCount: number): number[] {
  if (!isWildcard) return [shardOf(filter, shardCount)];
  return Array.from({ length: shardCount }, (_, shard) => shard);
}

/**
 * FNV-1a over UTF-16 code units, 32 bits, then the final mix of MurmurHash3: FNV-1a alone spreads names that differ
 * only in their last characters badly over a shard count that is a power of two.
 */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
