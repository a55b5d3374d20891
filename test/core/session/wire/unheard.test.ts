// QoS 0 to a client that says nothing: nobody knows how much of it the client has read.

import { describe, expect, it } from "vitest";
import { delivery, SessionHarness, type TestSocket } from "../../../support/session-harness.ts";

const maximumUnheardBytes = 65_536;
/** With six bytes of a PUBLISH before it, seven in MQTT 5.0, 64 of them are 65,536 bytes, and 63 are not. */
const payload = "x".repeat(1024 - 6);
const limits = { maximumUnheardBytes };

const messages = (count: number) => Array.from({ length: count }, () => delivery(payload, { qos: 0 }));

/** A client that has been sent all that it may be, and has read it. */
function full(
  h: SessionHarness,
  options: { isRelayed?: boolean } = {},
  fields: Record<string, unknown> = {},
): TestSocket {
  const client = h.connected(fields, options);
  client.subscribe(1, "a");
  h.answerAll(2);
  h.deliver(...messages(64));
  expect(client.heard()).toHaveLength(1 + 64);
  return client;
}

describe("MAXIMUM_UNHEARD_BYTES", () => {
  it("bounds what a client is sent at QoS 0 without a word from it: the rest is dropped and counted [B80] [maximumUnheardBytes]", () => {
    const h = new SessionHarness({ limits });
    const client = full(h);
    h.deliver(...messages(3));
    expect(client.heard()).toEqual([]);
    expect(h.session.droppedMessages).toBe(3);
  });

  it.each([
    ["PINGREQ", { cmd: "pingreq" }, ["PINGRESP"]],
    ["an acknowledgement", { cmd: "puback", messageId: 7 }, []],
  ] as const)("begins again with %s of the client [B80]", (_, packet, answer) => {
    const h = new SessionHarness({ limits });
    const client = full(h);
    client.send(packet);
    h.deliver(...messages(65));
    expect(client.heard()).toHaveLength(answer.length + 64);
    expect(h.session.droppedMessages).toBe(1);
  });

  it("begins again with each connection", () => {
    const h = new SessionHarness({ limits });
    full(h, {}, { properties: { sessionExpiryInterval: 3600 } });
    const again = h.resume();
    h.deliver(...messages(1));
    expect(again.heard()).toHaveLength(2);
  });

  it("holds up nothing at QoS 1 and 2, which is acknowledged", () => {
    const h = new SessionHarness({ limits });
    const client = full(h);
    h.deliver(delivery("1"), delivery("2", { qos: 2 }));
    expect(client.heard()).toEqual(["PUBLISH 1 q1 #1", "PUBLISH 2 q2 #2"]);
  });

  it("counts through a hibernation", () => {
    const h = new SessionHarness({ limits });
    const client = full(h);
    h.hibernate();
    h.deliver(...messages(1));
    expect(client.heard()).toEqual([]);
  });

  it("is not counted for what is too large for the client, or has expired", () => {
    const h = new SessionHarness({ limits });
    const client = h.subscribed({ properties: { maximumPacketSize: 60 } });
    h.deliver(...messages(64), delivery("0", { qos: 0 }));
    expect(client.heard()).toEqual(["PUBLISH 0 q0"]);
  });
});

describe("a client at the limit that stays silent", () => {
  const older = { protocolVersion: 4 };

  it.each([
    ["none, on its own socket", 0, false],
    ["a long one, on its own socket", 65_535, false],
    ["none, behind the Worker", 0, true],
  ])(
    "is taken for gone at 1.5 times the longest keep alive, with a keep alive of %s [B81]",
    (_, keepalive, isRelayed) => {
      const h = new SessionHarness({ limits });
      const client = full(h, { isRelayed }, { ...older, keepalive });
      expect(h.session.nextDeadlineMs).toBe(h.nowMs + 90_000);
      h.pass(60);
      h.deliver(...messages(1));
      expect(h.session.nextDeadlineMs).toBe(h.nowMs + 30_000);
      h.alarm();
      expect(client.closed?.reason).toContain("keep alive");
    },
  );

  it("is not once it is heard of, and not before it is at the limit", () => {
    const h = new SessionHarness({ limits });
    const client = full(h, { isRelayed: false }, { ...older, keepalive: 0 });
    client.send({ cmd: "pingreq" });
    expect(h.session.nextDeadlineMs).toBe(Number.POSITIVE_INFINITY);
    h.deliver(...messages(63));
    expect(h.session.nextDeadlineMs).toBe(Number.POSITIVE_INFINITY);
  });
});
