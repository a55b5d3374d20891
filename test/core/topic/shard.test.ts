import { describe, expect, it } from "vitest";
import { shardOf, shardsOf } from "../../../src/core/topic/shard.ts";
import { parseTopicFilter, type TopicFilter } from "../../../src/core/topic/topic-filter.ts";

function filterOf(text: string): TopicFilter {
  const filter = parseTopicFilter(text);
  if (filter === undefined) throw new Error(`not a Topic Filter: ${text}`);
  return filter;
}

describe("the shard of a Topic Name", () => {
  it.each([
    ["a", 641_715],
    ["sport/tennis/player1", 820_220],
    ["$SYS/broker/uptime", 932_333],
    ["caf\u00e9/\u{1f321}", 104_378],
  ])("never changes, for stored data lies there: %s", (topicName, shard) => {
    expect(shardOf(topicName, 1_000_000)).toBe(shard);
  });

  it("is the only one when there is one", () => {
    expect(shardOf("a/b", 1)).toBe(0);
    expect(shardOf("/".repeat(60_000), 1)).toBe(0);
  });

  it.each([2, 3, 4, 8, 16, 100])("is spread evenly over %d", (shardCount) => {
    const names = 20_000;
    const counts = new Array<number>(shardCount).fill(0);
    for (let device = 0; device < names; device += 1) {
      const shard = shardOf(`device/${device}/temperature`, shardCount);
      counts[shard] = (counts[shard] ?? Number.NaN) + 1;
    }
    const mean = names / shardCount;
    for (const count of counts) expect(Math.abs(count - mean)).toBeLessThan(5 * Math.sqrt(mean));
  });
});

describe("the shards of a Topic Filter", () => {
  it("without wildcards: that of the name it matches", () => {
    expect(shardsOf(filterOf("a/b"), 16)).toEqual([shardOf("a/b", 16)]);
  });

  it("that is shared: as without the share, or it would miss its messages", () => {
    expect(shardsOf(filterOf("$share/group/a/b"), 16)).toEqual([shardOf("a/b", 16)]);
    expect(shardsOf(filterOf("$share/group/a/+"), 3)).toEqual([0, 1, 2]);
  });

  it.each(["#", "+", "a/#", "a/+/b"])("with wildcards: all, for %s", (text) => {
    expect(shardsOf(filterOf(text), 4)).toEqual([0, 1, 2, 3]);
    expect(shardsOf(filterOf(text), 1)).toEqual([0]);
  });
});
