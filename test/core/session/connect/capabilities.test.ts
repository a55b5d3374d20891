import { describe, expect, it } from "vitest";
import type { Capabilities } from "../../../../src/core/capabilities.ts";
import { SessionHarness } from "../../../support/session-harness.ts";

const nothing: Capabilities = {
  maximumQos: 0,
  retainAvailable: 0,
  wildcardSubscriptionAvailable: 0,
  subscriptionIdentifiersAvailable: 0,
  sharedSubscriptionAvailable: 0,
};

function willOf(fields: object) {
  return { topic: "a", payload: Buffer.from("gone"), qos: 0, retain: false, ...fields };
}

describe("CONNACK", () => {
  it("tells what is not available, and not what is [MQTT-3.2.2-9] [B11]", () => {
    const limited = { receiveMaximum: 1_000, maximumPacketSize: 1_900_000, topicAliasMaximum: 32 };
    expect(new SessionHarness().connected().connack).toHaveProperty("properties", limited);
    expect(new SessionHarness({ capabilities: { maximumQos: 1 } }).connected().connack).toHaveProperty("properties", {
      ...limited,
      maximumQoS: 1,
    });
    expect(new SessionHarness({ capabilities: nothing }).connected().connack).toHaveProperty("properties", {
      ...limited,
      maximumQoS: 0,
      retainAvailable: false,
      wildcardSubscriptionAvailable: false,
      subscriptionIdentifiersAvailable: false,
      sharedSubscriptionAvailable: false,
    });
  });

  it.each([
    ["above the maximum QoS", { maximumQos: 1 }, { qos: 2 }, "0x9b", "[MQTT-3.2.2-12]"],
    ["retained where that is not available", { retainAvailable: 0 }, { retain: true }, "0x9a", "[MQTT-3.2.2-13]"],
  ])("refuses a Will %s, and changes nothing: %j %j %s %s", (_, capabilities, will, code, _rule) => {
    const h = new SessionHarness({ capabilities });
    const first = h.connected();
    const refused = h.connect({ will: willOf(will) });
    expect(refused.heard()).toEqual([`CONNACK new ${code}`]);
    expect(refused.closed?.code).toBe(1008);
    expect(first.closed).toBeUndefined();
    expect(h.store.writes).toEqual([]);
  });

  it("refuses such a Will with return code 5 before MQTT 5.0 [B10]", () => {
    const h = new SessionHarness({ capabilities: nothing, limits: { maximumTopicLevels: 8 } });
    for (const [protocolVersion, fields] of [
      [3, { qos: 1 }],
      [4, { retain: true }],
      [4, { topic: "1/2/3/4/5/6/7/8/9" }],
    ] as const) {
      const refused = h.connect({ protocolVersion, will: willOf(fields) });
      expect(refused.heard()).toEqual(["CONNACK new 0x05"]);
      expect(refused.closed?.code).toBe(1008);
    }
  });

  it("accepts a Will within what is available", () => {
    const h = new SessionHarness({ capabilities: { maximumQos: 1, retainAvailable: 0 } });
    expect(h.connect({ will: willOf({ qos: 1 }) }).heard()).toEqual(["CONNACK new"]);
  });
});

describe("PUBLISH", () => {
  it.each([
    ["above the maximum QoS", { maximumQos: 1 }, 2, {}, "0x9b"],
    ["above the maximum QoS of 0", { maximumQos: 0 }, 1, {}, "0x9b"],
    ["retained where that is not available", { retainAvailable: 0 }, 1, { retain: true }, "0x9a"],
  ] as const)("%s ends the connection, and goes nowhere: %j [B66]", (_, capabilities, qos, fields, code) => {
    const h = new SessionHarness({ capabilities });
    const client = h.connected();
    client.publish(qos, 7, "m", fields);
    expect(client.heard()).toEqual([`DISCONNECT ${code}`]);
    expect(client.closed?.code).toBe(1008);
    const older = h.connected({ protocolVersion: 4 });
    older.publish(qos, 7, "m", fields);
    expect(older.heard()).toEqual([]);
    expect(older.closed?.code).toBe(1008);
    expect(h.requests).toEqual([]);
  });

  it("up to the maximum QoS is taken", () => {
    const h = new SessionHarness({ capabilities: { maximumQos: 1, retainAvailable: 0 } });
    const client = h.connected();
    client.publish(0, 0);
    client.publish(1, 7);
    h.answerAll();
    expect(client.heard()).toEqual(["PUBACK #7"]);
  });
});

describe("SUBSCRIBE", () => {
  it.each([3, 4, 5] as const)("of version %d is granted up to the maximum QoS [MQTT-3.2.2-10]", (protocolVersion) => {
    const h = new SessionHarness({ capabilities: { maximumQos: 1 } });
    const client = h.connected({ protocolVersion });
    client.subscribe(7, { topic: "a", qos: 0 }, { topic: "b", qos: 1 }, { topic: "c", qos: 2 });
    const asked = h.requests.map(({ request }) => request.type === "subscribe" && request.subscription.qos);
    expect(asked).toEqual([0, 1, 1]);
    h.answerAll();
    expect(client.heard()).toEqual(["SUBACK #7 0x00 0x01 0x01"]);
  });

  it.each([
    ["a wildcard", "a/#", "0xa2"],
    ["a shared filter", "$share/g/a", "0x9e"],
  ])(
    "for %s that is not available ends a connection of MQTT 5.0, and nothing of it is done [B39]",
    (_, topic, code) => {
      const h = new SessionHarness({ capabilities: nothing });
      const client = h.connected();
      client.subscribe(7, "a", topic);
      expect(client.heard()).toEqual([`DISCONNECT ${code}`]);
      expect(client.closed?.code).toBe(1008);
      expect(h.requests).toEqual([]);
    },
  );

  it("with an identifier where those are not available ends the connection [B39]", () => {
    const h = new SessionHarness({ capabilities: { subscriptionIdentifiersAvailable: 0 } });
    const client = h.connected();
    const properties = { subscriptionIdentifier: 9 };
    client.send({ cmd: "subscribe", messageId: 7, subscriptions: [{ topic: "a", qos: 0 }], properties });
    expect(client.heard()).toEqual(["DISCONNECT 0xa1"]);
    expect(h.requests).toEqual([]);
  });

  it.each([3, 4] as const)(
    "of version %d is refused the filters that are not available, and no others [3.1.1 MQTT-3.8.3-2] [B39]",
    (protocolVersion) => {
      const h = new SessionHarness({ capabilities: { ...nothing, maximumQos: 2 } });
      const client = h.connected({ protocolVersion });
      client.subscribe(7, "a", "+", "$share/g/a", "$share/g/#");
      h.answerAll();
      expect(client.heard()).toEqual(["SUBACK #7 0x02 0x80 0x80 0x80"]);
    },
  );

  it("for what is available goes on while the rest is not", () => {
    const h = new SessionHarness({ capabilities: { sharedSubscriptionAvailable: 0 } });
    const client = h.connected();
    client.subscribe(7, "a/#");
    h.answerAll();
    expect(client.heard()).toEqual(["SUBACK #7 0x02"]);
    const other = new SessionHarness({ capabilities: { wildcardSubscriptionAvailable: 0 } });
    const member = other.connected();
    member.subscribe(7, "$share/g/a");
    other.answerAll();
    expect(member.heard()).toEqual(["SUBACK #7 0x02"]);
    member.subscribe(8, "$share/g/+");
    expect(member.heard()).toEqual(["DISCONNECT 0xa2"]);
  });
});
