// Maximum Packet Size of the client: what is larger is not sent, and nobody waits for it. MQTT 5.0 section 3.1.2.11.4.

import type { IDisconnectPacket, Packet } from "mqtt-packet";
import { describe, expect, it, vi } from "vitest";
import { DeliveryAnswer } from "../../../../src/core/topic/delivery-question.ts";
import { delivery, SessionHarness, type TestSocket } from "../../../support/session-harness.ts";

const atMost = (maximumPacketSize: number, more: object = {}) => ({
  properties: { sessionExpiryInterval: 3600, maximumPacketSize, ...more },
});
const large = "x".repeat(100);

const withWill = { will: { topic: "w", payload: Buffer.from("gone"), qos: 1 as const, retain: false } };

function sizesOf(socket: TestSocket): number[] {
  const sizes: number[] = [];
  const on = socket.on.bind(socket);
  vi.spyOn(socket, "on").mockImplementation((effect) => {
    if (effect.type === "send") sizes.push(effect.bytes.length);
    on(effect);
  });
  return sizes;
}

describe("a PUBLISH that is larger than the client takes", () => {
  it.each([0, 1, 2] as const)(
    "at QoS %i is skipped and counted once; its publisher hears nothing of it [MQTT-3.1.2-24] [MQTT-3.1.2-25] [B43]",
    (qos) => {
      const h = new SessionHarness();
      const client = h.subscribed(atMost(60));
      const answers = h.deliver(delivery(large, { qos }), delivery("next", { qos: 1 }));
      expect(answers).toEqual([DeliveryAnswer.Accepted, DeliveryAnswer.Accepted]);
      expect(client.heard()).toEqual([`PUBLISH next q1 #${qos === 0 ? 1 : 2}`]);
      expect(h.session.droppedMessages).toBe(1);
      expect(h.store.outgoing()).toHaveLength(1);
      client.acknowledge("puback", qos === 0 ? 1 : 2);
      client.drop();
      expect(h.resume(atMost(60)).heard()).toEqual(["CONNACK present"]);
      expect(h.session.droppedMessages).toBe(1);
    },
  );

  it("takes no place in the client's window, and what is behind it goes [B43]", () => {
    const h = new SessionHarness();
    const client = h.subscribed(atMost(60, { receiveMaximum: 1 }));
    h.deliver(delivery("1"), delivery(large), delivery(large, { qos: 2 }), delivery("4"), delivery(large));
    expect(client.heard()).toEqual(["PUBLISH 1 q1 #1"]);
    client.acknowledge("puback", 1);
    expect(client.heard()).toEqual(["PUBLISH 4 q1 #4"]);
    client.acknowledge("puback", 4);
    expect(h.store.outgoing()).toEqual([]);
    expect(h.session.droppedMessages).toBe(3);
  });

  it("and waits for a SUBACK is skipped as well", () => {
    const h = new SessionHarness();
    const client = h.subscribed(atMost(60));
    client.subscribe(2, "b");
    h.deliver(delivery(large, { qos: 0, retain: true }), delivery(large, { retain: true }), delivery("3"));
    h.answerAll(2);
    expect(client.heard()).toEqual(["SUBACK #2 0x02", "PUBLISH 3 q1 #2"]);
    expect(h.session.droppedMessages).toBe(2);
  });

  it("though an earlier connection had taken it is complete; PUBREL goes on", () => {
    const h = new SessionHarness();
    const client = h.subscribed();
    h.deliver(delivery(large, { qos: 2 }), delivery(large, { qos: 2 }), delivery("3"));
    client.acknowledge("pubrec", 2);
    client.drop();
    const later = h.resume(atMost(60));
    expect(later.heard()).toEqual(["CONNACK present", "PUBREL #2", "PUBLISH 3 q1 #3 dup"]);
    expect(h.session.droppedMessages).toBe(1);
    later.acknowledge("pubrec", 1);
    later.acknowledge("pubcomp", 2);
    expect(later.heard()).toEqual(["PUBREL #1 0x92"]);
    expect(h.store.outgoing()).toHaveLength(1);
  });
});

