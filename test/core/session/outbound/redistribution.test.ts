// Messages of a shared subscription that another member may get: when the connection is lost, and when the session ends.

import { describe, expect, it, vi } from "vitest";
import { messageIdAt } from "../../../../src/core/session/context.ts";
import { delivery, SessionHarness, type TestSocket } from "../../../support/session-harness.ts";
import { cutOff, payloads, redistributions, shared, sharedFilter, window } from "./shared-entries.ts";

describe("a connection that is lost, with a session that goes on", () => {
  it("offers its QoS 1 messages to the other members, sent or not, as they were published", () => {
    const h = new SessionHarness();
    const client = h.subscribed(window(1));
    const published = { qos: 1, retain: true, expiresAtMs: h.nowMs + 1000 } as const;
    h.deliver(shared("1", published), shared("2"));
    client.drop();
    const { generation } = h;
    const fields = { type: "redistribute", generation, topicFilter: sharedFilter, isOrphaned: false };
    expect(redistributions(h)).toEqual([
      { ...fields, message: shared("1", published).message },
      { ...fields, message: shared("2").message },
    ]);
  });

  it("offers nothing else: not QoS 2, not what is not shared, not what is acknowledged or expired", () => {
    const h = new SessionHarness();
    const client = h.subscribed();
    const expiresAtMs = h.nowMs + 1000;
    h.deliver(delivery("plain"), shared("QoS 2", { qos: 2 }), shared("acknowledged"), shared("old", { expiresAtMs }));
    client.acknowledge("puback", 3);
    h.pass(1);
    client.drop();
    expect(redistributions(h)).toEqual([]);
  });

  it("deletes what another has taken, and sends the rest in its place", () => {
    const h = cutOff();
    h.deliver(delivery("4"));
    h.answer();
    h.answer(0x10);
    h.answer();
    expect(h.store.outgoing().map(({ sequence }) => sequence)).toEqual([2, 4]);
    expect(h.resume().heard()).toEqual(["CONNACK present", "PUBLISH 2 q1 #2 dup", "PUBLISH 4 q1 #4"]);
  });

  it("has what another has taken deleted on disk in the same turn: the object may be gone after it", () => {
    const h = cutOff();
    const deleted = vi.spyOn(h.store, "deleteOutgoing");
    const settled = vi.spyOn(h.store, "settleOutgoing");
    h.answer();
    const [deletion] = deleted.mock.invocationCallOrder;
    expect(settled.mock.invocationCallOrder.at(-1)).toBeGreaterThan(deletion ?? Number.NaN);
  });

  it.each([0x10, 0x80, 0x97])("keeps everything when the answer is %i", (code) => {
    const h = cutOff();
    h.answerAll(code);
    expect(h.resume().heard().slice(1)).toEqual(["PUBLISH 1 q1 #1 dup", "PUBLISH 2 q1 #2 dup", "PUBLISH 3 q1 #3"]);
    expect(h.session.droppedMessages).toBe(0);
  });

  it("keeps everything when the topic object cannot be reached", () => {
    const h = cutOff();
    h.giveUp();
    expect(h.resume().heard()).toHaveLength(4);
    expect(h.session.droppedMessages).toBe(0);
  });

  it("keeps everything through a crash, and offers it again when the next connection is lost", () => {
    const h = cutOff();
    h.crash();
    expect(redistributions(h)).toEqual([]);
    const client = h.resume();
    expect(client.heard()).toHaveLength(4);
    client.drop();
    expect(payloads(h)).toEqual(["1", "2", "3"]);
  });

  it("by a crash of the object, is found when the object starts", () => {
    const h = new SessionHarness();
    h.subscribed();
    h.deliver(shared("1"), delivery("2"));
    h.crash();
    expect(payloads(h)).toEqual(["1"]);
  });

  it("writes nothing for an offer", () => {
    const h = new SessionHarness();
    const client = h.subscribed();
    h.deliver(shared("1"));
    h.store.writes.length = 0;
    client.drop();
    expect(h.store.writes).toEqual(["putRecord"]);
    h.answer(0x10);
    expect(h.store.writes).toEqual(["putRecord"]);
  });

  it("offers a message with an identity under a new one, because it may come back", () => {
    const h = new SessionHarness();
    const client = h.subscribed();
    const id = `${messageIdAt(h.nowMs)}-other-1 g`;
    h.deliver(shared("1", { id, qos: 1 }));
    client.drop();
    const [offered] = redistributions(h);
    expect(offered?.message.id).toMatch(new RegExp(`^${messageIdAt(h.nowMs)}-${h.generation}-`));
    h.answer();
    const back = h.resume();
    h.deliver(shared("1", { id: offered?.message.id ?? "", qos: 1 }));
    expect(back.heard()).toEqual(["CONNACK present", "PUBLISH 1 q1 #2"]);
  });

  it("that is taken over by the same client offers nothing: the client is there", () => {
    const h = new SessionHarness();
    h.subscribed();
    h.deliver(shared("1"));
    expect(h.resume().heard()).toEqual(["CONNACK present", "PUBLISH 1 q1 #1 dup"]);
    expect(redistributions(h)).toEqual([]);
  });

  it("offers no more at once than fits into memory, and keeps the rest", () => {
    const limits = { maximumQueuedBytes: 1_073_741_824 };
    const h = new SessionHarness({ limits });
    const client = h.subscribed();
    const large = "x".repeat(1_900_000);
    h.deliver(...Array.from({ length: 10 }, () => shared(large)));
    client.drop();
    expect(redistributions(h)).toHaveLength(8);
    h.answerAll();
    expect(h.store.outgoing()).toHaveLength(2);
  });

  it("reads only what is shared from the disk", () => {
    const h = new SessionHarness();
    h.subscribed().drop();
    h.deliver(delivery("1"), shared("2"), delivery("3"));
    h.crash();
    const read = vi.spyOn(h.store, "readOutgoing");
    h.resume(window(1)).drop();
    // The first, which was sent, and the one that is offered.
    expect(read.mock.calls).toEqual([[1], [2]]);
  });
});

