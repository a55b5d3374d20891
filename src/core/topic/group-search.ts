// The search for the member of a shared subscription that gets a message: one member after the other is asked. How a member
// is asked, and when the answer is there, is the deliverer's business. MQTT 5.0 section 4.8.2.

import { StateMachine } from "../state-machine.ts";
import type { Recipient } from "./recipient.ts";

export type GroupSearchStateName =
  | "asking"
  | "asking, one unsure"
  | "trying"
  | "trying, one refused"
  | "offering"
  | "taken"
  | "owed"
  | "left to one"
  | "dropped"
  | "nobody";

export type MemberAnswer =
  /** It has the message. */
  | "accepted"
  /** Its client is away, or it has no room. To a question: it does not have the message. */
  | "refused"
  | "session over"
  /** The queue of a session that could not refuse is full. */
  | "queue full"
  /** Nobody knows whether the session has got the delivery. */
  | "lost";

export type GroupSearchEvent = MemberAnswer | "all asked";

const hasIt = "it has the message, wherever its client is [MQTT-4.3.3-10]";
const mayHaveIt = "it may have the message [MQTT-4.3.3-10]";
const isFull = "its queue is full, and the session does not know that it may refuse";
const takesIt = "its client is connected, or it has the message already";
const isEnded = "it is no member any more";
const keeps = "the topic object keeps it on disk if there is room, which is as good as delivered";

export const groupSearchMachine = new StateMachine<GroupSearchStateName, GroupSearchEvent>({
  name: "A group search",
  states: {
    asking: "QoS 2, and the message may be a repeat: each member is asked whether it has the message already",
    "asking, one unsure": "the same, and the answer of at least one member was lost",
    trying: "the message is sent to one member after the other; whoever cannot send it on at once refuses",
    "trying, one refused": "the same, and at least one member could keep the message for its client",
    offering: "the same for a message that its session keeps if nobody takes it",
    taken: "a member has the message",
    owed: "the topic object owes the message to the member that was asked last",
    "left to one": "one member gets the message, and cannot refuse",
    dropped: "a member had no room, and could not refuse",
    nobody: "no member takes the message",
  },
  begins: [
    ["asking", "QoS 2: the message may have come before"],
    ["trying", "a message that was published just now, or whose session is over"],
    ["offering", "QoS 1: a session whose client is away offers it to the others"],
  ],
  table: {
    asking: {
      accepted: ["taken", hasIt],
      refused: ["asking", "it does not have the message"],
      "session over": ["asking", isEnded],
      "queue full": ["dropped", isFull],
      lost: ["asking, one unsure", mayHaveIt],
      "all asked": ["trying", "nobody has the message"],
    },
    "asking, one unsure": {
      accepted: ["taken", hasIt],
      refused: ["asking, one unsure", "it does not have the message"],
      "session over": ["asking, one unsure", isEnded],
      "queue full": ["dropped", isFull],
      lost: ["asking, one unsure", "the first whose answer was lost stays the one"],
      "all asked": ["left to one", "whoever is unsure may have it: no other member must get it [MQTT-4.3.3-10]"],
    },
    trying: {
      accepted: ["taken", takesIt],
      refused: ["trying, one refused", "it could keep the message"],
      "session over": ["trying", isEnded],
      "queue full": ["dropped", isFull],
      lost: ["owed", keeps],
      "all asked": ["nobody", "the sessions of all members are over"],
    },
    "trying, one refused": {
      accepted: ["taken", takesIt],
      refused: ["trying, one refused", "the first that refused stays the one"],
      "session over": ["trying, one refused", isEnded],
      "queue full": ["dropped", isFull],
      lost: ["owed", keeps],
      "all asked": ["left to one", "nobody's client is connected: the first that refused keeps the message"],
    },
    offering: {
      accepted: ["taken", takesIt],
      refused: ["offering", "its client is away too"],
      "session over": ["offering", isEnded],
      "queue full": ["dropped", isFull],
      lost: ["offering", "if it got the message all the same, two members have it, which QoS 1 allows"],
      "all asked": ["nobody", "the message stays with its session"],
    },
    taken: {},
    owed: {},
    "left to one": {},
    dropped: {},
    nobody: {},
  },
});

/** What the search wants done now. While it asks or tries, the member's answer goes to `next`. */
export type SearchStep =
  /** Ask the member whether it has the message. */
  | { readonly type: "ask"; readonly member: Recipient }
  /** Send it the message, which it may refuse. */
  | { readonly type: "try"; readonly member: Recipient }
  /** Send it the message, which it cannot refuse. The search is over. */
  | { readonly type: "leave"; readonly member: Recipient }
  /** Keep the message for it on disk. The search is over. */
  | { readonly type: "owe"; readonly member: Recipient }
  /** There is nothing to do: the search is over. */
  | { readonly type: "end" };

type Beginning = "asking" | "trying" | "offering";

type State =
  /** The position of the member that is asked. */
  | { readonly name: Beginning; readonly position: number }
  /** The fallback gets the message if no other member takes it. */
  | {
      readonly name: "asking, one unsure" | "trying, one refused";
      readonly position: number;
      readonly fallback: Recipient;
    }
  | { readonly name: "owed" | "left to one"; readonly member: Recipient }
  | { readonly name: "taken" | "dropped" | "nobody" };

export class GroupSearch {
  private readonly members: readonly Recipient[];
  private state: State;

  /** @param members in the order in which they are asked */
  constructor(members: readonly Recipient[], begins: Beginning) {
    this.members = members;
    this.state = this.past({ name: begins, position: 0 });
  }

  get step(): SearchStep {
    return this.stepIn(this.state);
  }

  /** The member that was asked, or tried, has answered. */
  next(answer: MemberAnswer): SearchStep {
    this.state = this.past(this.after(answer, this.state));
    return this.step;
  }

  private stepIn(state: State): SearchStep {
    switch (state.name) {
      case "asking":
      case "asking, one unsure":
        return { type: "ask", member: this.memberAt(state.position) };
      case "trying":
      case "trying, one refused":
      case "offering":
        return { type: "try", member: this.memberAt(state.position) };
      case "owed":
        return { type: "owe", member: state.member };
      case "left to one":
        return { type: "leave", member: state.member };
      case "taken":
      case "dropped":
      case "nobody":
        return endStep;
    }
  }

  /** When the last member has answered, the search goes on, or ends, by itself. */
  private past(state: State): State {
    let present = state;
    while ("position" in present && present.position >= this.members.length) present = this.after("all asked", present);
    return present;
  }

  private after(event: GroupSearchEvent, state: State): State {
    const name = groupSearchMachine.next(state.name, event);
    if (!("position" in state)) throw new Error("a group search goes on after its end");
    const { position } = state;
    switch (name) {
      case "asking":
      case "trying":
      case "offering":
        return { name, position: event === "all asked" ? 0 : position + 1 };
      case "asking, one unsure":
      case "trying, one refused":
        return { name, position: position + 1, fallback: this.fallbackOf(state) };
      case "owed":
        return { name, member: this.memberAt(position) };
      case "left to one":
        return { name, member: this.fallbackOf(state) };
      case "taken":
      case "dropped":
      case "nobody":
        return { name };
    }
  }

  /** The first member that may be the fallback stays it. */
  private fallbackOf(state: Extract<State, { position: number }>): Recipient {
    return "fallback" in state ? state.fallback : this.memberAt(state.position);
  }

  private memberAt(position: number): Recipient {
    return this.members[position] as Recipient;
  }
}

const endStep: SearchStep = { type: "end" };
