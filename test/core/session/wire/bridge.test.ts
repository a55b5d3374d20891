import { describe, expect, it } from "vitest";
import { SessionHarness } from "../../../support/session-harness.ts";

const stateTopic = "$SYS/broker/connection/c1/state";
const will = { topic: stateTopic, payload: Buffer.from("0"), qos: 1, retain: true };

function versionOf(protocolVersion: 3 | 4 | 5, isBridge = true) {
  return { protocolVersion, ...(isBridge ? { bridgeMode: true } : {}), clean: false, properties: undefined };
}

/** What the topic objects are asked by SUBSCRIBE. */
function subscribedWith(h: SessionHarness): { noLocal: boolean; retainAsPublished: boolean }[] {
  const requests = h.takeRequests().filter((request) => request.type === "subscribe");
  return requests.map(({ subscription: { noLocal, retainAsPublished } }) => ({ noLocal, retainAsPublished }));
}

describe.each([3, 4] as const)("a subscription of a bridge, version %s [B64]", (version) => {
  it("has No Local and Retain As Published, and others have not", () => {
    const h = new SessionHarness();
    h.connected(versionOf(version)).subscribe(1, "a", "b/#");
    const both = { noLocal: true, retainAsPublished: true };
    expect(subscribedWith(h)).toEqual([both, both]);
    h.connected(versionOf(version, false)).subscribe(1, "a");
    expect(subscribedWith(h)).toEqual([{ noLocal: false, retainAsPublished: false }]);
  });

  it("has them after a hibernation", () => {
    const h = new SessionHarness();
    const client = h.connected(versionOf(version));
    h.hibernate();
    client.subscribe(1, "a");
    expect(subscribedWith(h)).toEqual([{ noLocal: true, retainAsPublished: true }]);
  });

  it("has them after a crash, when the shards are asked again", () => {
    const h = new SessionHarness();
    h.connected(versionOf(version)).subscribe(1, "a");
    h.answerAll();
    h.crash({ layout: "2/1" });
    h.connected(versionOf(version));
    expect(subscribedWith(h)).toEqual([{ noLocal: true, retainAsPublished: true }]);
  });

  it("that is shared has no No Local, which MQTT forbids there", () => {
    const h = new SessionHarness();
    const client = h.connected(versionOf(version));
    client.subscribe(1, "$share/g/a");
    expect(subscribedWith(h)).toEqual([{ noLocal: false, retainAsPublished: true }]);
    expect(client.closed).toBeUndefined();
  });
});

it("what an older version kept of a connection wakes as that of no bridge", () => {
  const h = new SessionHarness();
  const client = h.connected(versionOf(4, false));
  h.hibernate({}, (kept) => {
    const { isBridge: _, ...connection } = kept.snapshot.connection;
    return { ...kept, snapshot: { ...kept.snapshot, connection } };
  });
  client.subscribe(1, "a");
  expect(subscribedWith(h)).toEqual([{ noLocal: false, retainAsPublished: false }]);
});

describe("the state of a bridge [B100]", () => {
  it.each([
    ["3.1", versionOf(3)],
    ["3.1.1", versionOf(4)],
    // 5.0 has no flag for bridges: the Will says that it is one.
    ["5.0", { protocolVersion: 5 as const }],
  ])("is its Will and what it publishes, in MQTT %s", (_, fields) => {
    const h = new SessionHarness();
    const client = h.connected({ ...fields, will });
    h.hibernate();
    client.publish(1, 1, "1", { topic: stateTopic, retain: true });
    expect(h.takeRequests()).toMatchObject([{ type: "publish", message: { topicName: stateTopic, retain: true } }]);
    client.drop();
    const [request] = h.takeRequests().filter(({ type }) => type === "publish");
    expect(request).toMatchObject({ message: { topicName: stateTopic, qos: 1, retain: true } });
    expect(h.log).toEqual([]);
  });

  it.each([
    ["who is no bridge", versionOf(4, false), stateTopic],
    ["who is a bridge, but about another", versionOf(4), "$SYS/broker/connection/c2/state"],
    ["who is a bridge, but about something else", versionOf(4), "$SYS/broker/uptime"],
    ["of MQTT 5.0 about another", { protocolVersion: 5 as const }, "$SYS/broker/connection/c2/state"],
  ])("is refused in words to a client %s: in CONNACK and in the log", (_, fields, topic) => {
    const h = new SessionHarness();
    const client = h.connect({ ...fields, will: { ...will, topic } });
    const refused = fields.protocolVersion === 5 ? { reasonCode: 0x87 } : { returnCode: 5 };
    expect(client.packets()).toMatchObject([{ cmd: "connack", ...refused }]);
    expect(client.closed?.reason).toContain("below $SYS/");
    expect(h.log).toEqual([expect.stringMatching(/^a client is refused for its Will: the Will: below \$SYS\/ /)]);
    // It tries again at once, and the log is not filled.
    h.connect({ ...fields, will: { ...will, topic } });
    expect(h.log).toHaveLength(1);
    h.nowMs += 60_000;
    h.connect({ ...fields, will: { ...will, topic } });
    expect(h.log).toHaveLength(2);
  });

  it.each([0, 1, 2] as const)("of nobody: a message at QoS %s below $SYS is refused, and the log says why", (qos) => {
    for (const version of [4, 5] as const) {
      const h = new SessionHarness();
      const client = h.connected({ protocolVersion: version });
      client.publish(qos, 1, "m", { topic: stateTopic });
      expect(h.takeRequests()).toEqual([]);
      expect(h.log).toEqual([
        "a message below $SYS is refused: below $SYS/ only the broker publishes, and a bridge its own state",
      ]);
      const [answer] = client.packets();
      if (version === 5 && qos > 0) {
        const reasonString = expect.stringContaining("only the broker publishes");
        expect(answer).toMatchObject({ reasonCode: 0x87, properties: { reasonString } });
      }
    }
  });
});
