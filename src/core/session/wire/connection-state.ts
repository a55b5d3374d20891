// The states of one socket. What each of them has is a type of its own in connection.ts. MQTT 5.0 sections 3.1, 4.12 and 4.13.

import { StateMachine } from "../../state-machine.ts";

export type ConnectionState = "awaiting CONNECT" | "authenticating" | "logging in" | "connected" | "closed";

export type ConnectionEvent = "AUTH sent" | "login asked" | "let in" | "closed by the broker" | "closed by the client";

const isRefused =
  "an error, another packet than expected, no CONNECT in time, or too many such sockets [MQTT-4.13.1-1]";
const hasLeft = "or its network was lost";

export const connectionMachine = new StateMachine<ConnectionState, ConnectionEvent>({
  name: "A connection",
  states: {
    "awaiting CONNECT": "the socket is open, and nobody knows who is there",
    authenticating: "CONNECT named an authentication method, which needs another AUTH [MQTT-4.12.0-2]",
    "logging in": "the access object is asked who the client is; what the client sends meanwhile waits",
    connected: "CONNACK was sent: the client has its session",
    closed: "the socket is gone",
  },
  begins: [
    ["awaiting CONNECT", "a socket is opened"],
    ["connected", "after a hibernation, from the socket's snapshot"],
  ],
  table: {
    "awaiting CONNECT": {
      "AUTH sent": ["authenticating", "CONNECT names a method"],
      "login asked": ["logging in", "CONNECT shows a password, a token or a certificate"],
      "let in": [
        "connected",
        "CONNECT shows nothing, and such clients are let in; or the session remembers what it shows",
      ],
      "closed by the broker": ["closed", isRefused],
      "closed by the client": ["closed", hasLeft],
    },
    authenticating: {
      "AUTH sent": ["authenticating", "the method needs still more"],
      "login asked": ["logging in", "the proof is complete; right or wrong, the access object counts it"],
      "closed by the broker": ["closed", `${isRefused}; or DISCONNECT came`],
      "closed by the client": ["closed", hasLeft],
    },
    "logging in": {
      "let in": ["connected", "the access object grants it, and the client may have this session"],
      "closed by the broker": ["closed", isRefused],
      "closed by the client": ["closed", hasLeft],
    },
    connected: {
      "closed by the broker": ["closed", "DISCONNECT came or was sent: an error, a takeover, silence, the operator"],
      "closed by the client": ["closed", hasLeft],
    },
    closed: {},
  },
});

/** The event that leads into each state. */
const into = { authenticating: "AUTH sent", "logging in": "login asked", connected: "let in" } as const;

/** @throws if the table has no way from one state to the other: that is a bug */
export function checkWay(from: ConnectionState, to: keyof typeof into): void {
  connectionMachine.next(from, into[to]);
}