describe("a CONNACK that is larger than the client takes", () => {
  it("refuses the connection before anything has changed [B12]", () => {
    const h = new SessionHarness();
    const first = h.subscribed();
    const second = h.connect({ ...atMost(10), ...withWill, clean: true });
    expect(second.heard()).toEqual(["CONNACK new 0x83"]);
    expect(second.closed).toBeDefined();
    expect(first.closed).toBeUndefined();
    expect(h.store.wills()).toEqual([]);
    h.deliver(delivery("1"));
    expect(first.heard()).toEqual(["PUBLISH 1 q1 #1"]);
  });

  it("is sent where it just fits", () => {
    const h = new SessionHarness();
    const probe = h.open();
    const [bytes = 0] = sizesAfter(probe, { ...atMost(1000), clientId: "" });
    expect(h.connect({ ...atMost(bytes), clientId: "" }).heard()).toEqual(["CONNACK new"]);
    expect(h.connect({ ...atMost(bytes - 1), clientId: "" }).heard()).toEqual(["CONNACK new 0x83"]);
  });

  it("leaves out why a connection is refused, and is not sent at all where not even that fits [MQTT-3.1.2-24]", () => {
    const h = new SessionHarness();
    const heard = [1000, 5, 4].map((maximumPacketSize) => {
      const client = h.connect({ clientId: "another", properties: { maximumPacketSize } });
      expect(client.closed).toBeDefined();
      return client.packets();
    });
    expect(heard).toMatchObject([[{ reasonCode: 0x85, properties: {} }], [{ reasonCode: 0x85 }], []]);
    expect(heard[1]?.[0]).not.toHaveProperty("properties.reasonString");
  });
});

function sizesAfter(socket: TestSocket, fields: object): number[] {
  const sizes = sizesOf(socket);
  socket.send({ cmd: "connect", protocolVersion: 5, clean: true, clientId: "c1", keepalive: 60, ...fields });
  return sizes;
}

describe("a SUBSCRIBE or UNSUBSCRIBE whose answer is larger than the client takes", () => {
  const filters = Array.from({ length: 60 }, (_, index) => `f${index}`);
  const suback = (count: number) => 2 + 2 + 1 + count;

  it("ends the connection, and nothing is asked of the topic objects [MQTT-3.1.2-24] [B12]", () => {
    for (const ask of ["subscribe", "unsubscribe"] as const) {
      const h = new SessionHarness();
      const client = h.connected(atMost(suback(60) - 1));
      client[ask](1, ...filters);
      expect(client.heard()).toEqual(["DISCONNECT 0x95"]);
      expect(client.closed).toBeDefined();
      expect(h.requests).toEqual([]);
    }
  });

  it("is answered where the answer just fits", () => {
    const h = new SessionHarness();
    const client = h.connected(atMost(suback(60)));
    client.subscribe(1, ...filters);
    h.answerAll(2);
    client.unsubscribe(2, ...filters);
    h.answerAll();
    expect(client.packets().map(({ cmd }: Packet) => cmd)).toEqual(["suback", "unsuback"]);
  });
});

describe("a DISCONNECT that is larger than the client takes", () => {
  it.each([
    [29, "AUTH has the flags 0x1"],
    [28, undefined],
  ])("says in words what was wrong within %i bytes: %s [B20]", (maximum, reasonString) => {
    const h = new SessionHarness();
    const client = h.connected(atMost(maximum));
    client.frame(Uint8Array.of(0xf1, 0));
    const [disconnect] = client.packets();
    expect(disconnect).toMatchObject({ cmd: "disconnect", reasonCode: 0x81 });
    expect((disconnect as IDisconnectPacket).properties?.reasonString).toBe(reasonString);
  });
});

describe("whatever a client's Maximum Packet Size is", () => {
  it("no packet is larger, and no connection is left waiting [MQTT-3.1.2-24]", () => {
    for (let maximum = 1; maximum <= 150; maximum += 1) {
      const h = new SessionHarness({ limits: { maximumTopicLevels: 8 } });
      const client = h.open();
      const properties = { maximumPacketSize: maximum, topicAliasMaximum: 2, sessionExpiryInterval: 60 };
      const sizes = sizesAfter(client, { properties, clientId: "" });
      const isLeft = () => client.closed !== undefined;
      if (!isLeft()) client.subscribe(1, ...Array.from({ length: 40 }, (_, index) => `f${index}`));
      if (!isLeft()) {
        h.answerAll(2);
        const sizesOfPayloads = [0, 20, 40, 60, 80, 100, 120, 140];
        const payloads = sizesOfPayloads.map((bytes) => "x".repeat(bytes));
        for (const qos of [0, 1, 2] as const) {
          h.deliver(...payloads.map((text) => delivery(text, { qos, topicName: `topic/${qos}` })));
        }
        client.publish(1, 1, "m", { topic: "1/2/3/4/5/6/7/8/9" });
        client.publish(2, 2, "m", { topic: "1/2/3/4/5/6/7/8/9" });
        client.send({ cmd: "pingreq" });
        const received = client.packets().map(({ cmd }) => cmd);
        for (const cmd of ["suback", "puback", "pubrec", "pingresp"]) expect(received).toContain(cmd);
        client.frame(Uint8Array.of(0xf1, 0));
      }
      expect(isLeft()).toBe(true);
      expect(Math.max(0, ...sizes)).toBeLessThanOrEqual(maximum);
    }
  });
});
