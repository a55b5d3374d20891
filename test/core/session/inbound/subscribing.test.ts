import { describe, expect, it } from "vitest";
import { fullAccess } from "../../../../src/core/access/access-rules.ts";
import { delivery, SessionHarness } from "../../../support/session-harness.ts";

const sharded = { topicShards: 4, layout: "1/4" };
const durable = { properties: { sessionExpiryInterval: 3600 } };

describe("SUBSCRIBE", () => {
  it("asks the topic object, and is answered when that has answered [MQTT-3.8.4-1] [MQTT-3.8.4-5]", () => {
    const h = new SessionHarness();
    const client = h.connected();
    client.send({
      cmd: "subscribe",
      messageId: 5,
      subscriptions: [{ topic: "a/+", qos: 1, nl: true, rap: true, rh: 2 }],
      properties: { subscriptionIdentifier: 9 },
    });
    expect(client.heard()).toEqual([]);
    const subscription = {
      topicFilter: "a/+",
      qos: 1,
      noLocal: true,
      retainAsPublished: true,
      subscriptionIdentifier: 9,
    };
    expect(h.requests.map(({ request }) => request)).toEqual([
      {
        type: "subscribe",
        generation: h.generation,
        subscription,
        sendRetained: false,
        by: { holder: "anonymous/c1", hearsRefusals: true },
      },
    ]);
    h.answer();
    expect(client.heard()).toEqual(["SUBACK #5 0x01"]);
  });

  it("with a wildcard waits for every shard, and keeps what was granted before SUBACK", () => {
    const h = new SessionHarness(sharded);
    const client = h.connected(durable);
    client.subscribe(5, "#");
    expect(h.requests.map(({ shard }) => shard)).toEqual([0, 1, 2, 3]);
    for (let answers = 0; answers < 3; answers += 1) h.answer();
    expect(client.heard()).toEqual([]);
    expect(h.store.subscriptions()).toEqual([]);
    h.answer();
    expect(client.heard()).toEqual(["SUBACK #5 0x02"]);
    expect(h.store.subscriptions()).toMatchObject([{ topicFilter: "#" }]);
  });

  it("without a wildcard asks the one shard of its topic", () => {
    const h = new SessionHarness(sharded);
    h.connected().subscribe(5, "a", "$share/g/a");
    expect(new Set(h.requests.map(({ shard }) => shard)).size).toBe(1);
  });

  it("with more filters than the session may hold is refused the rest, which is not asked for, and logged once [B37]", () => {
    const h = new SessionHarness({ limits: { maximumSubscriptions: 2 } });
    const client = h.connected(durable);
    client.subscribe(5, "a", "b", "c", "d");
    h.answerAll();
    expect(client.heard()).toEqual(["SUBACK #5 0x02 0x02 0x97 0x97"]);
    expect(h.store.subscriptions().map(({ topicFilter }) => topicFilter)).toEqual(["a", "b"]);
    client.subscribe(6, "c", "d");
    expect(h.requests).toEqual([]);
    const reason = "it holds 2: raise MAXIMUM_SUBSCRIPTIONS, or have it use wildcards";
    expect(h.log).toEqual([`a session is refused more subscriptions: ${reason}`]);
    client.drop();
    h.resume().subscribe(7, "e");
    expect(h.log).toHaveLength(2);
  });

  it("of thousands of filters is granted all of them, in one packet", () => {
    const h = new SessionHarness();
    const client = h.connected(durable);
    const filters = Array.from({ length: 5_000 }, (_, index) => `home/${index}/state`);
    client.subscribe(5, ...filters);
    h.answerAll();
    expect(client.packets()).toMatchObject([{ cmd: "suback", granted: filters.map(() => 2) }]);
    expect(h.store.subscriptions()).toHaveLength(5_000);
  });

  it("that changes nothing writes nothing, and one that does is written", () => {
    const h = new SessionHarness();
    const client = h.connected(durable);
    client.subscribe(5, "a", "b");
    h.answerAll();
    client.drop();
    const back = h.resume();
    h.store.writes.length = 0;
    back.subscribe(6, "a", { topic: "b", qos: 1 });
    h.answerAll();
    expect(h.store.writes).toHaveLength(1);
    h.crash();
    expect(h.store.subscriptions().map(({ topicFilter, qos }) => `${topicFilter} ${qos}`)).toEqual(["a 2", "b 1"]);
    back.speak(5);
    const later = h.resume();
    h.store.writes.length = 0;
    later.subscribe(7, "a");
    h.answerAll();
    expect(h.store.writes).toEqual([]);
    later.unsubscribe(8, "a");
    h.answerAll();
    later.subscribe(9, "a");
    h.answerAll();
    expect(h.store.subscriptions()).toHaveLength(2);
  });

  it("of MQTT 3.1.1 beyond a limit is refused with 0x80 [B37]", () => {
    const h = new SessionHarness({ limits: { maximumSubscriptions: 1 } });
    const client = h.connected({ protocolVersion: 4 });
    client.subscribe(5, "a", "b");
    h.answerAll();
    expect(client.heard()).toEqual(["SUBACK #5 0x02 0x80"]);
  });

  it("is answered before anything that the new subscription brings", () => {
    const h = new SessionHarness();
    const client = h.connected();
    client.subscribe(5, "a");
    expect(h.deliver(delivery("0", { qos: 0 }), delivery("1"))).toEqual([0, 0]);
    expect(client.heard()).toEqual([]);
    h.answer();
    expect(client.heard()).toEqual(["SUBACK #5 0x02", "PUBLISH 0 q0", "PUBLISH 1 q1 #1"]);
  });

  it("holds back until the last of several is answered", () => {
    const h = new SessionHarness({ limits: { maximumTopicLevels: 8 } });
    const client = h.connected();
    client.subscribe(5, "a");
    client.subscribe(6, "b", "1/2/3/4/5/6/7/8/9");
    h.deliver(delivery("1"));
    h.answer();
    expect(client.heard()).toEqual(["SUBACK #5 0x02"]);
    client.unsubscribe(7, "c");
    expect(client.heard()).toEqual(["UNSUBACK #7 0x11"]);
    h.answer();
    expect(client.heard()).toEqual(["SUBACK #6 0x02 0x8f", "PUBLISH 1 q1 #1"]);
  });

  it("does not hold up acknowledgements and pings", () => {
    const h = new SessionHarness();
    const client = h.connected();
    client.subscribe(5, "a");
    client.acknowledge("pubrel", 1);
    client.send({ cmd: "pingreq" });
    expect(client.heard()).toEqual(["PUBCOMP #1 0x92", "PINGRESP"]);
  });

  it("of the last connection is kept, and not answered in the present one", () => {
    const h = new SessionHarness();
    const client = h.connected(durable);
    client.subscribe(5, "a");
    client.drop();
    const later = h.resume();
    h.deliver(delivery("1"));
    h.answer();
    expect(later.heard()).toEqual(["CONNACK present", "PUBLISH 1 q1 #1"]);
    expect(h.store.subscriptions()).toHaveLength(1);
  });

  it("of an earlier life of the session is not kept", () => {
    const h = new SessionHarness();
    h.connected(durable).subscribe(5, "a");
    h.connected(durable);
    h.answer();
    expect(h.store.subscriptions()).toEqual([]);
  });

  it("that a shard does not answer is refused for that filter alone, and not kept [B38]", () => {
    const h = new SessionHarness(sharded);
    const client = h.connected(durable);
    client.subscribe(5, "a", "#");
    h.answer();
    h.answer();
    h.giveUp();
    expect(client.heard()).toEqual(["SUBACK #5 0x02 0x80"]);
    expect(h.store.subscriptions()).toMatchObject([{ topicFilter: "a" }]);
    expect(client.closed).toBeUndefined();
  });

  it("that fails for a filter that was granted before leaves what was granted, answered or not [B38]", () => {
    for (const properties of [durable, {}]) {
      const h = new SessionHarness();
      const client = h.connected(properties);
      client.subscribe(5, { topic: "a", qos: 1 });
      h.answerAll(1);
      client.subscribe(6, { topic: "a", qos: 2 });
      h.giveUp();
      expect(client.heard()).toEqual(["SUBACK #5 0x01", "SUBACK #6 0x80"]);
      if (properties === durable) expect(h.store.subscriptions()).toMatchObject([{ topicFilter: "a", qos: 1 }]);
      // The topic object may have the one or the other.
      const subscription = expect.objectContaining({ topicFilter: "a", qos: 1 });
      expect(h.takeRequests()).toMatchObject([{ type: "subscribe", subscription, sendRetained: false }]);
      client.unsubscribe(7, "a");
      expect(h.takeRequests()).toMatchObject([{ type: "unsubscribe", topicFilter: "a" }]);
    }
  });

  it("that fails after its connection leaves what was granted, for the session that is resumed [B38]", () => {
    const h = new SessionHarness();
    const client = h.connected(durable);
    client.subscribe(5, "a");
    h.answerAll();
    client.subscribe(6, "a");
    client.drop();
    h.giveUp();
    expect(h.store.subscriptions()).toMatchObject([{ topicFilter: "a" }]);
    expect(h.takeRequests()).toMatchObject([{ type: "subscribe" }]);
  });

  it("that failed is taken back from the shards that had it, unless it was asked for again meanwhile [B38]", () => {
    const h = new SessionHarness(sharded);
    const client = h.connected();
    client.subscribe(5, "#");
    h.giveUp();
    expect(h.requests.map(({ shard, request }) => `${request.type} ${shard}`)).toEqual(
      [0, 1, 2, 3].map((shard) => `unsubscribe ${shard}`),
    );
    client.subscribe(6, "a");
    client.subscribe(7, "a");
    h.requests = h.requests.slice(-2);
    h.answer(0x80);
    h.answer(2);
    expect(client.heard()).toEqual(["SUBACK #5 0x80", "SUBACK #6 0x80", "SUBACK #7 0x02"]);
    expect(h.requests).toEqual([]);
  });

  it("asks for retained messages as Retain Handling says [MQTT-3.3.1-9] [MQTT-3.3.1-10] [MQTT-3.3.1-11]", () => {
    const h = new SessionHarness();
    const client = h.connected();
    const asked = [0, 1, 2, 0, 1, 2].map((rh, index) => {
      client.subscribe(5, { topic: index < 3 ? `a${rh}` : "a0", rh });
      const [request] = h.takeRequests();
      return request?.type === "subscribe" && request.sendRetained;
    });
    expect(asked).toEqual([true, true, false, true, false, false]);
  });

  it("that failed leaves the next one a new subscription [MQTT-3.3.1-10]", () => {
    const h = new SessionHarness();
    const client = h.connected();
    client.subscribe(5, { topic: "a", rh: 1 });
    h.giveUp();
    // A shard may have it all the same.
    expect(h.takeRequests()).toMatchObject([{ type: "unsubscribe", topicFilter: "a" }]);
    client.subscribe(6, { topic: "a", rh: 1 });
    expect(h.takeRequests()).toMatchObject([{ type: "subscribe", sendRetained: true }]);
  });

  it("with a filter twice is as two of one filter each [MQTT-3.8.4-5]", () => {
    const h = new SessionHarness();
    const client = h.connected(durable);
    client.subscribe(5, { topic: "a", qos: 1, rh: 1 }, { topic: "a", qos: 0, rh: 1 });
    expect(h.requests).toMatchObject([{ request: { sendRetained: true } }, { request: { sendRetained: false } }]);
    h.answerAll();
    expect(client.heard()).toEqual(["SUBACK #5 0x01 0x00"]);
    expect(h.store.subscriptions()).toMatchObject([{ topicFilter: "a", qos: 0 }]);
  });

  it("is refused by filter: too many levels, not allowed, too many [MQTT-3.9.3-1] [B37]", () => {
    const anonymousRules = { ...fullAccess, subscribe: { allow: ["#"], deny: ["secret"] } };
    const h = new SessionHarness({ anonymousRules, limits: { maximumTopicLevels: 8, maximumSubscriptions: 2 } });
    const client = h.connected();
    client.subscribe(5, "1/2/3/4/5/6/7/8/9", "secret", "a", "b", "c", "b");
    expect(h.requests).toHaveLength(3);
    h.answerAll();
    expect(client.heard()).toEqual(["SUBACK #5 0x8f 0x87 0x02 0x02 0x97 0x02"]);
    client.unsubscribe(6, "a");
    client.subscribe(7, "c");
    h.answerAll();
    expect(client.heard()).toEqual(["UNSUBACK #6 0x00", "SUBACK #7 0x02"]);
  });

  it("of nothing but refused filters is answered at once, and holds nothing back", () => {
    const h = new SessionHarness({ limits: { maximumTopicLevels: 8 } });
    const client = h.connected();
    client.subscribe(5, "1/2/3/4/5/6/7/8/9");
    h.generation = "random0001";
    expect(client.heard()).toEqual(["SUBACK #5 0x8f"]);
    h.deliver(delivery("1"));
    expect(client.heard()).toEqual(["PUBLISH 1 q1 #1"]);
  });

  it("with No Local on a shared subscription ends the connection, and asks for nothing [MQTT-3.8.3-4]", () => {
    const h = new SessionHarness();
    const client = h.connected();
    client.subscribe(5, "a", { topic: "$share/g/a", nl: true });
    expect(client.heard()).toEqual(["DISCONNECT 0x82"]);
    expect(h.requests).toEqual([]);
  });
});

