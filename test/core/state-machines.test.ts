// Every table of a state machine, walked: it leaves no state out of reach and none without an end, and the code goes where
// it says and nowhere else. That a session comes through every line of it is in the test of each machine.

import { describe, expect, it } from "vitest";
import { pages } from "../../tools/machines/machines.ts";

describe.each(pages.map(({ machine }) => [machine.definition.name, machine] as const))("%s", (_, machine) => {
  const { begins, states, table } = machine.definition;
  const names = Object.keys(states);
  const events = [...new Set(Object.values(table).flatMap((row) => Object.keys(row)))];
  const nextOf = (state: string) => Object.values(table[state] ?? {}).map((transition) => transition?.[0] ?? "");
  const finals = names.filter((state) => nextOf(state).length === 0);
  const reachableFrom = (starts: readonly string[]) => {
    const reached = new Set(starts);
    for (const state of reached) for (const next of nextOf(state)) reached.add(next);
    return reached;
  };

  it("goes for each state and event where the table says, and nowhere for what it does not say", () => {
    for (const state of names) {
      for (const event of events) {
        const to = table[state]?.[event]?.[0];
        expect(machine.takes(state, event)).toBe(to !== undefined);
        if (to !== undefined) expect(machine.next(state, event)).toBe(to);
        else expect(() => machine.next(state, event)).toThrow(`no "${event}" can come in "${state}"`);
      }
    }
  });

  it("reaches every state from where it begins, and no other", () => {
    expect([...reachableFrom(begins.map(([state]) => state))].sort()).toEqual([...names].sort());
  });

  it("reaches an end from every state", () => {
    expect(finals.length).toBeGreaterThan(0);
    for (const state of names) expect(finals.some((final) => reachableFrom([state]).has(final))).toBe(true);
  });

  it("says why, in every line", () => {
    const transitions = [...begins, ...Object.values(table).flatMap((row) => Object.values(row))];
    for (const transition of transitions) expect(transition?.[1]).not.toBe("");
  });
});
