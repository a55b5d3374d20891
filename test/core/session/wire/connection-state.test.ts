// The table of a connection beside real sessions: conversations that together come through every line of it. What a session
// does besides would be a line that the table does not have, and throws.

import { expect, it } from "vitest";
import { connectionMachine } from "../../../../src/core/session/wire/connection-state.ts";
import { linesOf, linesTakenBy } from "../../../support/lines-of-machine.ts";
import { ScramClient } from "../../../support/scram-client.ts";
import { granted, type TestSocket } from "../../../support/session-harness.ts";
import { auth, begun, dataOf, harness, method, proved } from "../connect/authenticating-scene.ts";

/** A socket in each state. */
const inState: Record<string, () => TestSocket> = {
  "awaiting CONNECT": () => harness().open(),
  authenticating: () => begun(harness(), new ScramClient("user", "pencil")).socket,
  "logging in": () => harness({ logIn: () => undefined }).connect({ username: "user", password: "pencil" }),
  connected: () => harness().connected(),
};

const conversations: readonly (() => void)[] = [
  ...Object.values(inState).map((begin) => () => begin().drop()),
  ...Object.values(inState).map((begin) => () => {
    const socket = begin();
    // CONNECT is not what any of these waits for now, unless the socket has sent none.
    socket.send({ cmd: "connect", protocolVersion: 5, clean: true, clientId: "somebody else", keepalive: 60 });
  }),
  function letInAfterALogin() {
    const h = harness({ logIn: () => undefined });
    const socket = h.connect({ username: "user", password: "pencil" });
    h.answerLogin(granted());
    expect(socket.heard()).toEqual(["CONNACK new"]);
  },
  function refusedAfterALogin() {
    const h = harness({ logIn: () => ({ outcome: "refused" }) });
    expect(h.connect({ username: "user", password: "pencil" }).closed?.code).toBe(1008);
  },
  function provedInTwoSteps() {
    const client = new ScramClient("user", "pencil");
    const socket = harness().connect(method());
    socket.packets();
    socket.send(auth(client.first()));
    socket.send(auth(client.final(dataOf(socket))));
    expect(socket.heard()).toEqual(["CONNACK new"]);
  },
  () => proved(harness()),
];

it("a session comes through every line of the table of a connection, and through no other", () => {
  const taken = linesTakenBy(connectionMachine, () => {
    for (const converse of conversations) converse();
  });
  expect(taken).toEqual(linesOf(connectionMachine));
});
