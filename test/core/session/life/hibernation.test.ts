// The object leaves memory: on purpose, with its client's socket kept, or by a crash, with nothing but its disk.

import { describe, expect, it } from "vitest";
import { messageIdAt } from "../../../../src/core/session/context.ts";
import { delivery, SessionHarness } from "../../../support/session-harness.ts";

const atEnd = { properties: {} };
const window = (receiveMaximum: number) => ({ properties: { sessionExpiryInterval: 3600, receiveMaximum } });

describe.each([
  ["that outlives its connection", { properties: { sessionExpiryInterval: 3600, receiveMaximum: 3 } }],
  ["that ends with its connection", { properties: { receiveMaximum: 3 } }],
])("a session %s, after a hibernation", (_, fields) => {
  it("goes on with its client as before", () => {
    const h = new SessionHarness();
    const client = h.subscribed(fields);
    h.deliver(...["1", "2", "3", "4", "5"].map((text) => delivery(text, { qos: 2 })));
    client.acknowledge("pubrec", 1);
    client.publish(2, 7);
    h.answerAll();
    expect(client.heard()).toEqual(["PUBLISH 1 q2 #1", "PUBLISH 2 q2 #2", "PUBLISH 3 q2 #3", "PUBREL #1", "PUBREC #7"]);
    h.hibernate();
    expect(client.heard()).toEqual([]);
    client.publish(2, 7, "m", { dup: true });
    expect(h.requests).toEqual([]);
    client.acknowledge("pubcomp", 1);
    client.acknowledge("pubrec", 3, 0x80);
    client.acknowledge("pubrec", 2);
    client.acknowledge("pubrel", 7);
    expect(client.heard()).toEqual(["PUBREC #7", "PUBLISH 4 q2 #4", "PUBLISH 5 q2 #5", "PUBREL #2", "PUBCOMP #7"]);
  });

  it("is the same to its topic objects", () => {
    const h = new SessionHarness();
    const client = h.subscribed(fields);
    h.hibernate();
    expect(h.deliver(delivery("1"))).toEqual([0]);
    client.unsubscribe(2, "a", "b");
    expect(h.requests).toMatchObject([{ request: { type: "unsubscribe", generation: h.generation } }]);
    h.answerAll();
    expect(client.heard()).toEqual(["PUBLISH 1 q1 #1", "UNSUBACK #2 0x00 0x11"]);
  });

  it("knows what it has had", () => {
    const h = new SessionHarness();
    const client = h.subscribed(fields);
    const once = delivery("1", { qos: 2, id: `${messageIdAt(h.nowMs)}-g-1` });
    h.deliver(once);
    client.acknowledge("pubrec", 1);
    client.acknowledge("pubcomp", 1);
    client.heard();
    h.hibernate();
    h.deliver(once);
    expect(client.heard()).toEqual([]);
  });

  it("uses no packet identifier twice", () => {
    const h = new SessionHarness();
    const client = h.subscribed(fields);
    h.deliver(delivery("1"), delivery("2"));
    client.acknowledge("puback", 1);
    h.hibernate();
    h.deliver(delivery("3"));
    expect(client.heard()).toEqual(["PUBLISH 1 q1 #1", "PUBLISH 2 q1 #2", "PUBLISH 3 q1 #3"]);
  });

  it("hibernates again and again", () => {
    const h = new SessionHarness();
    const client = h.subscribed(fields);
    for (const text of ["1", "2", "3"]) {
      h.deliver(delivery(text));
      h.hibernate();
      h.hibernate();
    }
    client.acknowledge("puback", 1);
    expect(client.heard()).toEqual(["PUBLISH 1 q1 #1", "PUBLISH 2 q1 #2", "PUBLISH 3 q1 #3"]);
  });

  it("may stay in memory after all, and takes its rows back as it goes on", () => {
    const h = new SessionHarness();
    const client = h.subscribed(fields);
    client.publish(2, 7);
    h.answerAll();
    h.deliver(delivery("1"));
    h.handle({ type: "hibernating" });
    client.acknowledge("puback", 1);
    client.acknowledge("pubrel", 7);
    expect([h.store.outgoing(), h.store.incoming()]).toEqual([[], []]);
  });

  it("ends as before", () => {
    const h = new SessionHarness();
    const client = h.subscribed(fields);
    h.deliver(delivery("1"));
    h.hibernate();
    client.heard();
    client.drop();
    expect(h.session.isGone).toBe(!("sessionExpiryInterval" in fields.properties));
    const heard = h.session.isGone ? ["CONNACK new"] : ["CONNACK present", "PUBLISH 1 q1 #1 dup"];
    expect(h.resume().heard()).toEqual(heard);
  });
});

