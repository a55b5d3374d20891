// The visible lines of the tree: without topics below a closed one, and without topics that do not match the search.

import type { TopicNode } from "./topic-tree.ts";

export type Row = { readonly node: TopicNode; readonly isExpanded: boolean };

/** The topics that the reader has opened and closed. The first levels are open until closed. */
export class Expansion {
  private readonly byTopic: ReadonlyMap<string, boolean>;

  constructor(byTopic: ReadonlyMap<string, boolean> = new Map()) {
    this.byTopic = byTopic;
  }

  isExpanded({ topic, depth }: TopicNode): boolean {
    return this.byTopic.get(topic) ?? depth < 2;
  }

  with({ topic }: TopicNode, isExpanded: boolean): Expansion {
    return new Expansion(new Map(this.byTopic).set(topic, isExpanded));
  }
}

/** @param search part of a topic, in any case. A match is shown with all levels above it, even closed ones */
export function rowsOf(root: TopicNode, expansion: Expansion, search: string): Row[] {
  const rows: Row[] = [];
  const wanted = search.trim().toLowerCase();
  for (const child of root.children) {
    if (wanted === "") addOpen(child, expansion, rows);
    else addMatching(child, wanted, expansion, rows);
  }
  return rows;
}

function addOpen(node: TopicNode, expansion: Expansion, rows: Row[]): void {
  const isExpanded = node.children.length > 0 && expansion.isExpanded(node);
  rows.push({ node, isExpanded });
  if (isExpanded) for (const child of node.children) addOpen(child, expansion, rows);
}

function addMatching(node: TopicNode, wanted: string, expansion: Expansion, rows: Row[]): void {
  if (node.topic.toLowerCase().includes(wanted)) {
    addOpen(node, expansion, rows);
    return;
  }
  const index = rows.length;
  for (const child of node.children) addMatching(child, wanted, expansion, rows);
  if (rows.length > index) rows.splice(index, 0, { node, isExpanded: true });
}
