// How often a client may publish, subscribe and connect, over all of its connections. MQTT leaves it to the broker.

import { describe, expect, it } from "vitest";
import { delivery, SessionHarness, type TestSocket } from "../../../support/session-harness.ts";

describe("publishing too often", () => {
  // At once five seconds' worth.
  const limits = { maximumPublishRate: 2 };
  const publishAll = (client: TestSocket, count: number) => {
    for (let packetId = 1; packetId <= count; packetId += 1) client.publish(1, packetId);
  };

  it("ends the connection, and what came before goes its way [maximumPublishRate] [B75]", () => {
    const h = new SessionHarness({ limits });
    const client = h.connected();
    publishAll(client, 10);
    h.answer();
    client.publish(1, 11);
    expect(client.heard()).toEqual(["PUBACK #1", "DISCONNECT 0x96"]);
    expect(client.closed?.code).toBe(1008);
    expect(h.takeRequests()).toHaveLength(9);
  });

  it("closes a connection of MQTT 3.1.1", () => {
    const h = new SessionHarness({ limits });
    const client = h.connected({ protocolVersion: 4 });
    publishAll(client, 11);
    expect(client.heard()).toEqual([]);
    expect(client.closed?.code).toBe(1008);
    expect(h.takeRequests()).toHaveLength(10);
  });

  it("counts what is sent again, at every QoS, and what is refused", () => {
    const h = new SessionHarness({ limits });
    const client = h.connected();
    for (let count = 0; count < 5; count += 1) client.publish(2, 1);
    for (let count = 0; count < 4; count += 1) client.publish(0, 0);
    client.publish(1, 2, "m", { topic: "$SYS/broker" });
    expect(client.heard()).toEqual(["PUBACK #2 0x87"]);
    client.publish(2, 1);
    expect(client.heard()).toEqual(["DISCONNECT 0x96"]);
  });

  it("is counted over a client's connections, and with time forgiven", () => {
    const h = new SessionHarness({ limits });
    publishAll(h.connected(), 11);
    h.pass(1);
    const later = h.connected();
    publishAll(later, 2);
    expect(later.closed).toBeUndefined();
    later.publish(1, 3);
    expect(later.heard()).toEqual(["DISCONNECT 0x96"]);
    h.pass(3600);
    publishAll(h.connected(), 11);
    expect(h.takeRequests()).toHaveLength(10 + 2 + 10);
  });

  it("does not keep a client from getting through with more, connection by connection", () => {
    const h = new SessionHarness({ limits });
    let unacknowledged = Array.from({ length: 25 }, (_, index) => index + 1);
    let connections = 0;
    while (unacknowledged.length > 0 && connections < 20) {
      const client = h.resume();
      connections += 1;
      for (const packetId of unacknowledged.filter(() => client.closed === undefined)) {
        client.publish(1, packetId);
        h.answerAll();
      }
      const heard = client.heard();
      unacknowledged = unacknowledged.filter((packetId) => !heard.includes(`PUBACK #${packetId}`));
      h.pass(1);
    }
    // Ten at first, and then two a second.
    expect(connections).toBe(9);
  });

  it("is nobody's mistake where the limit is 0", () => {
    const h = new SessionHarness({ limits: { maximumPublishRate: 0 } });
    const client = h.connected();
    publishAll(client, 1000);
    expect(client.closed).toBeUndefined();
  });

  it("is not sending what gathered while the client was away, with the default", () => {
    const h = new SessionHarness();
    const client = h.connected();
    publishAll(client, 25_000);
    expect(client.closed).toBeUndefined();
  });
});

