// What every topic store has to do: the real one, and the one in memory that the topic's tests use.

import { describe, expect, it } from "vitest";
import type { SessionDelivery } from "../../../src/core/topic/topic-request.ts";
import type { Subscriber, TopicStore } from "../../../src/core/topic/topic-store.ts";

export type OpenedTopicStore = { store: TopicStore; reopen: () => TopicStore };

const subscriber: Subscriber = {
  clientId: "c1",
  generation: "g1",
  topicFilter: "$share/ä/a/+",
  qos: 2,
  noLocal: true,
  retainAsPublished: true,
  subscriptionIdentifier: 268_435_455,
  holder: "credential/1",
};

const owed = (text: string): SessionDelivery => ({
  generation: "g1",
  kind: "plain",
  delivery: {
    message: {
      id: "",
      topicName: "a",
      qos: 1,
      retain: false,
      expiresAtMs: 0,
      properties: new Uint8Array(),
      payload: Uint8Array.from(Buffer.from(text)),
    },
    qos: 1,
    retain: false,
    subscriptionIdentifiers: [7],
    sharedFilter: "$share/g/a/+",
  },
});

export function topicStoreContract(name: string, open: () => OpenedTopicStore): void {
  describe(`${name} topic store`, () => {
    it("is empty at first", () => {
      const { store } = open();
      expect([...store.subscribers()]).toEqual([]);
      expect(store.readRetained("a")).toBeUndefined();
      expect(store.retainedNames("", false, 10)).toEqual([]);
      expect(store.retainedTotals()).toEqual([]);
      expect(store.retainedHolding("a")).toBeUndefined();
      expect([store.owed("c1", 10), store.owedCounts(), store.lastOwedAtMs()]).toEqual([[], [], 0]);
    });

    it("keeps one subscription for a client and a filter", () => {
      const { store, reopen } = open();
      const other = { ...subscriber, clientId: "c2", noLocal: false, retainAsPublished: false, qos: 0 } as const;
      store.putSubscriber({ ...subscriber, generation: "old", qos: 0 });
      store.putSubscriber(other);
      store.putSubscriber({ ...subscriber, topicFilter: "gone" });
      store.putSubscriber(subscriber);
      store.deleteSubscriber("c1", "gone");
      store.deleteSubscriber("c1", "never there");
      for (const each of [store, reopen()]) expect([...each.subscribers()]).toEqual([subscriber, other]);
    });

    it("forgets the subscriptions of one life of a session, and no others", () => {
      const { store, reopen } = open();
      const kept = [
        { ...subscriber, topicFilter: "a", generation: "new" },
        { ...subscriber, topicFilter: "a", clientId: "c2", generation: "old" },
      ];
      for (const topicFilter of ["b", "c"]) store.putSubscriber({ ...subscriber, topicFilter, generation: "old" });
      for (const each of kept) store.putSubscriber(each);
      store.deleteSubscribers("c1", "old");
      for (const each of [store, reopen()]) expect([...each.subscribers()]).toEqual(kept);
    });

    it("keeps one retained message for a topic, and counts messages and bytes", () => {
      const { store, reopen } = open();
      store.putRetained("a", Uint8Array.of(1, 2, 3), 0, "p1", 1_000);
      store.putRetained("a/b", Uint8Array.of(4, 0), 5000, "p1", 1_000);
      store.putRetained("a", Uint8Array.of(9), 0, "p2", 2_000);
      store.putRetained("gone", Uint8Array.of(9), 0, "p1", 1_000);
      store.deleteRetained("gone");
      for (const each of [store, reopen()]) {
        expect(each.readRetained("a")).toEqual(Uint8Array.of(9));
        expect(each.readRetained("gone")).toBeUndefined();
        expect(each.retainedTotals().toSorted((one, other) => one.bytes - other.bytes)).toEqual([
          { publisher: "p2", messages: 1, bytes: 1 },
          { publisher: "p1", messages: 1, bytes: 2 },
        ]);
        expect(each.retainedHolding("a/b")).toEqual({ publisher: "p1", bytes: 2 });
        expect(each.retainedHolding("gone")).toBeUndefined();
        expect(each.retainedNames("", false, 10)).toEqual([
          { topicName: "a", expiresAtMs: 0, publisher: "p2", retainedAtMs: 2_000 },
          { topicName: "a/b", expiresAtMs: 5000, publisher: "p1", retainedAtMs: 1_000 },
        ]);
      }
    });

    it("lists retained names from one on, or after it, up to a limit", () => {
      const { store } = open();
      for (const topicName of ["b", "a/b", "a", "a-", "c"])
        store.putRetained(topicName, Uint8Array.of(1), 0, "p", 1_000);
      const list = (from: string, isAfter: boolean, most: number) =>
        store.retainedNames(from, isAfter, most).map(({ topicName }) => topicName);
      expect(list("", false, 10)).toEqual(["a", "a-", "a/b", "b", "c"]);
      expect(list("a-", false, 2)).toEqual(["a-", "a/b"]);
      expect(list("a-", true, 2)).toEqual(["a/b", "b"]);
      expect(list("a0", false, 10)).toEqual(["b", "c"]);
      expect(list("c", true, 10)).toEqual([]);
    });

    it("lists retained names in the order of their UTF-8 bytes, which is not that of UTF-16", () => {
      const { store } = open();
      const names = ["a", "ä", "\uff5a", "\u{1f600}"];
      for (const topicName of names.toReversed()) store.putRetained(topicName, Uint8Array.of(1), 0, "p", 1_000);
      expect(store.retainedNames("", false, 10).map(({ topicName }) => topicName)).toEqual(names);
      expect(store.retainedNames("\uff5a", true, 10).map(({ topicName }) => topicName)).toEqual(["\u{1f600}"]);
    });

    it("drops the retained messages that have expired, and no others", () => {
      const { store, reopen } = open();
      for (const [topicName, expiresAtMs] of [
        ["never", 0],
        ["past", 4999],
        ["now", 5000],
        ["later", 5001],
      ] as const) {
        store.putRetained(topicName, Uint8Array.of(1), expiresAtMs, "p", 1_000);
      }
      store.deleteExpiredRetained(5000);
      for (const each of [store, reopen()]) {
        expect(each.retainedNames("", false, 10).map(({ topicName }) => topicName)).toEqual(["later", "never"]);
        expect(each.retainedTotals()).toEqual([{ publisher: "p", messages: 2, bytes: 2 }]);
      }
    });

    it("keeps what is owed to a client, in order", () => {
      const { store, reopen } = open();
      for (const text of ["1", "2", "3"]) store.putOwed("c1", owed(text), false, 1_800_000_000_000);
      store.putOwed("c2", owed("4"), false, 1_800_000_000_000);
      store.putOwed("c2", owed("3 and a half"), true, 1_800_000_000_000);
      expect(store.owed("c2", 10).map(({ delivery }) => delivery)).toEqual([owed("3 and a half"), owed("4")]);
      const [half] = store.owed("c2", 1);
      store.deleteOwed(half?.sequence ?? 1);
      const [first] = store.owed("c1", 1);
      expect(first?.delivery).toEqual(owed("1"));
      store.deleteOwed(first?.sequence ?? -1);
      for (const each of [store, reopen()]) {
        expect(each.owed("c1", 10).map(({ delivery }) => delivery)).toEqual([owed("2"), owed("3")]);
        expect(each.owed("c1", 1)).toHaveLength(1);
        expect(each.lastOwedAtMs()).toBe(1_800_000_000_000);
        expect(each.owedCounts().toSorted((one, other) => other.count - one.count)).toEqual([
          { clientId: "c1", count: 2 },
          { clientId: "c2", count: 1 },
        ]);
      }
      for (const { sequence } of store.owed("c2", 10)) store.deleteOwed(sequence);
      expect(store.owedCounts()).toEqual([{ clientId: "c1", count: 2 }]);
    });
  });
}
