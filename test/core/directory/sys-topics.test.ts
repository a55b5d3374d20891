import { describe, expect, it } from "vitest";
import { topicTotalsOf } from "../../../src/core/directory/broker-stats.ts";
import { nextLoad } from "../../../src/core/directory/load.ts";
import { sysValuesOf } from "../../../src/core/directory/sys-topics.ts";
import { noTotals } from "../../../src/core/directory/totals.ts";
import { noCounts } from "../../../src/core/session/counters.ts";
import { countSubscriptions } from "../../../src/core/topic/topic-counts.ts";

const startMs = 1_800_000_000_000;

function shardWith(...topicFilters: string[]) {
  const retained = { messages: 2, bytes: 50 };
  const counts = countSubscriptions(topicFilters.map((topicFilter) => ({ topicFilter })));
  return { ...counts, retained, owedMessages: 1, publishedMessages: 0, deliveredMessages: 0, droppedMessages: 0 };
}

describe("topic objects in numbers", () => {
  it("count a subscription with a wildcard once, at however many shards it is", () => {
    const everywhere = ["a/#", "$share/g/+/b"];
    const topics = [shardWith("a", ...everywhere), undefined, shardWith("b", "$share/g/c", ...everywhere)];
    expect(topicTotalsOf(topics)).toEqual({
      subscriptions: 5,
      sharedSubscriptions: 2,
      retained: { messages: 4, bytes: 100, publishers: [] },
      owedMessages: 2,
    });
  });
});

describe("$SYS", () => {
  it("has Mosquitto's names and formats", () => {
    const counts = { ...noCounts, packetsReceived: 7, bytesSent: 3, packetBytesSent: 9 };
    const totals = { ...noTotals(startMs), counts, expiredClients: 1, maximumClients: 5 };
    const stats = {
      atMs: startMs + 61_500,
      clients: { connected: 2, sleeping: 3 },
      totals,
      rates: noCounts,
      queuedMessages: 4,
      topics: [shardWith("a")],
    };
    const values = sysValuesOf(stats, nextLoad(undefined, counts, startMs), "1.2.3");
    const texts = Object.fromEntries(values.map(({ topicName, text }) => [topicName, text]));
    expect(texts).toMatchObject({
      "$SYS/broker/version": "durable-mqtt version 1.2.3",
      "$SYS/broker/uptime": "61 seconds",
      "$SYS/broker/clients/connected": "2",
      "$SYS/broker/clients/disconnected": "3",
      "$SYS/broker/clients/total": "5",
      "$SYS/broker/clients/maximum": "5",
      "$SYS/broker/clients/expired": "1",
      "$SYS/broker/messages/received": "7",
      "$SYS/broker/publish/bytes/sent": "3",
      "$SYS/broker/bytes/sent": "9",
      "$SYS/broker/messages/stored": "7",
      "$SYS/broker/load/bytes/received/1min": "0.00",
      "$SYS/broker/subscriptions/count": "1",
      "$SYS/broker/retained messages/count": "2",
      "$SYS/broker/load/publish/dropped/15min": "0.00",
    });
    expect(values.length).toBe(new Set(values.map(({ topicName }) => topicName)).size);
  });
});
