// What is in flight: the window, acknowledgements, packet identifiers, and what goes again in a later connection.

import { describe, expect, it } from "vitest";
import { limitRanges } from "../../../../src/core/limits.ts";
import { maximumPacketId, packetIdOf } from "../../../../src/core/session/outbound/packet-id.ts";
import { delivery, SessionHarness } from "../../../support/session-harness.ts";

const window = (receiveMaximum: number) => ({ properties: { sessionExpiryInterval: 3600, receiveMaximum } });

describe("Receive Maximum of the client", () => {
  it("holds back what is over it, and lets it go in order as PUBACK comes [MQTT-3.3.4-9]", () => {
    const h = new SessionHarness();
    const client = h.subscribed(window(2));
    h.deliver(delivery("1"), delivery("2"), delivery("3"), delivery("4"));
    expect(client.heard()).toEqual(["PUBLISH 1 q1 #1", "PUBLISH 2 q1 #2"]);
    client.acknowledge("puback", 2);
    expect(client.heard()).toEqual(["PUBLISH 3 q1 #3"]);
    client.acknowledge("puback", 1);
    client.acknowledge("puback", 3);
    expect(client.heard()).toEqual(["PUBLISH 4 q1 #4"]);
  });

  it("counts a QoS 2 message until PUBCOMP", () => {
    const h = new SessionHarness();
    const client = h.subscribed(window(1));
    h.deliver(delivery("1", { qos: 2 }), delivery("2", { qos: 2 }));
    client.acknowledge("pubrec", 1);
    expect(client.heard()).toEqual(["PUBLISH 1 q2 #1", "PUBREL #1"]);
    client.acknowledge("pubcomp", 1);
    expect(client.heard()).toEqual(["PUBLISH 2 q2 #2"]);
  });

  it("does not count QoS 0, which may overtake [B44]", () => {
    const h = new SessionHarness();
    const client = h.subscribed(window(1));
    h.deliver(delivery("1"), delivery("2"), delivery("0", { qos: 0 }));
    expect(client.heard()).toEqual(["PUBLISH 0 q0", "PUBLISH 1 q1 #1"]);
  });

  it("and a full queue hold up no QoS 0", () => {
    const h = new SessionHarness({ limits: { maximumQueuedMessages: 1, maximumQueuedBytes: 1_024 } });
    const client = h.subscribed(window(1));
    h.deliver(delivery("1"));
    h.deliver(...Array.from({ length: 1_000 }, () => delivery("x".repeat(100), { qos: 0 })));
    expect(client.heard()).toHaveLength(1_001);
    expect(h.session.droppedMessages).toBe(0);
  });

  it("is no more than the server's own limit [B44]", () => {
    const h = new SessionHarness({ limits: { maximumInFlight: 2 } });
    const client = h.subscribed(window(10));
    h.deliver(delivery("1"), delivery("2"), delivery("3"));
    expect(client.heard()).toHaveLength(2);
  });

  it("is not opened by an acknowledgement of what is not in flight", () => {
    const h = new SessionHarness();
    const client = h.subscribed(window(1));
    h.deliver(delivery("1"), delivery("2"));
    client.heard();
    client.acknowledge("puback", 2);
    client.acknowledge("puback", 99);
    expect(client.heard()).toEqual([]);
    client.acknowledge("puback", 1);
    expect(client.heard()).toEqual(["PUBLISH 2 q1 #2"]);
  });
});

describe("a QoS 2 message to the client", () => {
  it("is complete with PUBCOMP, and its row is gone", () => {
    const h = new SessionHarness();
    const client = h.subscribed();
    h.deliver(delivery("1", { qos: 2 }));
    client.acknowledge("pubrec", 1);
    expect(h.store.outgoing()).toMatchObject([{ isReleased: true }]);
    client.acknowledge("pubrec", 1);
    client.acknowledge("pubcomp", 1);
    expect(client.heard()).toEqual(["PUBLISH 1 q2 #1", "PUBREL #1", "PUBREL #1"]);
    expect(h.store.outgoing()).toEqual([]);
  });

  it("is complete when the client refuses it in PUBREC [MQTT-4.4.0-2]", () => {
    const h = new SessionHarness();
    const client = h.subscribed(window(1));
    h.deliver(delivery("1", { qos: 2 }), delivery("2"));
    client.acknowledge("pubrec", 1, 0x97);
    expect(client.heard()).toEqual(["PUBLISH 1 q2 #1", "PUBLISH 2 q1 #2"]);
  });

  it.each([
    [1, "pubrec", 2],
    [1, "pubcomp", 2],
    [2, "puback", 1],
    [2, "pubcomp", 1],
  ] as const)(
    "in flight at QoS %i breaks off at %s, which it does not wait for [B18]",
    (_, acknowledgement, packetId) => {
      const h = new SessionHarness();
      const client = h.subscribed();
      h.deliver(delivery("1", { qos: 2 }), delivery("2"));
      client.heard();
      client.acknowledge(acknowledgement, packetId);
      expect(client.heard()).toEqual(["DISCONNECT 0x82"]);
      // It counts all the same [B95].
      expect(h.store.outgoing().map(({ sequence }) => sequence)).toEqual([3 - packetId]);
    },
  );

  it("of an earlier connection, which is not in flight again yet, does not mind what comes [B18]", () => {
    const h = new SessionHarness();
    const durable = { clean: false, properties: { sessionExpiryInterval: 60, receiveMaximum: 2 } };
    const client = h.subscribed(durable);
    h.deliver(delivery("1", { qos: 2 }), delivery("2"));
    client.drop();
    const back = h.connected({ ...durable, properties: { ...durable.properties, receiveMaximum: 1 } });
    back.heard();
    back.acknowledge("pubrec", 2);
    back.acknowledge("puback", 2);
    expect(back.heard()).toEqual(["PUBREL #2 0x92"]);
  });

  it("that nobody knows is answered with PUBREL 0x92", () => {
    const h = new SessionHarness();
    const client = h.subscribed();
    client.acknowledge("pubrec", 5);
    expect(client.heard()).toEqual(["PUBREL #5 0x92"]);
  });
});

