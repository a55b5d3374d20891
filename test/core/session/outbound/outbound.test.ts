import { describe, expect, it, vi } from "vitest";
import { messageIdAt } from "../../../../src/core/session/context.ts";
import { DeliveryAnswer } from "../../../../src/core/topic/delivery-question.ts";
import { delivery, SessionHarness } from "../../../support/session-harness.ts";

const { Accepted, Stale, QueueFull, Refused } = DeliveryAnswer;

describe("a message to the client", () => {
  it("is sent at its QoS, with its flags and identifiers [MQTT-3.8.4-8] [MQTT-3.3.4-4]", () => {
    const h = new SessionHarness();
    const client = h.subscribed();
    const more = { retain: true, subscriptionIdentifiers: [3, 9] };
    expect(h.deliver(delivery("0", { qos: 0 }), delivery("1", { qos: 1, ...more }), delivery("2", { qos: 2 }))).toEqual(
      [Accepted, Accepted, Accepted],
    );
    const packets = client.packets();
    expect(packets).toMatchObject([
      { topic: "a", qos: 0, dup: false, retain: false },
      { qos: 1, messageId: 1, retain: true, properties: { subscriptionIdentifier: [3, 9] } },
      { qos: 2, messageId: 2, dup: false },
    ]);
  });

  it("of a life of the session that is over is answered as stale", () => {
    const h = new SessionHarness();
    h.subscribed();
    const old = h.generation;
    const client = h.subscribed();
    expect(h.deliverTo(old, delivery("1"))).toEqual([Stale]);
    expect(client.heard()).toEqual([]);
  });

  it("is stored before it counts as taken, in a session that outlives its connection [B23]", () => {
    const h = new SessionHarness();
    h.subscribed().drop();
    expect(h.deliver(delivery("1", { qos: 2, id: "0a-g-1" }))).toEqual([Accepted]);
    const [index] = h.store.outgoing();
    expect(index).toMatchObject({ sequence: 1, qos: 2, isReleased: false });
    expect(h.store.readOutgoing(1)).toMatchObject({ qos: 2, message: { id: "0a-g-1" } });
  });

  it("at QoS 0 is dropped while the client is away, and counted [B40]", () => {
    const h = new SessionHarness();
    h.subscribed().drop();
    expect(h.deliver(delivery("1", { qos: 0 }))).toEqual([Accepted]);
    expect(h.session.droppedMessages).toBe(1);
    expect(h.resume().heard()).toEqual(["CONNACK present"]);
  });

  it("at QoS 0 that waits for a SUBACK when the connection is lost is dropped, and counted", () => {
    const h = new SessionHarness();
    const client = h.subscribed();
    client.subscribe(2, "b");
    h.deliver(delivery("1", { qos: 0 }), delivery("2", { qos: 0 }));
    client.drop();
    expect(h.session.droppedMessages).toBe(2);
  });

  it("may be refused by a member of a shared subscription whose client is away", () => {
    const h = new SessionHarness();
    const client = h.subscribed();
    const items = [{ generation: h.generation, kind: "refusable" as const, delivery: delivery("1") }];
    expect(h.deliverItems(items)).toEqual([Accepted]);
    client.drop();
    expect(h.deliverItems(items)).toEqual([Refused]);
  });

  it.each([
    ["a durable session", undefined],
    ["a session that ends with its connection", { properties: {} }],
  ])("is not refused by %s that has it already, wherever its client is [MQTT-4.3.3-10]", (_, fields) => {
    const h = new SessionHarness();
    const client = h.subscribed(fields);
    const itemOf = (text: string) => {
      const once = delivery(text, { qos: 2, id: `${messageIdAt(h.nowMs)}-g-${text}` });
      return { generation: h.generation, kind: "refusable" as const, delivery: once };
    };
    const [had, other] = [itemOf("1"), itemOf("2")];
    expect(h.deliverItems([had])).toEqual([Accepted]);
    const questions = [had, other].map((item) => ({ ...item, kind: "question" }) as const);
    expect(h.deliverItems(questions)).toEqual([Accepted, Refused]);
    expect(client.heard()).toEqual(["PUBLISH 1 q2 #1"]);
    if (fields !== undefined) return;
    client.drop();
    expect(h.deliverItems([had, other])).toEqual([Accepted, Refused]);
  });

  it("may be refused by a member of a shared subscription whose queue is full, and is not counted as dropped [B59]", () => {
    const h = new SessionHarness({ limits: { maximumQueuedMessages: 1 } });
    h.subscribed();
    const items = ["1", "2"].map((text) => ({
      generation: h.generation,
      kind: "refusable" as const,
      delivery: delivery(text),
    }));
    const unqueued = { generation: h.generation, kind: "refusable" as const, delivery: delivery("3", { qos: 0 }) };
    expect(h.deliverItems([...items, unqueued])).toEqual([Accepted, Refused, Accepted]);
    expect(h.session.droppedMessages).toBe(0);
  });

  it.each([
    ["that outlives its connection", {}],
    ["that ends with its connection", { properties: {} }],
  ])("is not refused where a session %s has it already, though it has no room left", (_, fields) => {
    const h = new SessionHarness({ limits: { maximumQueuedMessages: 1 } });
    h.subscribed(fields);
    const once = delivery("1", { qos: 2, id: `${messageIdAt(h.nowMs)}-g-1` });
    expect(h.deliver(once, once, delivery("2"))).toEqual([Accepted, Accepted, QueueFull]);
  });

  it("that arrives expired is taken and not sent [MQTT-3.3.2-5]", () => {
    const h = new SessionHarness();
    const client = h.subscribed();
    expect(h.deliver(delivery("1", { expiresAtMs: h.nowMs }))).toEqual([Accepted]);
    expect(client.heard()).toEqual([]);
    expect(h.store.outgoing()).toEqual([]);
  });

  it("that expires in the queue is not sent, and what comes after it is [MQTT-3.3.2-5]", () => {
    const h = new SessionHarness();
    h.subscribed().drop();
    h.deliver(delivery("1", { expiresAtMs: h.nowMs + 5000 }), delivery("2", { expiresAtMs: h.nowMs + 6000 }));
    h.pass(5);
    const later = h.resume();
    expect(later.heard()).toEqual(["CONNACK present", "PUBLISH 2 q1 #2"]);
    expect(h.store.outgoing()).toHaveLength(1);
    expect(h.session.droppedMessages).toBe(1);
  });

  it("that may have been sent goes again though it has expired [MQTT-4.3.3-7]", () => {
    const h = new SessionHarness();
    const client = h.subscribed();
    h.deliver(delivery("1", { qos: 2, expiresAtMs: h.nowMs + 5000 }));
    client.drop();
    h.pass(6);
    expect(h.resume().heard()).toEqual(["CONNACK present", "PUBLISH 1 q2 #1 dup"]);
  });

  it("is told how long it still has [MQTT-3.3.2-6]", () => {
    const h = new SessionHarness();
    h.subscribed().drop();
    h.deliver(delivery("1", { expiresAtMs: h.nowMs + 60_000 }));
    h.pass(20);
    const [, publish] = h.resume().packets();
    expect(publish).toMatchObject({ properties: { messageExpiryInterval: 40 } });
  });

  it("that is too large for the client is skipped, as if it had been delivered [MQTT-3.1.2-25]", () => {
    const h = new SessionHarness();
    const client = h.subscribed({ properties: { sessionExpiryInterval: 3600, maximumPacketSize: 100 } });
    expect(h.deliver(delivery("x".repeat(100)), delivery("2"), delivery("y".repeat(100), { qos: 0 }))).toHaveLength(3);
    expect(client.heard()).toEqual(["PUBLISH 2 q1 #2"]);
    expect(h.store.outgoing()).toHaveLength(1);
    expect(h.session.droppedMessages).toBe(2);
  });

  it("that the session has had is taken and not sent again, by its id", () => {
    const h = new SessionHarness();
    const client = h.subscribed();
    const once = delivery("1", { qos: 2, id: `${messageIdAt(h.nowMs)}-g-1` });
    const other = delivery("2", { qos: 2, id: `${messageIdAt(h.nowMs)}-g-2` });
    expect(h.deliver(once, other, once)).toEqual([Accepted, Accepted, Accepted]);
    client.acknowledge("pubrec", 1);
    client.acknowledge("pubcomp", 1);
    h.deliver(once);
    client.drop();
    h.crash();
    h.deliver(once);
    expect(client.heard()).toEqual(["PUBLISH 1 q2 #1", "PUBLISH 2 q2 #2", "PUBREL #1"]);
    expect(h.resume().heard()).toEqual(["CONNACK present", "PUBLISH 2 q2 #2 dup"]);
  });

  it("is remembered by its id only together with its content: what failed to be stored is taken the next time", () => {
    const h = new SessionHarness();
    h.subscribed();
    const once = delivery("1", { qos: 2, id: `${messageIdAt(h.nowMs)}-g-1` });
    vi.spyOn(h.store, "putOutgoing").mockImplementationOnce(() => {
      throw new Error("the disk is full");
    });
    expect(() => h.deliver(once)).toThrow("the disk is full");
    h.crash();
    expect(h.deliver(once, once)).toEqual([Accepted, Accepted]);
    expect(h.store.outgoing()).toHaveLength(1);
    expect(h.resume().heard()).toEqual(["CONNACK present", "PUBLISH 1 q2 #1"]);
  });

  it("is remembered by its id for the time that the limit says, and not for ever [deduplicationSec]", () => {
    const h = new SessionHarness({ limits: { deduplicationSec: 100 } });
    h.subscribed({ properties: { sessionExpiryInterval: 86_400 } }).drop();
    const ids = ["g-1", "g-2"].map((rest) => {
      const id = `${messageIdAt(h.nowMs)}-${rest}`;
      h.deliver(delivery("1", { qos: 2, id }));
      h.pass(60);
      return id;
    });
    // An hour longer, in case that a clock was set meanwhile.
    h.pass(3600);
    // Old ids are pruned now and then, and at the first after a start.
    h.crash();
    h.deliver(delivery("3", { qos: 2, id: `${messageIdAt(h.nowMs)}-g-3` }));
    expect(ids.map((id) => h.store.rememberMessage(id))).toEqual([true, false]);
  });

  it("without an id is never taken for a repeat", () => {
    const h = new SessionHarness();
    const client = h.subscribed();
    h.deliver(delivery("1"), delivery("1"));
    expect(client.heard()).toEqual(["PUBLISH 1 q1 #1", "PUBLISH 1 q1 #2"]);
  });

  it("is known by its id in a session that ends with its connection too", () => {
    const h = new SessionHarness();
    const client = h.subscribed({ properties: {} });
    h.deliver(delivery("1", { qos: 2, id: "0a-g-1" }), delivery("1", { qos: 2, id: "0a-g-1" }));
    expect(client.heard()).toEqual(["PUBLISH 1 q2 #1"]);
  });
});