describe("what a hibernation keeps of a connection", () => {
  it("is its version, its limits and its wish for no reasons", () => {
    const h = new SessionHarness();
    const properties = { maximumPacketSize: 60, requestProblemInformation: false };
    const client = h.subscribed({ properties });
    h.hibernate();
    h.deliver(delivery("x".repeat(60)));
    client.publish(1, 1, "m", { topic: "$SYS/x" });
    const packets = client.packets();
    expect(packets).toMatchObject([{ cmd: "puback", reasonCode: 0x87 }]);
    expect(packets[0]).not.toHaveProperty("properties");
    const older = h.connected({ protocolVersion: 4 });
    h.hibernate();
    older.disconnect();
    expect(older.closed?.code).toBe(1000);
  });

  it("is that a message went over an earlier connection, though the present one has not sent it yet [MQTT-3.3.1-1]", () => {
    const h = new SessionHarness();
    const client = h.subscribed();
    h.deliver(delivery("1"), delivery("2"));
    client.drop();
    const later = h.resume(window(1));
    h.hibernate();
    later.acknowledge("puback", 1);
    expect(later.heard()).toEqual(["CONNACK present", "PUBLISH 1 q1 #1 dup", "PUBLISH 2 q1 #2 dup"]);
  });

  it("fits JSON", () => {
    const h = new SessionHarness();
    h.subscribed({ properties: { topicAliasMaximum: 5 } });
    const snapshot = h.hibernation()?.snapshot;
    expect(JSON.parse(JSON.stringify(snapshot))).toEqual(snapshot);
  });

  it("is nothing without a client", () => {
    const h = new SessionHarness();
    h.open();
    expect(h.hibernation()).toBeUndefined();
    h.subscribed().drop();
    expect(h.hibernation()).toBeUndefined();
  });
});