describe("a later connection of the same session", () => {
  it("gets everything unacknowledged again, in order, with its packet identifiers and DUP [MQTT-4.4.0-1] [MQTT-3.3.1-1] [B42]", () => {
    const h = new SessionHarness();
    const client = h.subscribed(window(3));
    h.deliver(...["1", "2", "3", "4"].map((text) => delivery(text, { qos: 2 })));
    client.acknowledge("pubrec", 2);
    client.drop();
    h.deliver(delivery("5"));
    expect(h.resume().heard()).toEqual([
      "CONNACK present",
      "PUBLISH 1 q2 #1 dup",
      "PUBREL #2",
      "PUBLISH 3 q2 #3 dup",
      "PUBLISH 4 q2 #4",
      "PUBLISH 5 q1 #5",
    ]);
  });

  it("gets DUP where an earlier connection than the last had sent it, however small the last one's window", () => {
    const h = new SessionHarness();
    const client = h.subscribed();
    h.deliver(delivery("1"), delivery("2"), delivery("3"));
    client.drop();
    h.resume(window(1)).drop();
    expect(h.resume().heard().slice(1)).toEqual(["PUBLISH 1 q1 #1 dup", "PUBLISH 2 q1 #2 dup", "PUBLISH 3 q1 #3 dup"]);
  });

  it("can complete what it gets again", () => {
    const h = new SessionHarness();
    const client = h.subscribed();
    h.deliver(delivery("1", { qos: 2 }), delivery("2", { qos: 2 }));
    client.acknowledge("pubrec", 1);
    client.drop();
    const later = h.resume();
    later.acknowledge("pubcomp", 1);
    later.acknowledge("pubrec", 2);
    later.acknowledge("pubcomp", 2);
    expect(later.heard()).toEqual(["CONNACK present", "PUBREL #1", "PUBLISH 2 q2 #2 dup", "PUBREL #2"]);
    expect(h.store.outgoing()).toEqual([]);
  });

  it("may send PUBREC for what its window still holds back: the last connection had sent it", () => {
    const h = new SessionHarness();
    const client = h.subscribed();
    h.deliver(delivery("1"), delivery("2", { qos: 2 }));
    client.drop();
    const later = h.resume(window(1));
    later.heard();
    later.acknowledge("pubrec", 2);
    later.acknowledge("pubcomp", 2);
    expect(later.heard()).toEqual(["PUBREL #2"]);
    later.acknowledge("puback", 1);
    expect(later.heard()).toEqual([]);
    h.deliver(delivery("3"));
    expect(later.heard()).toEqual(["PUBLISH 3 q1 #3"]);
  });

  it("has the window that it asks for", () => {
    const h = new SessionHarness();
    const client = h.subscribed(window(3));
    h.deliver(delivery("1"), delivery("2"), delivery("3"));
    client.drop();
    const later = h.resume(window(1));
    expect(later.heard()).toEqual(["CONNACK present", "PUBLISH 1 q1 #1 dup"]);
    later.acknowledge("puback", 1);
    expect(later.heard()).toEqual(["PUBLISH 2 q1 #2 dup"]);
  });

  it("starts a clean session with nothing", () => {
    const h = new SessionHarness();
    const client = h.subscribed();
    h.deliver(delivery("1"));
    client.drop();
    const later = h.resume({ clean: true });
    expect(later.heard()).toEqual(["CONNACK new"]);
    expect(h.store.outgoing()).toEqual([]);
  });
});

describe("packet identifiers", () => {
  it("come from the sequence: 1 to 65,535, and round again [MQTT-2.2.1-4]", () => {
    expect([1, 65_535, 65_536, 131_070, 131_071].map(packetIdOf)).toEqual([1, 65_535, 1, 65_535, 1]);
  });

  it("skip those in use", () => {
    const h = new SessionHarness();
    h.subscribed().drop();
    h.deliver(delivery("1"), delivery("2"));
    // As after 65,532 more.
    const index = { sequence: 65_534, qos: 1, isReleased: false, bytes: 70, expiresAtMs: 0, isShared: false } as const;
    h.store.putOutgoing([{ index, delivery: delivery("3") }]);
    h.crash();
    h.deliver(delivery("4"), delivery("5"), delivery("6"));
    const texts = ["1 q1 #1", "2 q1 #2", "3 q1 #65534", "4 q1 #65535", "5 q1 #3", "6 q1 #4"];
    expect(h.resume().heard().slice(1)).toEqual(texts.map((text) => `PUBLISH ${text}`));
    expect(h.store.outgoing().map(({ sequence }) => sequence)).toEqual([1, 2, 65_534, 65_535, 65_538, 65_539]);
  });

  it("are more than the largest queue holds messages", () => {
    const [, , mostMessages] = limitRanges.maximumQueuedMessages;
    expect(mostMessages).toBeLessThan(maximumPacketId);
  });
});
