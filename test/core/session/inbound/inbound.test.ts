import { describe, expect, it } from "vitest";
import { fullAccess, noAccess } from "../../../../src/core/access/access-rules.ts";
import type { RequestOf } from "../../../support/session-harness.ts";
import { SessionHarness } from "../../../support/session-harness.ts";

const durable = { properties: { sessionExpiryInterval: 3600 } };

describe("PUBLISH from the client", () => {
  it("at QoS 0 goes to its topic object, and nobody waits", () => {
    const h = new SessionHarness();
    const client = h.connected();
    client.publish(0, 0, "hello", { retain: true });
    expect(h.requests).toMatchObject([{ token: undefined }]);
    const payload = Buffer.from("hello");
    expect(published(h)).toMatchObject([{ id: "", topicName: "a", qos: 0, retain: true, expiresAtMs: 0 }]);
    expect(Buffer.from(published(h)[0]?.payload ?? [])).toEqual(payload);
    expect(client.heard()).toEqual([]);
  });

  it.each([
    [1, "PUBACK #7"],
    [2, "PUBREC #7"],
  ] as const)(
    "at QoS %d is acknowledged once the topic object has answered [MQTT-4.3.2-4] [MQTT-4.3.3-8] [B23]",
    (qos, ack) => {
      const h = new SessionHarness();
      const client = h.connected();
      client.publish(qos, 7);
      expect(client.heard()).toEqual([]);
      h.answer();
      expect(client.heard()).toEqual([ack]);
    },
  );

  it("carries the reason code of the topic object's answer [B21]", () => {
    const h = new SessionHarness();
    const client = h.connected();
    client.publish(1, 1);
    client.publish(2, 2);
    h.answer(0x10);
    h.answer(0x97);
    expect(client.heard()).toEqual(["PUBACK #1 0x10", "PUBREC #2 0x97"]);
  });

  it("expires at an instant, whatever its way takes [MQTT-3.3.2-6]", () => {
    const h = new SessionHarness();
    h.connected().publish(1, 1, "m", { properties: { messageExpiryInterval: 60 } });
    expect(published(h)[0]?.expiresAtMs).toBe(h.nowMs + 60_000);
  });

  it("goes to the shard of its topic, in the order of sending within a topic [MQTT-4.6.0-5]", () => {
    const h = new SessionHarness({ topicShards: 16, layout: "1/16" });
    const client = h.connected();
    for (const topic of ["a", "b", "a"]) client.publish(1, 1, topic, { topic });
    const [a, b, again] = h.requests;
    expect(again?.shard).toBe(a?.shard);
    expect(b?.shard).not.toBe(a?.shard);
  });
});