describe("a crash", () => {
  it("leaves a session that outlives its connection, whose expiry begins", () => {
    const h = new SessionHarness();
    h.subscribed();
    h.pass(50);
    h.reports = [];
    h.crash();
    expect(h.session.nextDeadlineMs).toBe(h.nowMs + 3_600_000);
    expect(h.reports).toMatchObject([{ type: "disconnected", atMs: h.nowMs, account: undefined, queuedMessages: 0 }]);
    expect(h.deliver(delivery("1"))).toEqual([0]);
    expect(h.resume().heard()).toEqual(["CONNACK present", "PUBLISH 1 q1 #1"]);
  });

  it("that comes twice changes nothing", () => {
    const h = new SessionHarness();
    h.subscribed();
    h.crash();
    const { nextDeadlineMs } = h.session;
    h.pass(50);
    h.reports = [];
    h.crash();
    expect(h.session.nextDeadlineMs).toBe(nextDeadlineMs);
    expect(h.reports).toEqual([]);
  });

  it("makes DUP of all that the window may have let through, and of no more [MQTT-3.3.1-1]", () => {
    const h = new SessionHarness({ limits: { maximumInFlight: 2 } });
    h.subscribed();
    h.deliver(delivery("1"), delivery("2"), delivery("3"));
    h.crash();
    const later = h.resume();
    later.acknowledge("puback", 1);
    expect(later.heard()).toEqual(["CONNACK present", "PUBLISH 1 q1 #1 dup", "PUBLISH 2 q1 #2 dup", "PUBLISH 3 q1 #3"]);
  });

  it("loses no PUBREL [MQTT-4.4.0-1]", () => {
    const h = new SessionHarness();
    const client = h.subscribed();
    h.deliver(delivery("1", { qos: 2 }));
    client.acknowledge("pubrec", 1);
    h.crash();
    const later = h.resume();
    later.acknowledge("pubcomp", 1);
    expect(later.heard()).toEqual(["CONNACK present", "PUBREL #1"]);
    expect(h.store.outgoing()).toEqual([]);
  });

  it("ends a session that ends with its connection", () => {
    const h = new SessionHarness();
    h.subscribed(atEnd);
    h.crash();
    expect(h.session.isGone).toBe(true);
    expect(h.deliver(delivery("1"))).toEqual([1]);
    expect(h.resume().heard()).toEqual(["CONNACK new"]);
  });

  it("leaves an alarm for a Will that was under way, whose own alarm is spent [MQTT-3.1.2-8]", () => {
    const h = new SessionHarness();
    const will = { topic: "w", payload: Buffer.from("gone"), qos: 1 as const, retain: false };
    h.connected({ will }, { isRelayed: false });
    h.alarm();
    expect(h.takeRequests()).toHaveLength(1);
    expect(h.session.nextDeadlineMs).toBe(h.nowMs + 15_000);
    h.alarm();
    // While nobody knows that there will be no answer, it is not sent twice.
    expect(h.takeRequests()).toEqual([]);
    h.crash();
    expect(h.takeRequests()).toMatchObject([{ type: "publish", message: { topicName: "w" } }]);
  });

  it("leaves nothing to the next session of what a hibernation had kept for one that ended", () => {
    const h = new SessionHarness();
    const client = h.subscribed(atEnd);
    h.deliver(delivery("1"));
    h.handle({ type: "hibernating" });
    client.heard();
    h.crash();
    expect(h.connect().heard()).toEqual(["CONNACK new"]);
  });

  it("leaves no packet identifier in use in the next session", () => {
    const h = new SessionHarness();
    const client = h.subscribed(atEnd);
    client.publish(2, 7, "old");
    h.answerAll();
    h.handle({ type: "hibernating" });
    const [{ messageId } = { messageId: "" }] = h.store.incoming();
    h.crash();
    h.connected().publish(2, 7, "new");
    const [request] = h.takeRequests();
    expect(request).toMatchObject({ type: "publish" });
    expect(request).not.toMatchObject({ message: { id: messageId } });
  });
});

describe("a session that ends with its connection", () => {
  it("writes nothing, unless it has a Will or hibernates", () => {
    const h = new SessionHarness();
    const client = h.subscribed(atEnd);
    h.deliver(delivery("0", { qos: 0 }), delivery("1", { qos: 1 }), delivery("2", { qos: 2, id: "0a-g-1" }));
    client.acknowledge("puback", 1);
    client.acknowledge("pubrec", 2);
    client.acknowledge("pubcomp", 2);
    client.publish(1, 1);
    client.publish(2, 2);
    h.answerAll();
    client.acknowledge("pubrel", 2);
    client.unsubscribe(3, "a");
    h.answerAll();
    client.disconnect();
    expect(h.store.writes).toEqual([]);
    expect(h.session.isGone).toBe(true);
  });

  it("writes only what is under way when it hibernates", () => {
    const h = new SessionHarness();
    const client = h.subscribed(atEnd);
    h.hibernate();
    expect(h.store.writes).toEqual([]);
    h.deliver(delivery("1"));
    client.publish(2, 7);
    h.answerAll();
    h.hibernate();
    h.hibernate();
    expect(h.store.writes).toEqual(["putIncoming", "putOutgoing"]);
  });

  it("looks a day later for what it has written, which a crash may have left without an owner", () => {
    const h = new SessionHarness();
    h.subscribed(atEnd);
    h.hibernate();
    expect(h.session.nextDeadlineMs).toBe(Infinity);
    h.deliver(delivery("1"));
    h.hibernate();
    expect(h.session.nextDeadlineMs).toBe(h.nowMs + 86_400_000);
    h.crash();
    expect([h.session.isGone, h.store.outgoing()]).toEqual([true, []]);
  });
});
