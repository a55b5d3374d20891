import { describe, expect, it } from "vitest";
import { allCapabilities, type Capabilities } from "../../../src/core/capabilities.ts";
import { defaultLimits, type Limits } from "../../../src/core/limits.ts";
import type { Message } from "../../../src/core/message/message.ts";
import { type Route, Topic } from "../../../src/core/topic/topic.ts";
import type { TopicSubscription } from "../../../src/core/topic/topic-request.ts";
import { MemoryTopicStore } from "../../support/memory-topic-store.ts";

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

  it("is delivered at the maximum QoS at most, also where more was granted before it was lowered", () => {
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

const qos2Ids = Array.from({ length: 30 }, (_, index) => `0kexample-g-${index}`);

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

  it("is counted anew after a restart", () => {
    const store = new MemoryTopicStore();
    full(store);
    expect(topicWith({ store, maximumSubscriptionBytes: 900 }).subscribe("c3", "g3", to("d"))).toBe(0x97);
  });
});

describe("a shared subscription", () => {
  const shared = (count: number, store = new MemoryTopicStore()) => {
    const topic = topicWith({ store });
    for (const clientId of ["c3", "c1", "c2"].slice(0, count)) topic.subscribe(clientId, "g", to("$share/g/a"));
    return topic;
  };
  const firstOf = (topic: Topic, fields: Partial<Message> = {}) =>
    route(topic, message("a", fields)).groups[0]?.[0]?.clientId;

  it("has one list of members for each of its names, apart from what is not shared [MQTT-4.8.2-4]", () => {
    const topic = shared(2);
    topic.subscribe("c1", "g", to("$share/h/a"));
    topic.subscribe("c1", "g", to("$share/h/+"));
    topic.subscribe("c1", "g", to("a"));
    const { recipients, groups } = route(topic, message("a"));
    expect(recipients).toHaveLength(1);
    expect(groups.map((members) => members.map(({ clientId }) => clientId).sort()).sort()).toEqual([
      ["c1"],
      ["c1"],
      ["c1", "c3"],
    ]);
  });

  it("takes turns at QoS 0 and 1, and asks every member in the end [B48]", () => {
    const topic = shared(3);
    const turns = [0, 1, 1, 0, 1, 1].map((qos) => firstOf(topic, { qos: qos as 0 }));
    expect(turns.slice(0, 3).toSorted()).toEqual(["c1", "c2", "c3"]);
    expect(turns.slice(3)).toEqual(turns.slice(0, 3));
    const [members] = route(topic, message("a")).groups;
    expect(new Set(members?.map(({ clientId }) => clientId)).size).toBe(3);
  });

  it("sends the repeat of a QoS 2 message to the same member", () => {
    const topic = shared(3);
    const members = qos2Ids.map((id) => firstOf(topic, { id, qos: 2 }));
    expect(qos2Ids.map((id) => firstOf(topic, { id, qos: 2 }))).toEqual(members);
    expect(new Set(members).size).toBe(3);
  });

  it("sends the repeat of a QoS 2 message to the same member after a restart", () => {
    const store = new MemoryTopicStore();
    const topic = shared(3, store);
    const members = qos2Ids.map((id) => firstOf(topic, { id, qos: 2 }));
    expect(qos2Ids.map((id) => firstOf(topicWith({ store }), { id, qos: 2 }))).toEqual(members);
  });

  it("gives its delivery an id of its own, for a member may get the message otherwise too", () => {
    const topic = shared(1);
    topic.subscribe("c3", "g", to("a"));
    topic.subscribe("c3", "g", to("$share/h/a"));
    const { recipients, groups } = route(topic, message("a", { id: "0kexample-g-1", qos: 2 }));
    const ids = [...recipients, ...groups.flat()].map(({ delivery }) => delivery.message.id);
    expect(new Set(ids).size).toBe(3);
    expect(ids.every((id) => id.startsWith("0kexample-g-1"))).toBe(true);
    expect(route(topic, message("a")).groups[0]?.[0]?.delivery.message.id).toBe("");
  });

  it("gives it a short id, however long the filter", () => {
    const topic = topicWith();
    const topicName = "x/".repeat(30_000);
    const id = "0kexample-g-1";
    topic.subscribe("c1", "g", to(`$share/g/${topicName}`));
    const [members] = route(topic, message(topicName, { id, qos: 2 })).groups;
    expect(members?.[0]?.delivery.message.id.length).toBeLessThan(id.length + 10);
  });

  it("has each member's own QoS, RETAIN flag and identifier", () => {
    const topic = topicWith();
    const options = { qos: 0, retainAsPublished: true, subscriptionIdentifier: 3 } as const;
    topic.subscribe("c1", "g", to("$share/g/a", options));
    const [members] = route(topic, message("a", { retain: true })).groups;
    expect(members?.[0]?.delivery).toMatchObject({ qos: 0, retain: true, subscriptionIdentifiers: [3] });
  });
});