describe("QoS 2 PUBLISH from the client", () => {
  it("is forwarded once, however often it is re-delivered, until PUBREL [MQTT-4.3.3-10]", () => {
    const h = new SessionHarness();
    const client = h.connected();
    client.publish(2, 7);
    client.publish(2, 7, "m", { dup: true });
    expect(h.requests).toHaveLength(1);
    h.answer();
    expect(client.heard()).toEqual(["PUBREC #7"]);
    client.publish(2, 7, "m", { dup: true });
    expect(client.heard()).toEqual(["PUBREC #7"]);
    expect(h.requests).toEqual([]);
  });

  it("frees its packet identifier with PUBREL: the next one is a new message [MQTT-4.3.3-12]", () => {
    const h = new SessionHarness();
    const client = h.connected();
    const ids = [1, 2].map(() => {
      client.publish(2, 7);
      const [message] = published(h);
      h.answer();
      client.acknowledge("pubrel", 7);
      return message?.id;
    });
    expect(client.heard()).toEqual(["PUBREC #7", "PUBCOMP #7", "PUBREC #7", "PUBCOMP #7"]);
    expect(new Set(ids).size).toBe(2);
  });

  it("has an id that sorts by time", () => {
    const h = new SessionHarness();
    const client = h.connected();
    client.publish(2, 1);
    h.pass(1);
    client.publish(2, 2);
    const [one, other] = published(h).map(({ id }) => id) as [string, string];
    expect(one < other).toBe(true);
  });

  it("is forgotten when the topic object refuses it: its packet identifier is free", () => {
    const h = new SessionHarness();
    const client = h.connected(durable);
    client.publish(2, 7);
    h.answer(0x97);
    expect(h.store.incoming()).toEqual([]);
    client.publish(2, 7, "other");
    expect(h.requests).toHaveLength(1);
  });

  it("that goes again and is refused frees its packet identifier: the next one is a new message [MQTT-4.3.3-9]", () => {
    const h = new SessionHarness();
    h.connected(durable).publish(2, 7);
    const [old] = published(h);
    h.crash({ anonymousRules: noAccess });
    h.resume().publish(2, 7, "m", { dup: true });
    expect(h.store.incoming()).toEqual([]);
    h.crash({ anonymousRules: fullAccess });
    h.resume().publish(2, 7, "other");
    expect(published(h)[0]?.id).not.toBe(old?.id);
  });

  it("is known on disk before it is forwarded, in a session that outlives its connection", () => {
    const h = new SessionHarness();
    h.connected(durable).publish(2, 7);
    expect(h.store.incoming()).toEqual([{ packetId: 7, messageId: published(h)[0]?.id, isReceived: false }]);
  });

  it("is acknowledged again in a later connection, without being forwarded again", () => {
    const h = new SessionHarness();
    const client = h.connected(durable);
    client.publish(2, 7);
    h.answer();
    client.drop();
    const later = h.resume();
    later.publish(2, 7, "m", { dup: true });
    expect(later.heard()).toEqual(["CONNACK present", "PUBREC #7"]);
    expect(h.requests).toEqual([]);
  });

  it("that the answer reaches only after its client is back is acknowledged all the same", () => {
    const h = new SessionHarness();
    const client = h.connected(durable);
    client.publish(2, 7);
    client.drop();
    const later = h.resume();
    later.publish(2, 7, "m", { dup: true });
    later.heard();
    h.answerAll();
    expect(later.heard()).toEqual(["PUBREC #7"]);
  });

  it("after a crash is forwarded again, with the same id, as what may be a repeat", () => {
    const h = new SessionHarness();
    h.connected(durable).publish(2, 7);
    expect(h.requests).toMatchObject([{ request: { type: "publish" } }]);
    const [message] = published(h);
    h.pass(5);
    h.crash();
    const later = h.resume();
    later.publish(2, 7, "m", { dup: true });
    expect(h.requests).toMatchObject([{ request: { type: "publish again" } }]);
    expect(published(h)[0]?.id).toBe(message?.id);
    later.heard();
    h.answer();
    expect(later.heard()).toEqual(["PUBREC #7"]);
    later.publish(2, 7, "m", { dup: true });
    expect(h.requests).toEqual([]);
  });

  it("after an interruption and a hibernation is still forwarded before it is acknowledged", () => {
    const h = new SessionHarness();
    h.connected(durable).publish(2, 7);
    const [message] = published(h);
    h.giveUp();
    const later = h.resume();
    later.heard();
    h.hibernate();
    later.publish(2, 7, "m", { dup: true });
    expect(later.heard()).toEqual([]);
    expect(published(h)[0]?.id).toBe(message?.id);
  });

  it("after a crash can be completed by PUBREL at once", () => {
    const h = new SessionHarness();
    h.connected(durable).publish(2, 7);
    h.crash();
    const later = h.resume();
    later.acknowledge("pubrel", 7);
    later.acknowledge("pubrel", 7);
    expect(later.heard()).toEqual(["CONNACK present", "PUBCOMP #7", "PUBCOMP #7 0x92"]);
  });

  it("of an earlier life of the session has no say over one with the same packet identifier", () => {
    const h = new SessionHarness();
    h.connected().publish(2, 7, "old");
    const client = h.connected();
    client.publish(2, 7, "new");
    h.answer(0x97);
    expect(client.heard()).toEqual([]);
    h.answerAll();
    expect(client.heard()).toEqual(["PUBREC #7"]);
  });
});

describe("a topic object that cannot be reached", () => {
  it.each([1, 2] as const)("ends the connection, and nothing of QoS %d is acknowledged [B65]", (qos) => {
    const h = new SessionHarness();
    const client = h.connected(durable);
    client.publish(qos, 7);
    h.giveUp();
    expect(client.heard()).toEqual(["DISCONNECT 0x89"]);
    expect(client.closed?.code).toBe(1008);
  });

  it("leaves a QoS 2 message to be sent again under the same id", () => {
    const h = new SessionHarness();
    h.connected(durable).publish(2, 7);
    const [message] = published(h);
    h.giveUp();
    const later = h.resume();
    later.publish(2, 7, "m", { dup: true });
    expect(published(h)[0]?.id).toBe(message?.id);
  });

  it("of the last connection does not end the present one", () => {
    const h = new SessionHarness();
    const client = h.connected(durable);
    client.publish(1, 7);
    client.drop();
    const later = h.resume();
    h.giveUp();
    expect(later.closed).toBeUndefined();
  });

  it("ends the connection that has sent the message again meanwhile: no PUBREC would follow by itself", () => {
    const h = new SessionHarness();
    const client = h.connected(durable);
    client.publish(2, 7);
    client.drop();
    const later = h.resume();
    later.publish(2, 7, "m", { dup: true });
    later.heard();
    h.giveUp();
    expect(later.heard()).toEqual(["DISCONNECT 0x89"]);
  });

  it("is not noticed at QoS 0 [B65]", () => {
    const h = new SessionHarness();
    const client = h.connected();
    client.publish(0, 0);
    h.giveUp();
    expect(client.closed).toBeUndefined();
  });
});

function published(h: SessionHarness) {
  const publishes = h.requests.map(({ request }) => request).filter(({ type }) => type.startsWith("publish"));
  return (publishes as RequestOf<"publish">[]).map(({ message }) => message);
}