describe("subscribing too often", () => {
  // At once five seconds' worth.
  const limits = { maximumSubscribeRate: 2 };
  const filters = (count: number) => Array.from({ length: count }, (_, index) => `f${index}`);

  it("ends the connection, and what came before goes its way [maximumSubscribeRate] [B83]", () => {
    const h = new SessionHarness({ limits });
    const client = h.connected();
    client.subscribe(1, ...filters(10));
    h.answerAll();
    expect(client.heard()).toHaveLength(1);
    client.subscribe(2, "one more");
    expect(client.heard()).toEqual(["DISCONNECT 0x96"]);
    expect(client.closed?.code).toBe(1008);
    expect(h.takeRequests().map(({ type }) => type)).toEqual(["end"]);
  });

  it("closes a connection of MQTT 3.1.1", () => {
    const h = new SessionHarness({ limits });
    const client = h.connected({ protocolVersion: 4 });
    client.subscribe(1, ...filters(11));
    expect(client.heard()).toEqual([]);
    expect(client.closed?.code).toBe(1008);
  });

  it("counts filters, also of UNSUBSCRIBE and those that are refused", () => {
    const h = new SessionHarness({ limits: { ...limits, maximumTopicLevels: 8 } });
    const client = h.connected();
    client.subscribe(1, ...filters(3));
    client.unsubscribe(2, ...filters(3), "unknown");
    client.subscribe(3, ...filters(3).map((filter) => `1/2/3/4/5/6/7/8/${filter}`));
    h.answerAll();
    expect(client.heard()).toHaveLength(3);
    client.unsubscribe(4, "unknown");
    expect(client.heard()).toEqual(["DISCONNECT 0x96"]);
  });

  it("is counted over a client's connections, apart from what it publishes, and with time forgiven", () => {
    const h = new SessionHarness({ limits });
    h.connected().subscribe(1, ...filters(10));
    h.pass(1);
    const later = h.connected();
    for (let packetId = 1; packetId <= 20; packetId += 1) later.publish(0, 0);
    later.subscribe(2, ...filters(2));
    expect(later.closed).toBeUndefined();
    later.subscribe(3, "one more");
    expect(later.closed?.code).toBe(1008);
    h.pass(3600);
    const last = h.connected();
    last.subscribe(4, ...filters(10));
    expect(last.closed).toBeUndefined();
  });

  it("is nobody's mistake where the limit is 0", () => {
    const h = new SessionHarness({ limits: { maximumSubscribeRate: 0 } });
    const client = h.connected();
    for (let packetId = 1; packetId <= 1000; packetId += 1) client.subscribe(packetId, ...filters(20));
    expect(client.closed).toBeUndefined();
  });

  it("is not coming back each second and subscribing to all that one may, with the defaults", () => {
    const h = new SessionHarness();
    const all = filters(1000);
    for (let connections = 0; connections < 60; connections += 1) {
      const client = h.connected();
      for (let from = 0; from < all.length; from += 200) {
        client.subscribe(from + 1, ...all.slice(from, from + 200));
        h.answerAll(2);
      }
      expect(client.heard().filter((line) => line.startsWith("SUBACK"))).toHaveLength(5);
      expect(client.closed).toBeUndefined();
      h.pass(1);
    }
  });
});

describe("connecting too often", () => {
  const limits = { maximumConnectsPerMinute: 3 };

  it("is refused, and the present connection goes on [maximumConnectsPerMinute] [B76]", () => {
    const h = new SessionHarness({ limits });
    const [first, second, present] = [h.connected(), h.connected(), h.subscribed()];
    expect([first?.heard(), second?.heard()]).toEqual([["DISCONNECT 0x8e"], ["DISCONNECT 0x8e"]]);
    const stored = h.store.readRecord();
    const refused = h.connect();
    expect(refused.heard()).toEqual(["CONNACK new 0x9f"]);
    expect(refused.closed?.code).toBe(1008);
    expect(h.store.readRecord()).toEqual(stored);
    h.deliver(delivery("still there"));
    expect(present.heard()).toEqual(["PUBLISH still there q1 #1"]);
  });

  it.each([3, 4] as const)("is refused with return code 3 in protocol version %i [B76]", (protocolVersion) => {
    const h = new SessionHarness({ limits: { maximumConnectsPerMinute: 1 } });
    h.connected({ protocolVersion });
    expect(h.connect({ protocolVersion }).packets()).toMatchObject([{ cmd: "connack", returnCode: 3 }]);
  });

  it("is forgiven with time, and a refusal costs nothing", () => {
    const h = new SessionHarness({ limits });
    for (let count = 0; count < 3; count += 1) h.connected();
    for (let seconds = 0; seconds < 19; seconds += 1) {
      h.pass(1);
      expect(h.connect().heard()).toEqual(["CONNACK new 0x9f"]);
    }
    h.pass(1);
    expect(h.connect().heard()).toEqual(["CONNACK new"]);
  });

  it("is not what others do who are not let in", () => {
    const h = new SessionHarness({ limits, anonymousRules: undefined });
    for (let count = 0; count < 10; count += 1) expect(h.connect().heard()).toEqual(["CONNACK new 0x87"]);
    expect(h.connect({ username: "user" }).heard()).toEqual(["CONNACK new"]);
  });

  it("is nobody's mistake where the limit is 0", () => {
    const h = new SessionHarness({ limits: { maximumConnectsPerMinute: 0 } });
    for (let count = 0; count < 1000; count += 1) h.connected();
  });
});
