// Which lines of a state machine's table a test comes through: `in flight: PUBACK` for each.

import { vi } from "vitest";
import type { StateMachine } from "../../src/core/state-machine.ts";

/** All lines of the table. */
export function linesOf<State extends string, Event extends string>({
  definition,
}: StateMachine<State, Event>): string[] {
  const rows = Object.entries<object>(definition.table);
  return rows.flatMap(([state, row]) => Object.keys(row).map((event) => `${state}: ${event}`)).sort();
}

/** @returns the lines that `act` comes through, each once */
export function linesTakenBy<State extends string, Event extends string>(
  machine: StateMachine<State, Event>,
  act: () => void,
): string[] {
  const next = vi.spyOn(machine, "next");
  try {
    act();
    return [...new Set(next.mock.calls.map(([state, event]) => `${state}: ${event}`))].sort();
  } finally {
    next.mockRestore();
  }
}
