// The table of an outgoing message beside a real session: conversations that together come through every line of it. What a
// session does besides would be a line that the table does not have, and throws.

import { expect, it } from "vitest";
import { outgoingMachine } from "../../../../src/core/session/outbound/outgoing-message.ts";
import { linesOf, linesTakenBy } from "../../../support/lines-of-machine.ts";
import { delivery, SessionHarness, type TestSocket } from "../../../support/session-harness.ts";
import { cutOff, shared, window } from "./shared-entries.ts";

const wrongPacketFor = { "in flight": "pubcomp", "PUBREL in flight": "puback" } as const;

/** A session with two QoS 2 messages, both sent over a connection that is lost; its client takes one at a time. */
function twoSentBefore(): { h: SessionHarness; client: TestSocket } {
  const h = new SessionHarness();
  const before = h.subscribed(window(2));
  h.deliver(delivery("1", { qos: 2 }), delivery("2", { qos: 2 }));
  before.drop();
  return { h, client: h.resume(window(1)) };
}

const conversations: readonly (() => void)[] = [
  function acknowledged() {
    const h = new SessionHarness();
    const client = h.subscribed();
    h.deliver(delivery("1"), delivery("2", { qos: 2 }), delivery("3", { qos: 2 }), delivery("4", { qos: 2 }));
    client.acknowledge("puback", 1);
    client.acknowledge("pubrec", 2);
    client.acknowledge("pubrec", 2);
    client.acknowledge("pubcomp", 2);
    client.acknowledge("pubrec", 3, 0x97);
    client.acknowledge("pubrec", 4);
    client.acknowledge("pubrec", 4, 0x97);
  },
  function answeredLate() {
    for (const answers of [["pubrec", "pubrec", "pubcomp"], ["pubrec"], []] as const) {
      const { client } = twoSentBefore();
      for (const answer of answers) client.acknowledge(answer, 2);
      client.acknowledge("pubrec", 2, 0x97);
    }
  },
  function connectionLostWhileReleased() {
    const h = new SessionHarness();
    const client = h.subscribed();
    h.deliver(delivery("1", { qos: 2 }));
    client.acknowledge("pubrec", 1);
    client.drop();
    h.resume();
  },
  ...(["in flight", "PUBREL in flight"] as const).map((state) => () => {
    const h = new SessionHarness();
    const client = h.subscribed();
    h.deliver(delivery("1", { qos: 2 }));
    if (state === "PUBREL in flight") client.acknowledge("pubrec", 1);
    client.acknowledge(wrongPacketFor[state], 1);
  }),
  function crashed() {
    const h = new SessionHarness();
    const client = h.subscribed(window(2));
    h.deliver(delivery("1", { qos: 2 }), delivery("2", { qos: 2 }));
    client.acknowledge("pubrec", 1);
    h.crash();
  },
  function hibernated() {
    const { h, client } = twoSentBefore();
    client.acknowledge("pubrec", 1);
    client.acknowledge("pubrec", 2);
    h.hibernate();
    client.acknowledge("pubcomp", 1);
    client.acknowledge("pubcomp", 2);
    h.deliver(delivery("3"));
    h.hibernate();
  },
  ...(["crash", "hibernate"] as const).map((restart) => () => {
    const h = new SessionHarness();
    h.subscribed();
    h.deliver(delivery("1"));
    // The session writes 0 while its client is connected; whatever the disk says, it starts.
    const record = h.store.readRecord();
    if (record !== undefined) h.store.putRecord({ ...record, sentThrough: 1 });
    h[restart]();
  }),
  ...[0, 0x80].map((code) => () => {
    const h = cutOff();
    h.answerAll(code);
  }),
  function offeredAndNobodyElseIsThere() {
    cutOff().command("remove");
  },
  function ended() {
    const { h, client } = twoSentBefore();
    h.deliver(delivery("3"));
    client.acknowledge("pubrec", 2);
    client.drop();
    h.command("remove");
  },
  function endedUnsure() {
    const { h, client } = twoSentBefore();
    client.drop();
    h.command("remove");
  },
  function expired() {
    const h = new SessionHarness();
    const expiresAtMs = h.nowMs + 1000;
    const client = h.subscribed(window(1));
    h.deliver(delivery("1"), delivery("2", { expiresAtMs }), shared("3", { expiresAtMs }));
    client.drop();
    h.pass(1);
    h.whereabouts();
  },
  function tooLarge() {
    const h = new SessionHarness();
    const client = h.subscribed(window(1));
    h.deliver(delivery("1".repeat(100)), delivery("2".repeat(100)));
    client.drop();
    h.resume({ properties: { sessionExpiryInterval: 3600, maximumPacketSize: 60 } });
  },
];

it("a session comes through every line of the table of an outgoing message, and through no other", () => {
  const taken = linesTakenBy(outgoingMachine, () => {
    for (const converse of conversations) converse();
  });
  expect(taken).toEqual(linesOf(outgoingMachine));
});
