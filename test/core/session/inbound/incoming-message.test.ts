// The table of an incoming QoS 2 message beside a real session: conversations that together come through every line of it.
// What a session does besides would be a line that the table does not have, and throws.

import { expect, it } from "vitest";
import { incomingMachine } from "../../../../src/core/session/inbound/incoming-message.ts";
import { linesOf, linesTakenBy } from "../../../support/lines-of-machine.ts";
import { SessionHarness, type TestSocket } from "../../../support/session-harness.ts";

type Begun = { readonly h: SessionHarness; readonly client: TestSocket };

/** A durable session whose client has published at QoS 2; the topic object has not answered. */
function forwarding(): Begun {
  const h = new SessionHarness();
  const client = h.subscribed();
  client.publish(2, 1);
  return { h, client };
}

/** The topic object cannot be reached, and the client is back. */
function interrupted(): Begun {
  const { h } = forwarding();
  h.giveUp();
  return { h, client: h.resume() };
}

function received(): Begun {
  const { h, client } = forwarding();
  h.answer();
  return { h, client };
}

/** The connection was lost after PUBREC. */
function receivedOnDisk(): Begun {
  const { h, client } = received();
  client.drop();
  return { h, client: h.resume() };
}

const begun = { forwarding, interrupted, received, receivedOnDisk };

const conversations: readonly (() => void)[] = [
  ...Object.values(begun).flatMap((begin) => [
    () => begin().client.publish(2, 1),
    () => begin().client.acknowledge("pubrel", 1),
  ]),
  // A clean start ends the session.
  ...Object.values(begun).map((begin) => () => {
    begin().h.connect();
  }),
  ...[interrupted, received, receivedOnDisk].map((begin) => () => begin().h.hibernate()),
  function endedWithItsConnection() {
    const h = new SessionHarness();
    const client = h.connected();
    client.publish(2, 1);
    h.answer();
    client.drop();
  },
  () => forwarding().h.answer(0x97),
  () => {
    const { h, client } = forwarding();
    client.drop();
    h.answer(0x97);
  },
  () => {
    const { h, client } = interrupted();
    client.publish(2, 1, "m", { topic: "$SYS/a" });
    h.answerAll();
  },
];

it("a session comes through every line of the table of an incoming message, and through no other", () => {
  const taken = linesTakenBy(incomingMachine, () => {
    for (const converse of conversations) converse();
  });
  expect(taken).toEqual(linesOf(incomingMachine));
});
