import { describe, expect, it } from "vitest";
import { reachedOf, reasonCodeOf } from "../../../src/core/shares/reached.ts";
import type { Topic } from "../../../src/core/topic/topic.ts";
import { MemoryTopicStore } from "../../support/memory-topic-store.ts";

import { clientsOf, message, route, to, topicWith } from "./topic-scene.ts";

describe("a publish", () => {
  it("goes to every session with a matching subscription [MQTT-3.3.4-1]", () => {
    const topic = topicWith();
    topic.subscribe("c1", "g1", to("a/+"));
    topic.subscribe("c2", "g2", to("a/#"));
    topic.subscribe("c3", "g3", to("b"));
    expect(clientsOf(route(topic, message("a/b")))).toEqual(["c1", "c2"]);
    expect(route(topic, message("c"))).toEqual({ recipients: [], groups: [] });
  });

  it("is delivered at the lower of the published and the granted QoS [MQTT-3.8.4-8]", () => {
    const topic = topicWith();
    topic.subscribe("c1", "g1", to("a", { qos: 1 }));
    const qosOf = (qos: 0 | 1 | 2) => route(topic, message("a", { qos })).recipients[0]?.delivery.qos;
    expect([qosOf(0), qosOf(1), qosOf(2)]).toEqual([0, 1, 1]);
  });

  it("is delivered at the maximum QoS at most, even if more was granted before it was lowered", () => {
    const store = new MemoryTopicStore();
    topicWith({ store }).subscribe("c1", "g1", to("a"));
    const lowered = topicWith({ store, capabilities: { maximumQos: 1 } });
    lowered.subscribe("c2", "g2", to("a"));
    const qosOf = (topic: Topic) => route(topic, message("a")).recipients.map(({ delivery }) => delivery.qos);
    expect(qosOf(lowered)).toEqual([1, 1]);
    expect(qosOf(topicWith({ store }))).toEqual([2, 2]);
  });

  it("is one delivery to a session with overlapping subscriptions: the highest QoS, all identifiers [MQTT-3.3.4-2] [MQTT-3.3.4-4]", () => {
    const topic = topicWith();
    topic.subscribe("c1", "g1", to("a/#", { qos: 0, subscriptionIdentifier: 7, retainAsPublished: true }));
    topic.subscribe("c1", "g1", to("+/b", { qos: 2, subscriptionIdentifier: 9 }));
    topic.subscribe("c1", "g1", to("a/b", { qos: 1 }));
    const { recipients } = route(topic, message("a/b", { retain: true }));
    expect(recipients).toHaveLength(1);
    expect(recipients[0]?.delivery).toMatchObject({ qos: 2, retain: true });
    expect(recipients[0]?.delivery.subscriptionIdentifiers.toSorted()).toEqual([7, 9]);
  });

  it("keeps the lives of a session apart: their subscriptions are not merged", () => {
    const topic = topicWith();
    topic.subscribe("c1", "old", to("a/#"));
    topic.subscribe("c1", "new", to("a"));
    expect(
      route(topic, message("a"))
        .recipients.map(({ generation }) => generation)
        .sort(),
    ).toEqual(["new", "old"]);
  });

  it("does not come back through a No Local subscription [MQTT-3.8.3-3]", () => {
    const topic = topicWith();
    topic.subscribe("c1", "g1", to("a", { noLocal: true }));
    topic.subscribe("c2", "g2", to("a", { noLocal: true }));
    expect(clientsOf(route(topic, message("a"), "c1"))).toEqual(["c2"]);
    topic.subscribe("c1", "g1", to("#", { subscriptionIdentifier: 5 }));
    const { recipients } = route(topic, message("a"), "c1");
    expect(recipients.find(({ clientId }) => clientId === "c1")?.delivery.subscriptionIdentifiers).toEqual([5]);
  });

  it("has its RETAIN flag where the subscription asks for it [MQTT-3.3.1-12] [MQTT-3.3.1-13]", () => {
    const topic = topicWith();
    topic.subscribe("c1", "g1", to("a", { retainAsPublished: true }));
    topic.subscribe("c2", "g2", to("a"));
    const flags = (retain: boolean) =>
      route(topic, message("a", { retain })).recipients.map((each) => each.delivery.retain);
    expect([flags(true), flags(false)]).toEqual([
      [true, false],
      [false, false],
    ]);
  });

  it("to a name with $ reaches no wildcard at the first level [MQTT-4.7.2-1]", () => {
    const topic = topicWith();
    topic.subscribe("c1", "g1", to("#"));
    topic.subscribe("c2", "g2", to("$x/#"));
    expect(clientsOf(route(topic, message("$x/a")))).toEqual(["c2"]);
  });
});

