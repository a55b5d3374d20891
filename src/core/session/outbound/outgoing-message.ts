// The states of a QoS 1 or 2 message to the client, until the client has acknowledged it. outbound.ts says when which
// event comes, and outgoing.ts what is on disk. MQTT 5.0 sections 4.3, 4.4 and 4.8.2.

import type { Delivery } from "../../message/message.ts";
import { StateMachine } from "../../state-machine.ts";
import type { OutgoingIndex } from "../session-store.ts";
import { packetIdOf } from "./packet-id.ts";

export type OutgoingState =
  | "waiting"
  | "offered"
  | "in flight"
  | "sent before"
  | "sent before, offered"
  | "released"
  | "PUBREL in flight"
  | "gone";

export type OutgoingEvent =
  | "sent"
  | "PUBACK"
  | "PUBREC"
  | "PUBREC with an error"
  | "PUBCOMP"
  | "connection lost"
  | "found sent"
  | "found in flight"
  | "offered"
  | "taken elsewhere"
  | "not taken"
  | "expired"
  | "dropped"
  | "given up"
  | "session over";

const isOver = "it was never sent: another member of its shared subscription may get it. Section 4.8.2";
const isOverOnceSent = "at QoS 1 another member of its shared subscription may get it [MQTT-4.8.2-5]";
const isInTheWay = "it is in the way of others, or its turn has come [MQTT-3.3.2-5]";
const cannotBeSent =
  "it is too large for the client [MQTT-3.1.2-25], or not for it any more, or it cannot be read from disk";
const isBroken = "the client answered with the wrong packet, or ended its connection over this message three times";

export const outgoingMachine = new StateMachine<OutgoingState, OutgoingEvent>({
  name: "An outgoing message",
  states: {
    waiting: "not sent yet",
    offered:
      "not sent yet; other members of its shared subscription are asked to take it, and it waits for their answer",
    "in flight": "PUBLISH was sent over the present connection",
    "sent before": "PUBLISH may have been sent over an earlier connection: it goes again, with DUP [MQTT-3.3.1-1]",
    "sent before, offered": "the same, and other members are asked to take it",
    released: "PUBREC came; PUBREL, and not PUBLISH, goes over the next connection [MQTT-4.3.3-6]",
    "PUBREL in flight": "PUBREC came, and PUBREL was sent over the present connection",
    gone: "nothing is left to do",
  },
  begins: [
    ["waiting", "a topic object delivers it, or it is read from disk"],
    ["released", "it is read from disk, and PUBREC had come"],
  ],
  table: {
    waiting: {
      sent: ["in flight", "the client's Receive Maximum lets it through [MQTT-3.3.4-9]"],
      offered: ["offered", "QoS 1: the connection is lost, and another member may take it. Section 4.8.2"],
      "found sent": ["sent before", "a connection was lost with the object's memory: how far it had sent is uncertain"],
      "found in flight": ["in flight", "after a hibernation: the connection goes on"],
      expired: ["gone", isInTheWay],
      dropped: ["gone", cannotBeSent],
      "session over": ["gone", isOver],
    },
    offered: {
      "taken elsewhere": ["gone", "another member has it"],
      "not taken": ["waiting", "it stays in its place"],
      expired: ["gone", isInTheWay],
      "session over": ["gone", isOver],
    },
    "in flight": {
      PUBACK: ["gone", "QoS 1 [MQTT-4.3.2-3]"],
      PUBREC: ["PUBREL in flight", "QoS 2: PUBREL answers it at once [MQTT-4.3.3-4]"],
      "PUBREC with an error": ["gone", "QoS 2: the client refuses it [MQTT-4.4.0-2]"],
      "connection lost": ["sent before", "the session goes on: it is sent again [MQTT-4.4.0-1]"],
      "given up": ["gone", isBroken],
    },
    "sent before": {
      sent: ["in flight", "with DUP; it does not expire any more [MQTT-4.3.3-7]"],
      PUBREC: ["released", "QoS 2: a late answer to the earlier connection's PUBLISH"],
      "PUBREC with an error": ["gone", "QoS 2: a late answer to the earlier connection's PUBLISH"],
      "found sent": ["sent before", "the disk said so already"],
      "found in flight": ["in flight", "after a hibernation: the connection goes on"],
      offered: ["sent before, offered", "QoS 1: the connection is lost, and another member may take it. Section 4.8.2"],
      dropped: ["gone", cannotBeSent],
      "session over": ["gone", isOverOnceSent],
    },
    "sent before, offered": {
      "taken elsewhere": ["gone", "another member has it"],
      "not taken": ["sent before", "it stays in its place"],
      "session over": ["gone", isOverOnceSent],
    },
    released: {
      sent: ["PUBREL in flight", "the client is connected again [MQTT-4.4.0-1]"],
      PUBREC: ["released", "a late answer again"],
      "PUBREC with an error": ["gone", "the client refuses it [MQTT-4.4.0-2]"],
      PUBCOMP: ["gone", "it answers the PUBREL that answered a late PUBREC"],
      "found sent": ["released", "what was released was sent"],
      "found in flight": ["PUBREL in flight", "after a hibernation: the connection goes on"],
      "session over": ["gone", "the client has it"],
    },
    "PUBREL in flight": {
      PUBREC: ["PUBREL in flight", "it came again: so does PUBREL"],
      "PUBREC with an error": ["gone", "the client refuses it [MQTT-4.4.0-2]"],
      PUBCOMP: ["gone", "the exchange is complete [MQTT-4.3.3-5]"],
      "connection lost": ["released", "the session goes on: PUBREL is sent again [MQTT-4.4.0-1]"],
      "given up": ["gone", isBroken],
    },
    gone: {},
  },
});

export class Outgoing implements OutgoingIndex {
  readonly sequence: number;
  readonly packetId: number;
  readonly qos: 1 | 2;
  readonly bytes: number;
  readonly expiresAtMs: number;
  readonly isShared: boolean;
  /** Absent while it is on disk only, and once it is released. */
  delivery: Delivery | undefined;
  private current: OutgoingState;

  constructor({ sequence, qos, bytes, expiresAtMs, isShared, isReleased }: OutgoingIndex, delivery?: Delivery) {
    this.sequence = sequence;
    this.packetId = packetIdOf(sequence);
    this.qos = qos;
    this.bytes = bytes;
    this.expiresAtMs = expiresAtMs;
    this.isShared = isShared;
    this.delivery = delivery;
    this.current = isReleased ? "released" : "waiting";
  }

  get state(): OutgoingState {
    return this.current;
  }

  /** @throws if the event cannot come in this state */
  on(event: OutgoingEvent): void {
    this.current = outgoingMachine.next(this.current, event);
  }

  takes(event: OutgoingEvent): boolean {
    return outgoingMachine.takes(this.current, event);
  }

  /** The client's answer to it is awaited: it takes one of its Receive Maximum. */
  get isInFlight(): boolean {
    return this.current === "in flight" || this.current === "PUBREL in flight";
  }

  get isReleased(): boolean {
    return this.current === "released" || this.current === "PUBREL in flight";
  }

  /** Over an earlier connection, as far as is known, while it is not in flight over the present one. */
  get wasSentBefore(): boolean {
    const { current } = this;
    return current === "sent before" || current === "sent before, offered" || current === "released";
  }
}