describe("UNSUBSCRIBE", () => {
  it("that could not be done is told with a code that UNSUBACK has, whatever the reason", () => {
    const h = new SessionHarness();
    const client = h.connected();
    client.subscribe(5, "a");
    h.answer();
    client.unsubscribe(6, "a");
    h.answer(0x97);
    expect(client.heard()).toEqual(["SUBACK #5 0x02", "UNSUBACK #6 0x80"]);
  });

  it("tells the topic objects, and is answered when they have answered [MQTT-3.10.4-1] [MQTT-3.10.4-4]", () => {
    const h = new SessionHarness(sharded);
    const client = h.connected(durable);
    client.subscribe(5, "#", "a");
    h.answerAll();
    client.heard();
    client.unsubscribe(6, "#", "never", "#");
    expect(h.requests.map(({ shard, request }) => [shard, request.type])).toEqual(
      [0, 1, 2, 3].map((shard) => [shard, "unsubscribe"]),
    );
    expect(client.heard()).toEqual([]);
    h.answerAll();
    expect(client.heard()).toEqual(["UNSUBACK #6 0x00 0x11 0x11"]);
    expect(h.store.subscriptions()).toMatchObject([{ topicFilter: "a" }]);
  });

  it("that a shard does not answer has failed, and can be tried again [B69]", () => {
    const h = new SessionHarness(sharded);
    const client = h.subscribed();
    client.unsubscribe(6, "a");
    h.giveUp();
    expect(h.store.subscriptions()).toHaveLength(1);
    client.unsubscribe(7, "a");
    h.answerAll();
    expect(client.heard()).toEqual(["UNSUBACK #6 0x80", "UNSUBACK #7 0x00"]);
    expect(h.store.subscriptions()).toEqual([]);
  });

  it("and SUBSCRIBE behind it leave the subscription", () => {
    const h = new SessionHarness();
    const client = h.subscribed();
    client.unsubscribe(6, "a");
    client.subscribe(7, "a");
    expect(h.requests.map(({ request }) => request.type)).toEqual(["unsubscribe", "subscribe"]);
    h.answerAll();
    expect(client.heard()).toEqual(["UNSUBACK #6 0x00", "SUBACK #7 0x02"]);
    expect(h.store.subscriptions()).toHaveLength(1);
  });
});

describe("the end of a session", () => {
  it("is sent to every shard that was ever asked, answered or not", () => {
    const h = new SessionHarness(sharded);
    const client = h.connected();
    client.subscribe(5, "a");
    const [first] = h.requests.map(({ shard }) => shard);
    h.answerAll();
    client.unsubscribe(6, "a");
    h.answerAll();
    client.subscribe(7, "+/b");
    h.requests = [];
    client.drop();
    expect(h.requests.map(({ shard }) => shard).sort()).toEqual([0, 1, 2, 3]);
    expect(h.requests).toContainEqual({
      type: "request",
      shard: first,
      request: { type: "end", generation: h.generation },
      bytes: expect.any(Number),
      token: undefined,
    });
  });

  it("is told after a crash as well, to the shards of what is on disk", () => {
    const h = new SessionHarness(sharded);
    h.subscribed();
    h.crash();
    h.connect();
    expect(h.takeRequests()).toEqual([{ type: "end", generation: h.generation }]);
  });

  it("is sent to no shard if none was asked", () => {
    const h = new SessionHarness(sharded);
    h.connected().drop();
    expect(h.requests).toEqual([]);
  });
});
