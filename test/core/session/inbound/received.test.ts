// QoS 2 messages from the client that the session has received: what of it outlives the connection and the object, so
// that nothing is forwarded twice. MQTT 5.0 section 4.3.3.

import { describe, expect, it } from "vitest";
import { SessionHarness } from "../../../support/session-harness.ts";

const durable = { properties: { sessionExpiryInterval: 3600 } };

/** A durable session has handed a message to the topic object. */
function forwarded() {
  const h = new SessionHarness();
  const client = h.connected(durable);
  client.publish(2, 7);
  return { h, client };
}

/** The topic object has answered as well. */
function received() {
  const scene = forwarded();
  scene.h.answer();
  return scene;
}

describe("a QoS 2 message that was received and not completed", () => {
  it("is written as received when the connection goes, and not before", () => {
    const { h, client } = received();
    expect(h.store.incoming()).toMatchObject([{ isReceived: false }]);
    client.drop();
    expect(h.store.incoming()).toMatchObject([{ packetId: 7, isReceived: true }]);
    expect(h.store.writes.filter((write) => write === "putIncoming")).toHaveLength(2);
  });

  it("is acknowledged again after a restart, without being forwarded [MQTT-4.3.3-10]", () => {
    const { h, client } = received();
    client.drop();
    h.crash();
    const later = h.resume();
    later.publish(2, 7, "m", { dup: true });
    expect(later.heard()).toEqual(["CONNACK present", "PUBREC #7"]);
    expect(h.requests).toEqual([]);
    later.acknowledge("pubrel", 7);
    expect(later.heard()).toEqual(["PUBCOMP #7"]);
    expect(h.store.incoming()).toEqual([]);
  });

  it("is written when the answer comes after the connection has gone", () => {
    const { h, client } = forwarded();
    client.drop();
    h.answer();
    expect(h.store.incoming()).toMatchObject([{ packetId: 7, isReceived: true }]);
  });

  it("keeps its identity when it is refused with nobody to hear of it: some may have it", () => {
    const { h, client } = forwarded();
    const first = h.requests.at(-1)?.request;
    client.drop();
    h.answer(0x97);
    h.resume().publish(2, 7, "m", { dup: true });
    expect(h.requests.at(-1)?.request).toEqual({ ...first, type: "publish again" });
  });

  it("is written after a hibernation as well", () => {
    const { h, client } = received();
    h.hibernate();
    client.drop();
    h.crash();
    const later = h.resume();
    later.publish(2, 7, "m", { dup: true });
    expect(later.heard()).toEqual(["CONNACK present", "PUBREC #7"]);
    expect(h.requests).toEqual([]);
  });

  it("is written once, however many connections it outlives", () => {
    const { h, client } = received();
    client.drop();
    h.resume().drop();
    h.crash();
    h.resume().drop();
    expect(h.store.writes.filter((write) => write === "putIncoming")).toHaveLength(2);
  });

  it("costs no second write when PUBREL comes in time", () => {
    const { h, client } = received();
    client.acknowledge("pubrel", 7);
    client.drop();
    expect(h.store.writes.filter((write) => write.endsWith("Incoming"))).toEqual(["putIncoming", "deleteIncoming"]);
  });

  it("is not taken for received while the topic object has not answered", () => {
    const { h, client } = forwarded();
    client.drop();
    expect(h.store.incoming()).toMatchObject([{ isReceived: false }]);
    h.crash();
    h.resume().publish(2, 7, "m", { dup: true });
    expect(h.takeRequests()).toMatchObject([{ type: "publish again" }]);
  });
});

describe("a topic object that fails at a message", () => {
  const failed = 0x80;

  it.each([1, 2] as const)(
    "ends a connection of MQTT 3.1.1 at QoS %d: an acknowledgement would mean success [B65]",
    (qos) => {
      const h = new SessionHarness();
      const client = h.connected({ protocolVersion: 4, clean: false });
      client.publish(qos, 7);
      h.answer(failed);
      expect(client.heard()).toEqual([]);
      expect(client.closed?.code).toBe(1008);
    },
  );

  it("has a client of MQTT 3.1.1 send its QoS 2 message again, under the same id [B65]", () => {
    const h = new SessionHarness();
    const client = h.connected({ protocolVersion: 4, clean: false });
    client.publish(2, 7);
    const [{ messageId } = { messageId: "" }] = h.store.incoming();
    h.answer(failed);
    const later = h.connected({ protocolVersion: 4, clean: false });
    later.publish(2, 7, "m", { dup: true });
    expect(h.requests).toMatchObject([{ request: { type: "publish again", message: { id: messageId } } }]);
    h.answer();
    expect(later.heard()).toEqual(["PUBREC #7"]);
  });

  it("is reported to a client of MQTT 5.0, whose connection goes on [B65]", () => {
    const h = new SessionHarness();
    const client = h.connected(durable);
    client.publish(1, 1);
    client.publish(2, 2);
    h.answerAll(failed);
    expect(client.heard()).toEqual(["PUBACK #1 0x80", "PUBREC #2 0x80"]);
    expect(client.closed).toBeUndefined();
  });

  it("leaves other refusals to MQTT 3.1.1 as they are: acknowledged [3.1.1 MQTT-3.3.5-2] [B21]", () => {
    const h = new SessionHarness();
    const client = h.connected({ protocolVersion: 4 });
    client.publish(1, 1);
    h.answer(0x97);
    expect(client.heard()).toEqual(["PUBACK #1"]);
  });
});
