// The state machines of the core, in the order of docs/MACHINES.md.

import { incomingMachine } from "../../src/core/session/inbound/incoming-message.ts";
import { outgoingMachine } from "../../src/core/session/outbound/outgoing-message.ts";
import { connectionMachine } from "../../src/core/session/wire/connection-state.ts";
import type { StateMachine } from "../../src/core/state-machine.ts";
import { deliveryMachine } from "../../src/core/topic/delivery-question.ts";
import { groupSearchMachine } from "../../src/core/topic/group-search.ts";

/** A machine whatever its states and events are called. */
export type AnyMachine = StateMachine<string, string>;

export type Page = {
  readonly machine: AnyMachine;
  /** The file with its table. */
  readonly file: string;
};

export const pages: readonly Page[] = [
  { machine: connectionMachine as AnyMachine, file: "src/core/session/wire/connection-state.ts" },
  { machine: incomingMachine as AnyMachine, file: "src/core/session/inbound/incoming-message.ts" },
  { machine: outgoingMachine as AnyMachine, file: "src/core/session/outbound/outgoing-message.ts" },
  { machine: deliveryMachine as AnyMachine, file: "src/core/topic/delivery-question.ts" },
  { machine: groupSearchMachine as AnyMachine, file: "src/core/topic/group-search.ts" },
];
