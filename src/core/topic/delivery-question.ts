// What a delivery asks of its session, and the session's answer to it: from how the topic object sends the delivery, and what
// the session finds. MQTT 5.0 sections 4.3.3 and 4.8.2.

import { StateMachine } from "../state-machine.ts";

/** What a session answers to a delivery. These numbers cross the call. */
export const DeliveryAnswer = {
  /** Sent at QoS 0; at QoS 1 and 2 stored, or in memory for a session that ends with its connection. */
  Accepted: 0,
  /** That life of the session is over: remove its subscriptions. */
  Stale: 1,
  /** The session's queue is full. A message that is not owed is dropped, and counted. */
  QueueFull: 2,
  /** Refused, because the client is away, the queue is full, or it was a question. Only for "refusable" and "question". */
  Refused: 3,
} as const;

type AnswerName = keyof typeof DeliveryAnswer;

/** What a delivery asks. */
export type DeliveryKind = "plain" | "refusable" | "question" | "owed";

/** What the session finds. */
export type DeliveryFinding =
  | "session over"
  | "accepted"
  | "accepted before"
  | "expired"
  | "not accepted before"
  | "cannot send"
  | "no room"
  | "behind";

const isOver = "the delivery names an earlier life of the session";
const accepts = "the client gets it, or it is in the session's queue";
const isRepeat = "it is a repeat, and the session has it: the first answer was lost [MQTT-4.3.3-10]";
const isExpired = "nothing is left to do for it [MQTT-3.3.2-5]";

export const deliveryMachine = new StateMachine<DeliveryKind | AnswerName, DeliveryFinding>({
  name: "A delivery's question",
  states: {
    plain: "asks the session to take the message, whether its client is connected or not",
    refusable: "from a shared subscription: a session that cannot send it at once refuses, and another member gets it",
    question: "only asks whether the session has accepted the message before: it may be a repeat",
    owed: "the topic object keeps the message, which is acknowledged, until the session has it",
    Accepted: "the session has it, or it needs nothing more",
    Stale: "that life of the session is over",
    QueueFull: "the session has no room: what is not owed is dropped, and counted",
    Refused: "another member may get it",
  },
  begins: [
    ["plain", "a subscription matches, or it is the last resort of a group search"],
    ["refusable", "a group search tries a member"],
    ["question", "a group search asks a member"],
    ["owed", "the session could not be reached before"],
  ],
  table: {
    plain: {
      "session over": ["Stale", isOver],
      accepted: ["Accepted", accepts],
      "accepted before": ["Accepted", isRepeat],
      expired: ["Accepted", isExpired],
      "no room": ["QueueFull", "the queue is at a limit: the publisher gets 0x97"],
    },
    refusable: {
      "session over": ["Stale", isOver],
      accepted: ["Accepted", accepts],
      "accepted before": ["Accepted", isRepeat],
      expired: ["Accepted", isExpired],
      "cannot send": ["Refused", "the client is away, or the queue is full"],
    },
    question: {
      "session over": ["Stale", isOver],
      "accepted before": ["Accepted", "it goes to no other member [MQTT-4.3.3-10]"],
      "not accepted before": ["Refused", "a question delivers nothing"],
    },
    owed: {
      "session over": ["Stale", isOver],
      accepted: ["Accepted", accepts],
      "accepted before": ["Accepted", isRepeat],
      expired: ["Accepted", isExpired],
      "no room": ["QueueFull", "the topic object goes on keeping it"],
      behind: ["QueueFull", "an older owed message has found no room: the order must hold [MQTT-4.6.0-5]"],
    },
    Accepted: {},
    Stale: {},
    QueueFull: {},
    Refused: {},
  },
});

/** @returns one of `DeliveryAnswer` */
export function answerTo(kind: DeliveryKind, finding: DeliveryFinding): number {
  return DeliveryAnswer[deliveryMachine.next(kind, finding) as AnswerName];
}

/** How a kind travels: bits of one byte, as they were before kinds had names. */
const bits: { readonly [kind in DeliveryKind]: number } = { plain: 0, refusable: 0b01, question: 0b11, owed: 0b100 };

export function bitsOf(kind: DeliveryKind): number {
  return bits[kind];
}

export function kindOf(byte: number): DeliveryKind {
  if (byte === bits.plain) return "plain";
  if ((byte & bits.owed) !== 0) return "owed";
  return (byte & bits.question) === bits.question ? "question" : "refusable";
}
