// docs/MACHINES.md from the tables of the state machines: a page of Markdown, the same for the same tables.

import type { AnyMachine, Page } from "./machines.ts";

export function renderDocument(pages: readonly Page[]): string {
  return `${[introduction(pages), ...pages.map(chapter)].join("\n\n")}\n`;
}

function introduction(pages: readonly Page[]): string {
  return `# State machines

For everybody who changes the core: the states of what the broker keeps, which event leads from one to another, and why.
\`npm run diagrams\` writes this page from the tables in the code, which takes its transitions from the same tables. An event that
a state's table does not have cannot come in that state: that would be a bug, and the object would start again.

${pages.map(({ machine }) => `- [${nameOf(machine)}](#${anchorOf(nameOf(machine))})`).join("\n")}`;
}

function chapter({ machine, file }: Page): string {
  const { states } = machine.definition;
  return [
    `## ${nameOf(machine)}`,
    `The table is in [${file}](../${file}).`,
    diagramOf(machine),
    tableOf(["state", "what it means"], Object.entries(states)),
    tableOf(["in state", "event", "next state", "why"], rowsOf(machine)),
  ].join("\n\n");
}

/** Mermaid, https://mermaid.js.org/syntax/stateDiagram.html. Its identifiers have no spaces, so states are numbered. */
export function diagramOf({ definition }: AnyMachine): string {
  const names = Object.keys(definition.states);
  const idOf = (state: string) => `s${names.indexOf(state) + 1}`;
  const lines = names.map((state) => `state "${state}" as ${idOf(state)}`);
  for (const to of new Set(definition.begins.map(([to]) => to))) lines.push(`[*] --> ${idOf(to)}`);
  for (const state of names) {
    const transitions = Object.entries(definition.table[state] ?? {});
    const byTarget = Map.groupBy(transitions, ([, transition]) => transition?.[0] ?? state);
    for (const [to, events] of byTarget) {
      lines.push(`${idOf(state)} --> ${idOf(to)} : ${events.map(([event]) => event).join(" / ")}`);
    }
    if (transitions.length === 0) lines.push(`${idOf(state)} --> [*]`);
  }
  return ["```mermaid", "stateDiagram-v2", ...lines.map((line) => `  ${line}`), "```"].join("\n");
}

function rowsOf({ definition }: AnyMachine): string[][] {
  const begins = definition.begins.map(([to, why]) => ["*(start)*", "", to, why]);
  const transitions = Object.entries(definition.table).flatMap(([state, row]) =>
    Object.entries(row).map(([event, transition]) => [state, event, ...(transition ?? [])]),
  );
  return [...begins, ...transitions];
}

function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lineOf = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [lineOf(head), `|${"---|".repeat(head.length)}`, ...rows.map(lineOf)].join("\n");
}

function nameOf({ definition }: AnyMachine): string {
  return definition.name;
}

/** As GitHub names the anchor of a heading. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\w -]/g, "")
    .replaceAll(" ", "-");
}
