// What becomes of shared messages when their session ends. MQTT 5.0 section 4.8.2.

import { describe, expect, it } from "vitest";
import { messageIdAt } from "../../../../src/core/session/context.ts";
import { delivery, SessionHarness, type TestSocket } from "../../../support/session-harness.ts";
import { payloads, redistributions, shared, volatile } from "./shared-entries.ts";

describe("a session that ends", () => {
  /** Sent: `1` at QoS 1 and `2` at QoS 2. Not sent: `3` at QoS 1 and `4` at QoS 2. */
  const filled = (fields = {}) => {
    const h = new SessionHarness();
    const client = h.subscribed({ properties: { sessionExpiryInterval: 3600, receiveMaximum: 2, ...fields } });
    const id = (sequence: number) => ({ qos: 2, id: `${messageIdAt(h.nowMs)}-g-${sequence}` }) as const;
    h.deliver(shared("1"), shared("2", id(2)), shared("3"), shared("4", id(4)), delivery("not shared"));
    return { h, client };
  };

  it.each<[string, (h: SessionHarness, client: TestSocket) => void, object?]>([
    ["with its connection", (_, client) => client.drop(), { sessionExpiryInterval: 0 }],
    ["by DISCONNECT", (_, client) => client.disconnect({ properties: { sessionExpiryInterval: 0 } })],
    ["by a clean start over another connection", (h) => h.connect()],
  ])("%s gives away QoS 1, and QoS 2 that was never sent, under its identity [MQTT-4.8.2-5]", (_, end, fields) => {
    const { h, client } = filled(fields);
    end(h, client);
    expect(payloads(h)).toEqual(["1", "3", "4"]);
    expect(redistributions(h).every(({ isOrphaned, generation }) => isOrphaned && generation === h.generation)).toBe(
      true,
    );
    expect(redistributions(h)[2]?.message).toMatchObject({ qos: 2, id: `${messageIdAt(h.nowMs)}-g-4` });
    h.answerAll();
    expect(h.session.droppedMessages).toBe(0);
  });

  it("by time does the same with what its client has left there", () => {
    const { h, client } = filled();
    client.drop();
    h.answerAll(0x10);
    h.crash();
    h.alarm();
    expect(payloads(h)).toEqual(["1", "3", "4"]);
  });

  it("is forgotten by the topic objects before they get its messages", () => {
    const { h } = filled();
    h.connect();
    expect(h.requests.map(({ request }) => request.type)).toEqual([
      "end",
      "redistribute",
      "redistribute",
      "redistribute",
    ]);
  });

  it("gives away nothing that the client has refused or released [MQTT-4.8.2-6]", () => {
    const h = new SessionHarness();
    const client = h.subscribed(volatile);
    h.deliver(shared("1"), shared("2", { qos: 2 }), shared("3", { qos: 2 }));
    client.acknowledge("puback", 1, 0x97);
    client.acknowledge("pubrec", 2, 0x80);
    client.acknowledge("pubrec", 3);
    client.drop();
    expect(redistributions(h)).toEqual([]);
  });

  it("does not give away what has expired, and does not count it", () => {
    const h = new SessionHarness();
    const client = h.subscribed(volatile);
    h.deliver(shared("1", { expiresAtMs: h.nowMs + 1000 }));
    h.pass(1);
    client.drop();
    expect(redistributions(h)).toEqual([]);
    expect(h.session.droppedMessages).toBe(0);
  });

  it.each([
    ["that nobody takes", (h: SessionHarness) => h.answerAll(0x10)],
    ["whose topic object cannot be reached", (h: SessionHarness) => h.giveUp()],
  ])("counts a message %s as dropped", (_, fail) => {
    const { h } = filled();
    h.connect();
    fail(h);
    expect(h.session.droppedMessages).toBe(3);
    expect(redistributions(h)).toEqual([]);
  });

  it("gives away no more at once than fits into memory, and counts the rest as dropped", () => {
    const h = new SessionHarness({ limits: { maximumQueuedBytes: 1_073_741_824 } });
    const client = h.subscribed(volatile);
    const large = "x".repeat(1_900_000);
    h.deliver(...Array.from({ length: 10 }, () => shared(large)));
    client.drop();
    expect(redistributions(h)).toHaveLength(8);
    expect(h.session.droppedMessages).toBe(2);
  });

  it("with its connection, in a crash, gives away what a hibernation had written: of QoS 2 nothing is certain", () => {
    const { h } = filled({ sessionExpiryInterval: 0 });
    h.hibernate();
    h.crash();
    expect(payloads(h)).toEqual(["1", "3"]);
    expect(h.store.outgoing()).toEqual([]);
  });

  it("with its connection, after a hibernation, gives away what the snapshot tells was not sent", () => {
    const { h, client } = filled({ sessionExpiryInterval: 0 });
    h.hibernate();
    client.drop();
    expect(payloads(h)).toEqual(["1", "3", "4"]);
  });
});