describe("the queue of a session", () => {
  it("has a limit of messages, and QoS 0 takes no room [B41]", () => {
    const h = new SessionHarness({ limits: { maximumQueuedMessages: 2 } });
    h.subscribed().drop();
    expect(h.deliver(delivery("1"), delivery("0", { qos: 0 }), delivery("2"), delivery("3"))).toEqual([
      Accepted,
      Accepted,
      Accepted,
      QueueFull,
    ]);
    expect(h.session.droppedMessages).toBe(2);
    const later = h.resume();
    expect(later.heard()).toEqual(["CONNACK present", "PUBLISH 1 q1 #1", "PUBLISH 2 q1 #2"]);
    later.acknowledge("puback", 1);
    expect(h.deliver(delivery("4"))).toEqual([Accepted]);
  });

  it("takes one message that is larger than its limit of bytes, when it is empty", () => {
    const h = new SessionHarness({ limits: { maximumQueuedBytes: 1000 } });
    h.subscribed().drop();
    expect(h.deliver(delivery("x".repeat(2000)), delivery("y"))).toEqual([Accepted, QueueFull]);
  });

  it("leaves what is owed to it where it is, in order: behind what finds no room nothing does [MQTT-4.6.0-5]", () => {
    const h = new SessionHarness({ limits: { maximumQueuedBytes: 1000 } });
    h.subscribed().drop();
    const item = (text: string) => ({ generation: h.generation, kind: "plain" as const, delivery: delivery(text) });
    const owed = (text: string) => ({ ...item(text), kind: "owed" as const });
    const items = [owed("x".repeat(600)), owed("y".repeat(600)), owed("z"), item("live")];
    expect(h.deliverItems(items)).toEqual([Accepted, QueueFull, QueueFull, Accepted]);
    // Nothing is lost: the topic object has it.
    expect(h.session.droppedMessages).toBe(0);
  });

  it("has a limit of bytes, which a crash does not forget", () => {
    const h = new SessionHarness({ limits: { maximumQueuedBytes: 1000 } });
    h.subscribed().drop();
    expect(h.deliver(delivery("x".repeat(600)), delivery("y".repeat(600)), delivery("z"))).toEqual([
      Accepted,
      QueueFull,
      Accepted,
    ]);
    h.crash();
    expect(h.deliver(delivery("y".repeat(600)))).toEqual([QueueFull]);
    const later = h.resume();
    later.acknowledge("puback", 1);
    expect(h.deliver(delivery("y".repeat(600)))).toEqual([Accepted]);
  });

  it("keeps its order when it is longer than memory holds", () => {
    const h = new SessionHarness({ limits: { maximumInFlight: 1000 } });
    h.subscribed().drop();
    h.deliver(...Array.from({ length: 400 }, (_, index) => delivery(`${index}`)));
    const heard = h.resume().heard().slice(1);
    expect(heard).toEqual(heard.map((_, index) => `PUBLISH ${index} q1 #${index + 1}`));
    expect(heard).toHaveLength(400);
  });
});