describe("a message that a member of a shared subscription gives away", () => {
  const shared = () => {
    const topic = topicWith();
    for (const clientId of ["c1", "c2", "c3"]) topic.subscribe(clientId, "g", to("$share/g/a/+"));
    for (const other of ["$share/h/a/+", "$share/g/a/#", "a/+"]) topic.subscribe("other", "g", to(other));
    return topic;
  };
  const redistribute = (topic: Topic, given: Message, generation = "g", nowMs = 0) => {
    const request = { type: "redistribute", generation, topicFilter: "$share/g/a/+", isOrphaned: false } as const;
    return topic.redistribute("c1", { ...request, message: given }, nowMs);
  };
  const membersFor = (...given: Parameters<typeof redistribute>) =>
    redistribute(...given).map(({ clientId }) => clientId);

  it("is for the other members of exactly that subscription, in turn", () => {
    const topic = shared();
    const turns = [0, 1, 2].map(() => membersFor(topic, message("a/b", { qos: 1 })));
    expect(turns.map((members) => members.toSorted())).toEqual([0, 1, 2].map(() => ["c2", "c3"]));
    expect(new Set(turns.map(([first]) => first)).size).toBe(2);
  });

  it("is for the same member first when it is repeated at QoS 2, under the identity that it has", () => {
    const topic = shared();
    for (const id of qos2Ids) {
      const published = message("a/b", { id });
      const members = membersFor(topic, published);
      expect(membersFor(topic, published)).toEqual(members);
      const [first] = redistribute(topic, published);
      expect(first?.delivery.message).toBe(published);
    }
  });

  it("is for a later life of the same client too", () => {
    expect(membersFor(shared(), message("a/b"), "earlier").toSorted()).toEqual(["c1", "c2", "c3"]);
  });

  it("is for nobody once it has expired [MQTT-3.3.2-5]", () => {
    const given = message("a/b", { expiresAtMs: 1000 });
    expect([999, 1000].map((nowMs) => membersFor(shared(), given, "g", nowMs).length)).toEqual([2, 0]);
  });

  it("is for nobody when there are no others, and later ones go on in turn", () => {
    const topic = topicWith();
    topic.subscribe("c1", "g", to("$share/g/a/+"));
    expect(membersFor(topic, message("a/b", { qos: 1 }))).toEqual([]);
    expect(route(topic, message("a/b", { qos: 1 })).groups[0]).toHaveLength(1);
  });

  it("is delivered as each member has subscribed, and says by which subscription it came", () => {
    const topic = topicWith();
    const options = { qos: 1, retainAsPublished: true, subscriptionIdentifier: 3 } as const;
    topic.subscribe("c2", "g", to("$share/g/a/+", options));
    const [member] = redistribute(topic, message("a/b", { retain: true }));
    const sharedFilter = "$share/g/a/+";
    expect(member?.delivery).toMatchObject({ qos: 1, retain: true, subscriptionIdentifiers: [3], sharedFilter });
    topic.subscribe("c2", "g", to("a/b"));
    topic.subscribe("c2", "g", to("a/#"));
    const { recipients, groups } = route(topic, message("a/b"));
    expect([recipients, ...groups].flat().map(({ delivery }) => delivery.sharedFilter)).toEqual(["", sharedFilter]);
  });
});

type Given = { store?: MemoryTopicStore; capabilities?: Partial<Capabilities> } & Partial<Limits>;

function topicWith({ store = new MemoryTopicStore(), capabilities, ...limits }: Given = {}) {
  const settings = {
    limits: { ...defaultLimits, ...limits },
    capabilities: { ...allCapabilities, ...capabilities },
  };
  return new Topic(store, settings, () => "random");
}

function to(topicFilter: string, options: Partial<TopicSubscription> = {}): TopicSubscription {
  return { topicFilter, qos: 2, noLocal: false, retainAsPublished: false, subscriptionIdentifier: 0, ...options };
}

function message(topicName: string, fields: Partial<Message> = {}): Message {
  const bytes = { properties: new Uint8Array(), payload: Uint8Array.of(1) };
  return { id: "", topicName, qos: 2, retain: false, expiresAtMs: 0, ...bytes, ...fields };
}

function route(topic: Topic, published: Message, publisherId = "publisher"): Route {
  const answer = topic.publish(publisherId, published, 0);
  if (typeof answer === "number") throw new Error(`refused: ${answer}`);
  return answer;
}

function clientsOf({ recipients }: Route): string[] {
  return recipients.map(({ clientId }) => clientId).sort();
}
