// The shared limits of a namespace, added up from what its objects report.

import { describe, expect, it } from "vitest";
import { sharedLimitTotalsOf } from "../../../src/core/directory/broker-stats.ts";
import type { SharedLimitUse } from "../../../src/core/shares/shared-limit-use.ts";
import { type Holding, SharedRoom } from "../../../src/core/shares/shared-room.ts";
import { countSubscriptions, type TopicCounts } from "../../../src/core/topic/topic-counts.ts";

/** What an older version answers with. */
const olderCounts: TopicCounts = {
  ...countSubscriptions([]),
  retained: { messages: 7, bytes: 700 },
  owedMessages: 7,
  publishedMessages: 0,
  deliveredMessages: 0,
  droppedMessages: 0,
};

function use(maximum: number, holders: Record<string, number> = {}) {
  const room = new SharedRoom(maximum, 75);
  for (const [holder, amount] of Object.entries(holders)) room.add(holder, amount);
  return room.use(20);
}

function shardWith(retainedMessages: Record<string, number>): TopicCounts {
  const sharedLimitUse = {
    retainedMessages: use(100, retainedMessages),
    retainedBytes: use(10_000),
    subscriptionBytes: use(65_536),
    owedMessages: use(50),
  };
  return { ...olderCounts, sharedLimitUse };
}

const ofDirectory: SharedLimitUse = { sessions: use(20, { "credential/a": 3 }), queuedBytes: use(1_000) };

describe("shared limits", () => {
  it("are summed over the shards, holder by holder; those of the directory are there once", () => {
    const topics = [
      shardWith({ "credential/a": 1, "credential/b": 2, "": 4 }),
      shardWith({ "credential/a": 5 }),
      shardWith({ "credential/b": 1 }),
    ];
    expect(sharedLimitTotalsOf({ sharedLimitUse: ofDirectory, topics })).toEqual([
      {
        limit: "retainedMessages",
        used: 13,
        maximum: 300,
        largest: [
          { holder: "credential/a", amount: 6 },
          { holder: "", amount: 4 },
          { holder: "credential/b", amount: 3 },
        ],
      },
      { limit: "retainedBytes", used: 0, maximum: 30_000, largest: [] },
      { limit: "subscriptionBytes", used: 0, maximum: 3 * 65_536, largest: [] },
      { limit: "owedMessages", used: 0, maximum: 150, largest: [] },
      { limit: "sessions", used: 3, maximum: 20, largest: [{ holder: "credential/a", amount: 3 }] },
      { limit: "queuedBytes", used: 0, maximum: 1_000, largest: [] },
    ]);
  });

  it("name five holders, though each shard reports more", () => {
    const holders = Object.fromEntries(Array.from({ length: 9 }, (_, index) => [`credential/${index}`, 10 + index]));
    const [retained] = sharedLimitTotalsOf({ topics: [shardWith(holders), shardWith({ "credential/0": 90 })] });
    expect(retained?.largest.map(({ holder }) => holder)).toEqual(
      ["0", "8", "7", "6", "5"].map((id) => `credential/${id}`),
    );
  });

  it("count no shard that did not answer, or is of an older version: neither its use nor its maximum", () => {
    const topics = [shardWith({ "credential/a": 1 }), undefined, olderCounts, shardWith({ "credential/a": 2 })];
    const [retained] = sharedLimitTotalsOf({ sharedLimitUse: ofDirectory, topics });
    expect(retained).toMatchObject({ used: 3, maximum: 200, largest: [{ amount: 3 }] });
  });

  it("without a reported use are left out", () => {
    const limitsOf = (...[stats]: Parameters<typeof sharedLimitTotalsOf>) =>
      sharedLimitTotalsOf(stats).map(({ limit }) => limit);
    expect(limitsOf({ sharedLimitUse: ofDirectory, topics: [undefined, olderCounts] })).toEqual([
      "sessions",
      "queuedBytes",
    ]);
    expect(limitsOf({ topics: [shardWith({})] })).toEqual([
      "retainedMessages",
      "retainedBytes",
      "subscriptionBytes",
      "owedMessages",
    ]);
    expect(limitsOf({ topics: [olderCounts] })).toEqual([]);
    // A limit that this version does not know comes from a later one.
    const later = { ...ofDirectory, laterLimit: use(1) } as SharedLimitUse;
    expect(limitsOf({ sharedLimitUse: later, topics: [] })).toEqual(["sessions", "queuedBytes"]);
  });
});

it("the largest holders of a limit come in order, and those with as much in the order of their arrival", () => {
  const room = new SharedRoom(1_000, 75);
  for (const [index, amount] of [3, 1, 9, 3, 7, 2, 9].entries()) room.add(`credential/${index}`, amount);
  const amounts = (holdings: readonly Holding[]) => holdings.map(({ holder, amount }) => `${holder}: ${amount}`);
  expect(amounts(room.largest(4))).toEqual([
    "credential/2: 9",
    "credential/6: 9",
    "credential/4: 7",
    "credential/0: 3",
  ]);
  expect(room.largest(100)).toHaveLength(7);
});
