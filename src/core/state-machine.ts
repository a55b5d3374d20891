// How a state machine of the core is written down: its states, and a table of which event leads where, and why. The code
// takes each transition from the table, test/core/state-machines.test.ts walks it, and docs/MACHINES.md is drawn from it.

/** Where an event leads, and why: in a few words, with the rule of MQTT if there is one. */
export type Transition<State extends string> = readonly [to: State, why: string];

/** The events that may come in a state. */
type Row<State extends string, Event extends string> = { readonly [event in Event]?: Transition<State> };

export type MachineDefinition<State extends string, Event extends string> = {
  /** What is in one of these states, as a heading: "An outgoing message". */
  readonly name: string;
  /** What each state means. */
  readonly states: { readonly [state in State]: string };
  /** The states in which it may begin, and why it begins there. */
  readonly begins: readonly Transition<State>[];
  /** A row for every state; in one that is final, nothing can come. */
  readonly table: { readonly [state in State]: Row<State, Event> };
};

export class StateMachine<State extends string, Event extends string> {
  readonly definition: MachineDefinition<State, Event>;

  constructor(definition: MachineDefinition<State, Event>) {
    this.definition = definition;
  }

  /** Whether the event may come in this state. */
  takes(state: State, event: Event): boolean {
    return this.definition.table[state][event] !== undefined;
  }

  /** @throws if the table does not have this event in this state: that is a bug, and the object must not go on */
  next(state: State, event: Event): State {
    const transition = this.definition.table[state][event];
    if (transition === undefined) throw new Error(`${this.definition.name}: no "${event}" can come in "${state}"`);
    return transition[0];
  }
}
