// Message Expiry Interval, on the way through a session. MQTT 5.0 section 3.3.2.3.3.

import { describe, expect, it } from "vitest";
import { DeliveryAnswer } from "../../../../src/core/topic/delivery-question.ts";
import { delivery, SessionHarness, type TestSocket } from "../../../support/session-harness.ts";

const { Accepted, QueueFull } = DeliveryAnswer;
const window = (receiveMaximum: number) => ({ properties: { sessionExpiryInterval: 3600, receiveMaximum } });

describe("a message from the client", () => {
  it.each([
    [0, 0],
    [1, 1000],
    [0xffff_ffff, 4_294_967_295_000],
  ])("with Message Expiry Interval %i expires %i ms later", (messageExpiryInterval, ms) => {
    const h = new SessionHarness();
    h.connected().publish(1, 1, "m", { properties: { messageExpiryInterval } });
    expect(h.takeRequests()).toMatchObject([{ message: { expiresAtMs: h.nowMs + ms } }]);
  });

  it("is acknowledged to the end, though it expires at once [MQTT-4.3.3-13]", () => {
    const h = new SessionHarness();
    const client = h.connected();
    client.publish(2, 1, "m", { properties: { messageExpiryInterval: 0 } });
    h.pass(10);
    h.answer();
    client.acknowledge("pubrel", 1);
    expect(client.heard()).toEqual(["PUBREC #1", "PUBCOMP #1"]);
  });
});

describe("a message to the client", () => {
  it("that expires while a SUBACK has to leave first is not sent, and counted [MQTT-3.3.2-5]", () => {
    const h = new SessionHarness();
    const client = h.subscribed();
    client.subscribe(2, "b");
    const soon = { expiresAtMs: h.nowMs + 1000 };
    h.deliver(delivery("0", { qos: 0, ...soon }), delivery("1", { qos: 1, ...soon }), delivery("2", { qos: 0 }));
    h.pass(1);
    h.answerAll(2);
    expect(client.heard()).toEqual(["SUBACK #2 0x02", "PUBLISH 2 q0"]);
    expect(h.session.droppedMessages).toBe(2);
  });

  it("that expires behind the client's window is not sent [MQTT-3.3.2-5] [B72]", () => {
    const h = new SessionHarness();
    const client = h.subscribed(window(1));
    h.deliver(delivery("1"), delivery("2", { qos: 2, expiresAtMs: h.nowMs + 1000 }), delivery("3"));
    h.pass(1);
    client.acknowledge("puback", 1);
    expect(client.heard()).toEqual(["PUBLISH 1 q1 #1", "PUBLISH 3 q1 #3"]);
  });

  it.each([1, 2] as const)(
    "at QoS %i that was sent before its time was over goes again, with nothing left of it [MQTT-4.3.3-7] [B72]",
    (qos) => {
      const h = new SessionHarness();
      const client = h.subscribed();
      h.deliver(delivery("1", { qos, expiresAtMs: h.nowMs + 60_000 }));
      expect(client.packets()).toMatchObject([{ properties: { messageExpiryInterval: 60 } }]);
      client.drop();
      h.pass(100);
      const [, again] = h.resume().packets();
      expect(again).toMatchObject({ dup: true, properties: { messageExpiryInterval: 0 } });
    },
  );
});

describe("a full queue", () => {
  const limits = { maximumQueuedMessages: 3 };

  it.each([
    ["in memory", () => {}],
    ["after a crash", (h: SessionHarness) => h.crash()],
  ])("takes new messages in place of those that have expired, %s [MQTT-3.3.2-5] [B41]", (_, happens) => {
    const h = new SessionHarness({ limits });
    h.subscribed().drop();
    const at = (seconds: number) => ({ expiresAtMs: h.nowMs + seconds * 1000 });
    h.deliver(delivery("1", at(10)), delivery("2"), delivery("3", at(20)));
    happens(h);
    h.pass(9);
    expect(h.deliver(delivery("4"))).toEqual([QueueFull]);
    h.pass(1);
    expect(h.deliver(delivery("4"), delivery("5"))).toEqual([Accepted, QueueFull]);
    h.pass(10);
    expect(h.deliver(delivery("5"), delivery("6"))).toEqual([Accepted, QueueFull]);
    expect(h.store.outgoing()).toHaveLength(3);
    const heard = h.resume().heard();
    expect(heard).toEqual(["CONNACK present", "PUBLISH 2 q1 #2", "PUBLISH 4 q1 #4", "PUBLISH 5 q1 #5"]);
  });

  it("of bytes does so as well", () => {
    const h = new SessionHarness({ limits: { maximumQueuedBytes: 1000 } });
    h.subscribed().drop();
    h.deliver(delivery("x".repeat(600), { expiresAtMs: h.nowMs + 1000 }));
    h.pass(1);
    expect(h.deliver(delivery("y".repeat(600)), delivery("z".repeat(600)))).toEqual([Accepted, QueueFull]);
  });

  it.each([
    ["is away", (client: TestSocket) => client.drop()],
    ["takes nothing", () => {}],
  ])("of a client that %s keeps nothing in memory of what has expired in it", (_, happens) => {
    const h = new SessionHarness({ limits });
    happens(h.subscribed(window(1)));
    for (let count = 0; count < 100; count += 1) {
      h.deliver(delivery("1", { expiresAtMs: h.nowMs + 1000 }));
      h.pass(1);
    }
    const seen = new Set<unknown>();
    const once = (_: string, value: unknown) =>
      typeof value !== "object" || seen.size < seen.add(value).size ? value : 0;
    const inMemory = JSON.stringify(h.session, once).split('"sequence"').length - 1;
    expect(inMemory).toBeLessThanOrEqual(limits.maximumQueuedMessages);
  });

  it("keeps what has been sent: only its acknowledgement makes room [MQTT-4.3.3-7]", () => {
    const h = new SessionHarness({ limits });
    const client = h.subscribed(window(1));
    const soon = { qos: 2 as const, expiresAtMs: h.nowMs + 1000 };
    h.deliver(delivery("1", soon), delivery("2"), delivery("3"));
    h.pass(1);
    expect(h.deliver(delivery("4"))).toEqual([QueueFull]);
    client.drop();
    h.crash();
    expect(h.deliver(delivery("4"))).toEqual([QueueFull]);
    const later = h.resume(window(1));
    expect(later.heard()).toEqual(["CONNACK present", "PUBLISH 1 q2 #1 dup"]);
    later.acknowledge("pubrec", 1);
    expect(later.heard()).toEqual(["PUBREL #1"]);
    expect(h.deliver(delivery("4"))).toEqual([QueueFull]);
    later.acknowledge("pubcomp", 1);
    expect(h.deliver(delivery("4"))).toEqual([Accepted]);
  });
});