describe("a client that is back before the others have answered", () => {
  const back = (h: SessionHarness): TestSocket => {
    const client = h.resume();
    expect(client.heard()).toEqual(["CONNACK present"]);
    return client;
  };

  it("waits for the answers, with all that follows, so that the order holds [MQTT-4.6.0-5]", () => {
    const h = cutOff();
    h.deliver(delivery("4"));
    const client = back(h);
    h.answer(0x10);
    expect(client.heard()).toEqual(["PUBLISH 1 q1 #1 dup"]);
    h.answer();
    h.answer(0x10);
    expect(client.heard()).toEqual(["PUBLISH 3 q1 #3", "PUBLISH 4 q1 #4"]);
    client.acknowledge("puback", 1);
    h.deliver(delivery("5"));
    expect(client.heard()).toEqual(["PUBLISH 5 q1 #5"]);
  });

  it("and gone again has nothing offered twice", () => {
    const h = cutOff();
    back(h).drop();
    expect(payloads(h)).toEqual(["1", "2", "3"]);
    h.answerAll(0x10);
    expect(h.resume().heard()).toHaveLength(4);
  });

  it("has what expired meanwhile, and made room for others, counted once", () => {
    const h = new SessionHarness({ limits: { maximumQueuedMessages: 2 } });
    const client = h.subscribed(window(1));
    h.deliver(shared("1"), shared("2", { expiresAtMs: h.nowMs + 1000 }));
    client.drop();
    h.pass(1);
    h.deliver(delivery("3"));
    h.answer(0x10);
    h.answer(0x10);
    expect([redistributions(h), h.session.droppedMessages]).toEqual([[], 1]);
    expect(h.resume().heard()).toEqual(["CONNACK present", "PUBLISH 1 q1 #1 dup", "PUBLISH 3 q1 #3"]);
  });

  it("with a new session has what nobody took go to others, and nothing else", () => {
    const h = cutOff();
    h.connect();
    expect(redistributions(h).map(({ isOrphaned }) => isOrphaned)).toEqual([false, false, false]);
    h.answer(0x10);
    h.answer();
    expect(redistributions(h).map(({ isOrphaned }) => isOrphaned)).toEqual([false, true]);
    expect(payloads(h)).toEqual(["3", "1"]);
    h.answerAll();
    expect(h.session.droppedMessages).toBe(0);
  });
});

describe("sequences", () => {
  it("that others have taken do not mark later messages as sent", () => {
    const h = cutOff();
    h.answerAll();
    h.crash();
    h.deliver(shared("new"));
    h.crash();
    expect(h.resume().heard()).toEqual(["CONNACK present", "PUBLISH new q1 #1"]);
  });
});