describe("a subscription", () => {
  it("replaces that of the same client and filter [MQTT-3.8.4-3]", () => {
    const topic = topicWith();
    topic.subscribe("c1", "g1", to("a", { qos: 0, subscriptionIdentifier: 1 }));
    topic.subscribe("c1", "g1", to("a", { qos: 2, subscriptionIdentifier: 2 }));
    expect(topic.subscriptionCount).toBe(1);
    const [recipient] = route(topic, message("a")).recipients;
    expect(recipient?.delivery).toMatchObject({ qos: 2, subscriptionIdentifiers: [2] });
  });

  it("is gone after UNSUBSCRIBE, whose filter is compared as it is [MQTT-3.10.4-1]", () => {
    const topic = topicWith();
    topic.subscribe("c1", "g1", to("a/+"));
    for (const topicFilter of ["a/b", "a/#", "a#", "$share/g/a/+"]) topic.unsubscribe("c1", "g1", topicFilter);
    topic.unsubscribe("c2", "g1", "a/+");
    expect(clientsOf(route(topic, message("a/b")))).toEqual(["c1"]);
    topic.unsubscribe("c1", "g1", "a/+");
    topic.unsubscribe("c1", "g1", "a/+");
    expect(clientsOf(route(topic, message("a/b")))).toEqual([]);
    expect(topic.subscriptionCount).toBe(0);
  });

  it("of a later life of the session is left alone by what is late from an earlier one", () => {
    const topic = topicWith();
    for (const topicFilter of ["a", "b", "$share/g/a"]) topic.subscribe("c1", "old", to(topicFilter));
    topic.subscribe("c1", "new", to("a"));
    topic.unsubscribe("c1", "old", "a");
    expect(route(topic, message("a")).recipients).toMatchObject([{ generation: "new" }]);
    topic.end("c1", "old");
    expect(topic.subscriptionCount).toBe(1);
    expect(route(topic, message("a"))).toMatchObject({ recipients: [{ generation: "new" }], groups: [] });
    topic.end("c1", "new");
    expect(topic.subscriptionCount).toBe(0);
  });

  it("goes with its life of the session, and no other client's does", () => {
    const store = new MemoryTopicStore();
    const topic = topicWith({ store });
    for (const topicFilter of ["a", "a/#", "$share/g/a"]) topic.subscribe("c1", "g1", to(topicFilter));
    topic.subscribe("c2", "g1", to("a"));
    topic.end("c1", "g1");
    topic.end("c1", "g1");
    expect(route(topic, message("a"))).toMatchObject({ recipients: [{ clientId: "c2" }], groups: [] });
    expect(store.subscribers()).toMatchObject([{ clientId: "c2" }]);
  });

  it("is there again after a restart, with all its options", () => {
    const store = new MemoryTopicStore();
    const options = { qos: 1, noLocal: true, retainAsPublished: true, subscriptionIdentifier: 9 } as const;
    const before = topicWith({ store });
    before.subscribe("c1", "g1", to("a/+", options));
    before.subscribe("c1", "g1", to("$share/g/a/+"));
    const topic = topicWith({ store });
    expect(topic.subscriptionCount).toBe(2);
    const { recipients, groups } = route(topic, message("a/b", { retain: true }), "c2");
    const delivery = { qos: 1, retain: true, subscriptionIdentifiers: [9] };
    expect(recipients).toMatchObject([{ clientId: "c1", generation: "g1", delivery }]);
    expect(groups).toHaveLength(1);
    expect(route(topic, message("a/b"), "c1").recipients).toEqual([]);
    topic.end("c1", "g1");
    expect(store.subscribers()).toEqual([]);
  });
});

