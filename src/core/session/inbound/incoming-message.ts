// The states of a QoS 2 message from the client, from PUBLISH until PUBREL. inbound.ts says when which event comes.
// MQTT 5.0 section 4.3.3.

import { StateMachine } from "../../state-machine.ts";
import type { SocketId } from "../effect.ts";

export type IncomingState = "forwarding" | "interrupted" | "received" | "received, on disk" | "over";

export type IncomingEvent =
  | "answered"
  | "refused"
  | "refused unheard"
  | "unanswered"
  | "PUBLISH again"
  | "PUBLISH refused"
  | "PUBREL"
  | "written"
  | "found received"
  | "session over";

const isComplete = "PUBCOMP answers it [MQTT-4.3.3-11]";
const isWithoutSession = "a clean start, or the session has expired";

export const incomingMachine = new StateMachine<IncomingState, IncomingEvent>({
  name: "An incoming QoS 2 message",
  states: {
    forwarding: "the topic object has been asked to take it",
    interrupted: "a restart or a failure left it open whether the topic object has it: the client sends it again",
    received: "the topic object has it: if it comes again, it is acknowledged and goes nowhere [MQTT-4.3.3-10]",
    "received, on disk": "the same, and the disk says so too",
    over: "its packet identifier is free",
  },
  begins: [
    ["forwarding", "PUBLISH came"],
    ["interrupted", "it is read from disk, and not known to be received"],
    ["received, on disk", "it is read from disk"],
  ],
  table: {
    forwarding: {
      answered: ["received", "PUBREC goes to the client: every session has it that it is owed to"],
      refused: ["over", "PUBREC with an error frees the packet identifier [MQTT-4.3.3-9]"],
      "refused unheard": ["interrupted", "the connection for PUBREC is lost: it comes again as the same message"],
      unanswered: ["interrupted", "the topic object could not be reached: the connection ends"],
      "PUBLISH again": ["forwarding", "PUBREC follows when the topic object has answered"],
      PUBREL: ["over", "the client did not wait for PUBREC; PUBCOMP answers it [MQTT-4.3.3-11]"],
      "session over": ["over", isWithoutSession],
    },
    interrupted: {
      "PUBLISH again": ["forwarding", "the topic object is asked again, under the same message id"],
      "PUBLISH refused": ["over", "it is not allowed any more: PUBREC with an error [MQTT-4.3.3-9]"],
      PUBREL: ["over", isComplete],
      "found received": ["received", "after a hibernation: the socket's snapshot does not call it interrupted"],
      "session over": ["over", isWithoutSession],
    },
    received: {
      "PUBLISH again": ["received", "PUBREC goes again [MQTT-4.3.3-10]"],
      PUBREL: ["over", isComplete],
      written: ["received, on disk", "the connection is lost, or the object is about to hibernate"],
      "session over": ["over", isWithoutSession],
    },
    "received, on disk": {
      "PUBLISH again": ["received, on disk", "PUBREC goes again [MQTT-4.3.3-10]"],
      PUBREL: ["over", isComplete],
      "found received": ["received, on disk", "after a hibernation"],
      "session over": ["over", isWithoutSession],
    },
    over: {},
  },
});

export class Incoming {
  readonly packetId: number;
  readonly messageId: string;
  /** The connection over which PUBLISH came last, and PUBREC goes. */
  socketId: SocketId;
  private current: IncomingState;

  constructor(
    packetId: number,
    messageId: string,
    socketId: SocketId,
    begins: "forwarding" | "interrupted" | "received, on disk",
  ) {
    this.packetId = packetId;
    this.messageId = messageId;
    this.socketId = socketId;
    this.current = begins;
  }

  get state(): IncomingState {
    return this.current;
  }

  /** @throws if the event cannot come in this state */
  on(event: IncomingEvent): void {
    this.current = incomingMachine.next(this.current, event);
  }

  takes(event: IncomingEvent): boolean {
    return incomingMachine.takes(this.current, event);
  }

  get isReceived(): boolean {
    return this.current === "received" || this.current === "received, on disk";
  }
}
