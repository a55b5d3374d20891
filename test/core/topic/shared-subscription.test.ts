// Shared subscriptions in a topic object. MQTT 5.0 section 4.8.2.

import { describe, expect, it } from "vitest";
import type { Message } from "../../../src/core/message/message.ts";
import type { Topic } from "../../../src/core/topic/topic.ts";
import { MemoryTopicStore } from "../../support/memory-topic-store.ts";

import { message, route, to, topicWith } from "./topic-scene.ts";

const qos2Ids = Array.from({ length: 30 }, (_, index) => `0kexample-g-${index}`);

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