describe("what the subscriptions of a topic object take of memory", () => {
  // A filter of one level takes 281 bytes, one of two levels 563.
  const full = (store = new MemoryTopicStore()) => {
    const topic = topicWith({ store, maximumSubscriptionBytes: 900 });
    topic.subscribe("c1", "g1", to("a/b"));
    topic.subscribe("c2", "g2", to("c"));
    return topic;
  };

  it("is limited: one more is refused, and changes nothing", () => {
    const store = new MemoryTopicStore();
    const topic = full(store);
    expect(topic.subscribe("c3", "g3", to("d"))).toBe(0x97);
    expect(topic.subscriptionCount).toBe(2);
    expect(clientsOf(route(topic, message("d")))).toEqual([]);
    expect(store.subscribers().map(({ topicFilter }) => topicFilter)).toEqual(["a/b", "c"]);
    topic.unsubscribe("c3", "g3", "d");
    expect(topic.subscribe("c3", "g3", to("d"))).toBe(0x97);
  });

  it("has a share for each holder, that a restart does not change [B123]", () => {
    const store = new MemoryTopicStore();
    const limits = { store, maximumSubscriptionBytes: 900, sharePercent: 75 };
    const [by, other] = ["credential/a", "credential/b"].map((holder) => ({ holder, hearsRefusals: true }));
    const topic = topicWith(limits);
    topic.subscribe("c1", "g1", to("a/b"), { by });
    for (const each of [topic, topicWith(limits)]) {
      const answer = each.subscribe("c2", "g2", to("c"), { by }) as number;
      expect([reasonCodeOf(answer), reachedOf(answer)]).toEqual([
        0x97,
        { limit: "subscriptionBytes", shortage: "share" },
      ]);
      expect(each.takeReachedNotes()).toMatchObject([{ holder: "credential/a", largest: [{ amount: 563 }] }]);
    }
    topic.unsubscribe("c1", "g1", "a/b");
    expect(topic.subscribe("c2", "g2", to("c"), { by })).toMatchObject({ clientId: "c2" });
    expect(topic.subscribe("c3", "g3", to("d"), { by: other })).toMatchObject({ clientId: "c3" });
  });

  it("is answered with a reason code alone if the session does not say who asks, as an older one", () => {
    const store = new MemoryTopicStore();
    const topic = full(store);
    expect(topic.subscribe("c3", "g3", to("d"))).toBe(0x97);
    expect(store.subscribers().map(({ holder }) => holder)).toEqual(["", ""]);
    // Once the session is of this version, the row says whose it is.
    topic.subscribe("c1", "g1", to("a/b"), { by: { holder: "credential/a", hearsRefusals: false } });
    topic.subscribe("c1", "g1", to("a/b"));
    expect(store.subscribers().map(({ holder }) => holder)).toEqual(["credential/a", ""]);
  });

  it("does not grow with what replaces a subscription", () => {
    const topic = full();
    expect(topic.subscribe("c1", "later", to("a/b", { qos: 0 }))).toMatchObject({ generation: "later" });
    topic.unsubscribe("c1", "later", "a/b");
    expect(topic.subscribe("c3", "g3", to("d/e"))).toMatchObject({ clientId: "c3" });
    expect(topic.subscribe("c3", "g3", to("f"))).toBe(0x97);
  });

  it("is free again after UNSUBSCRIBE, and after the end of a session", () => {
    const topic = full();
    topic.unsubscribe("c2", "g2", "c");
    topic.unsubscribe("c2", "g2", "c");
    expect(topic.subscribe("c3", "g3", to("d"))).toMatchObject({ clientId: "c3" });
    expect(topic.subscribe("c3", "g3", to("e"))).toBe(0x97);
    topic.end("c3", "g3");
    expect(topic.subscribe("c3", "later", to("e"))).toMatchObject({ clientId: "c3" });
    expect(topic.subscribe("c3", "later", to("f"))).toBe(0x97);
  });

  it("is counted again after a restart", () => {
    const store = new MemoryTopicStore();
    full(store);
    expect(topicWith({ store, maximumSubscriptionBytes: 900 }).subscribe("c3", "g3", to("d"))).toBe(0x97);
  });
});
