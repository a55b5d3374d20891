import { describe, expect, it } from "vitest";
import { noAccess } from "../../../../src/core/access/access-rules.ts";
import { SessionHarness } from "../../../support/session-harness.ts";

describe("Receive Maximum of the server", () => {
  const limits = { receiveMaximum: 2 };

  it("is sent to the client, and one more message ends the connection [MQTT-3.3.4-7] [B27]", () => {
    const h = new SessionHarness({ limits });
    const client = h.connected();
    expect(client.connack).toMatchObject({ properties: { receiveMaximum: 2 } });
    client.publish(2, 1);
    client.publish(2, 2);
    client.publish(2, 3);
    expect(client.heard()).toEqual(["DISCONNECT 0x93"]);
    expect(h.requests).toHaveLength(2);
  });

  it("counts until PUBCOMP", () => {
    const h = new SessionHarness({ limits });
    const client = h.connected();
    client.publish(2, 1);
    client.publish(2, 2);
    h.answerAll();
    client.acknowledge("pubrel", 1);
    client.publish(2, 3);
    expect(client.closed).toBeUndefined();
    client.publish(2, 4);
    expect(client.closed?.code).toBe(1008);
  });

  it("lets a burst at QoS 1 through: how soon that is acknowledged is the server's affair [B27]", () => {
    const h = new SessionHarness({ limits });
    const client = h.connected();
    for (const packetId of [1, 2, 3, 4]) client.publish(1, packetId);
    h.answerAll();
    expect(client.heard()).toEqual([1, 2, 3, 4].map((packetId) => `PUBACK #${packetId}`));
  });

  it("does not count QoS 0, nor a message that is sent again", () => {
    const h = new SessionHarness({ limits });
    const client = h.connected();
    client.publish(2, 1);
    client.publish(2, 2);
    client.publish(2, 2, "m", { dup: true });
    client.publish(0, 0);
    expect(client.closed).toBeUndefined();
  });

  it("does not count QoS 1 messages of the last connection", () => {
    const h = new SessionHarness({ limits });
    const client = h.connected({ properties: { sessionExpiryInterval: 3600 } });
    client.publish(1, 1);
    client.publish(1, 2);
    client.drop();
    const later = h.resume();
    later.publish(1, 1, "m", { dup: true });
    later.publish(1, 2, "m", { dup: true });
    h.answerAll();
    expect(later.heard()).toEqual(["CONNACK present", "PUBACK #1", "PUBACK #2"]);
    later.publish(1, 3);
    later.publish(1, 4);
    expect(later.closed).toBeUndefined();
  });

  it("does not count QoS 2 messages that the last connection left open, until they are sent again", () => {
    const h = new SessionHarness({ limits });
    const client = h.connected({ properties: { sessionExpiryInterval: 3600 } });
    client.publish(2, 1);
    client.publish(2, 2);
    h.answerAll();
    client.drop();
    const later = h.resume();
    later.publish(2, 3);
    later.publish(1, 4);
    h.answerAll();
    later.acknowledge("pubrel", 3);
    expect(later.heard()).toEqual(["CONNACK present", "PUBREC #3", "PUBACK #4", "PUBCOMP #3"]);
    later.publish(2, 1, "m", { dup: true });
    later.publish(2, 5);
    expect(later.closed).toBeUndefined();
    later.publish(2, 6);
    expect(later.heard()).toEqual(["PUBREC #1", "DISCONNECT 0x93"]);
  });

  it("counts after a hibernation as before, and what an earlier connection left open as little", () => {
    const h = new SessionHarness({ limits });
    const client = h.connected({ properties: { sessionExpiryInterval: 3600 } });
    client.publish(2, 1);
    h.answerAll();
    client.drop();
    const later = h.resume();
    later.publish(2, 2);
    later.publish(2, 3);
    h.answerAll();
    expect(later.heard()).toEqual(["CONNACK present", "PUBREC #2", "PUBREC #3"]);
    h.hibernate();
    later.acknowledge("pubrel", 2);
    later.publish(2, 4);
    h.answerAll();
    expect(later.heard()).toEqual(["PUBCOMP #2", "PUBREC #4"]);
    later.publish(2, 5);
    expect(later.heard()).toEqual(["DISCONNECT 0x93"]);
  });

  it("is unknown to a client of MQTT 3.1.1, and not held against it", () => {
    const h = new SessionHarness({ limits });
    const client = h.connected({ protocolVersion: 4 });
    for (const packetId of [1, 2, 3]) client.publish(1, packetId);
    h.answerAll();
    expect(client.heard()).toEqual(["PUBACK #1", "PUBACK #2", "PUBACK #3"]);
  });
});

describe("a message that is refused", () => {
  const anonymousRules = noAccess;

  it("is acknowledged with the reason, and goes nowhere [B21]", () => {
    const h = new SessionHarness({ anonymousRules });
    const client = h.connected();
    client.publish(0, 0);
    client.publish(1, 1);
    client.publish(2, 2);
    expect(client.heard()).toEqual(["PUBACK #1 0x87", "PUBREC #2 0x87"]);
    expect(h.requests).toEqual([]);
    expect(h.session.droppedMessages).toBe(3);
    expect(client.closed).toBeUndefined();
  });

  it("is acknowledged in MQTT 3.1.1 as any other [3.1.1 MQTT-3.3.5-2] [B21]", () => {
    const h = new SessionHarness({ anonymousRules });
    const client = h.connected({ protocolVersion: 4 });
    client.publish(1, 1);
    expect(client.heard()).toEqual(["PUBACK #1"]);
    expect(h.requests).toEqual([]);
  });

  it("leaves its packet identifier free, and the receive maximum alone", () => {
    const h = new SessionHarness({ anonymousRules, limits: { receiveMaximum: 1 } });
    const client = h.connected();
    client.publish(2, 1);
    client.publish(2, 1);
    client.publish(2, 2);
    expect(client.heard()).toEqual(["PUBREC #1 0x87", "PUBREC #1 0x87", "PUBREC #2 0x87"]);
  });

  it("may have too many levels", () => {
    const h = new SessionHarness({ limits: { maximumTopicLevels: 8 } });
    const client = h.connected();
    client.publish(1, 1, "m", { topic: "1/2/3/4/5/6/7/8" });
    client.publish(1, 2, "m", { topic: "1/2/3/4/5/6/7/8/" });
    expect(client.heard()).toEqual(["PUBACK #2 0x90"]);
    expect(h.requests).toHaveLength(1);
  });

  it("may have too long a topic, or too many user properties [B21]", () => {
    const h = new SessionHarness({ limits: { maximumTopicBytes: 64, maximumUserProperties: 1 } });
    const client = h.connected();
    client.publish(1, 1, "m", { topic: "x".repeat(64), properties: { userProperties: { a: "1" } } });
    client.publish(1, 2, "m", { topic: "x".repeat(65) });
    client.publish(1, 3, "m", { properties: { userProperties: { a: ["1", "2"] } } });
    expect(client.heard()).toEqual(["PUBACK #2 0x90", "PUBACK #3 0x97"]);
    expect(h.requests).toHaveLength(1);
  });

  it("may be no UTF-8 though its payload format says so: only at QoS 0 does the connection end [B17]", () => {
    const h = new SessionHarness();
    const client = h.connected();
    const properties = { payloadFormatIndicator: true };
    for (const qos of [1, 2] as const) client.publish(qos, qos, Buffer.from([0xff]), { properties });
    expect(client.heard()).toEqual(["PUBACK #1 0x99", "PUBREC #2 0x99"]);
    client.publish(0, 0, Buffer.from([0xff]), { properties });
    expect(client.heard()).toEqual(["DISCONNECT 0x99"]);
    expect(h.requests).toEqual([]);
  });

  it("may be one that only the broker itself publishes [B26]", () => {
    const h = new SessionHarness();
    const client = h.connected();
    client.publish(1, 1, "m", { topic: "$SYS/broker" });
    expect(client.heard()).toEqual(["PUBACK #1 0x87"]);
  });
});

describe("topic aliases of the client", () => {
  const alias = (topicAlias: number, topic = "") => ({ topic, properties: { topicAlias } });
  const topics = (h: SessionHarness) =>
    h.takeRequests().map((request) => (request.type === "publish" ? request.message.topicName : request.type));

  it("stand for a topic until they are given another", () => {
    const h = new SessionHarness();
    const client = h.connected();
    for (const fields of [alias(1, "a"), alias(2, "b"), alias(1), alias(2), alias(1, "c"), alias(1)]) {
      client.publish(0, 0, "m", fields);
    }
    expect(topics(h)).toEqual(["a", "b", "a", "b", "c", "c"]);
  });

  it("go through a hibernation, and end with the connection [MQTT-3.3.2-7]", () => {
    const h = new SessionHarness();
    const client = h.connected({ properties: { sessionExpiryInterval: 3600 } });
    client.publish(0, 0, "m", alias(32, "a"));
    h.hibernate();
    client.publish(0, 0, "m", alias(32));
    expect(topics(h)).toEqual(["a", "a"]);
    client.drop();
    const later = h.resume();
    later.heard();
    later.publish(0, 0, "m", alias(32));
    expect(later.heard()).toEqual(["DISCONNECT 0x82"]);
  });

  it("are told their maximum, and one above it ends the connection [MQTT-3.3.2-9] [B16]", () => {
    const h = new SessionHarness();
    const client = h.connected();
    expect(client.connack).toMatchObject({ properties: { topicAliasMaximum: 32 } });
    client.publish(0, 0, "m", alias(33, "a"));
    expect(client.heard()).toEqual(["DISCONNECT 0x94"]);
  });

  it("stand for nothing before they were given a topic [B16]", () => {
    const h = new SessionHarness();
    const client = h.connected();
    client.publish(0, 0, "m", alias(3));
    expect(client.heard()).toEqual(["DISCONNECT 0x82"]);
  });
});
