// All subscriptions of a topic shard, arranged by topic level so that a publish meets only those that match.
// MQTT 5.0 section 4.7. The tree knows filters, keys and values: what a subscription is, and how overlapping ones
// are merged, is the caller's affair. The same matching, for one filter at a time, is in topic-filter.ts.

/** A node of the tree, at the end of a path of filter levels. A node without children and values is removed. */
type Node<Value> = {
  /** Children by literal level. */
  literals: Map<string, Node<Value>> | undefined;
  /** The child for the level `+`. */
  plus: Node<Value> | undefined;
  /** The values of filters that end here, by key. */
  values: Map<string, Value> | undefined;
  /** The values of filters that end here with a further `#`, by key. They match this level and all below. */
  hashValues: Map<string, Value> | undefined;
};

/** The node a filter ends at, and the edge to cut should that node become empty. */
type Path<Value> = {
  end: Node<Value>;
  endsInHash: boolean;
  /** The last node on the way that stays, whatever happens to the nodes below it. */
  keeper: Node<Value>;
  /** The level that leads from `keeper` towards `end`. */
  cutLevel: string;
  /** How many nodes hang on that edge. */
  cutNodes: number;
};

const dollar = 0x24;

/** Values by Topic Filter and key; at most one for each pair. Filters are taken as valid. */
export class SubscriptionTree<Value> {
  #root: Node<Value> = emptyNode();
  #size = 0;
  #nodeCount = 0;

  /** The number of values. */
  get size(): number {
    return this.#size;
  }

  /** The number of nodes below the root: what the tree costs in memory, beside its values. */
  get nodeCount(): number {
    return this.#nodeCount;
  }

  /**
   * Adds or replaces a value.
   *
   * @param filter the `filter` of a parsed `TopicFilter`
   * @returns the value replaced
   */
  set(filter: string, key: string, value: Value): Value | undefined {
    const values = this.#valuesFor(filter);
    const sizeBefore = values.size;
    const previous = values.get(key);
    values.set(key, value);
    this.#size += values.size - sizeBefore;
    return previous;
  }

  /**
   * Removes a value, and the nodes that only it needed.
   *
   * @returns the value removed
   */
  delete(filter: string, key: string): Value | undefined {
    const path = this.#find(filter);
    if (path === undefined) return undefined;
    const { end, endsInHash, keeper, cutLevel, cutNodes } = path;
    const values = endsInHash ? end.hashValues : end.values;
    if (!values?.has(key)) return undefined;

    const removed = values.get(key);
    values.delete(key);
    this.#size -= 1;
    if (values.size === 0) {
      if (endsInHash) end.hashValues = undefined;
      else end.values = undefined;
      if (cutNodes > 0 && isEmpty(end)) {
        removeChild(keeper, cutLevel);
        this.#nodeCount -= cutNodes;
      }
    }
    return removed;
  }

  /**
   * Visits the value of every filter that matches, in no particular order. It goes down all matching branches
   * together, a level at a time, and stops where they end. So a name that is deeper than the tree costs no more than the
   * tree, and a deep tree needs no call stack.
   *
   * @param topicName valid
   * @param visit must not change the tree
   */
  forEachMatch(topicName: string, visit: (value: Value) => void): void {
    // Nodes whose path matches the levels before `start`, and those that match one level more.
    let matching = [this.#root];
    let matchingNext: Node<Value>[] = [];
    let start = 0;
    while (matching.length > 0) {
      const separator = topicName.indexOf("/", start);
      const level = separator === -1 ? topicName.slice(start) : topicName.slice(start, separator);
      // No wildcard at the first level stands for `$…` [MQTT-4.7.2-1].
      const wildcardsMatch = start > 0 || topicName.charCodeAt(0) !== dollar;
      for (const node of matching) {
        if (wildcardsMatch) {
          visitAll(node.hashValues, visit);
          if (node.plus !== undefined) matchingNext.push(node.plus);
        }
        const child = node.literals?.get(level);
        if (child !== undefined) matchingNext.push(child);
      }
      [matching, matchingNext] = [matchingNext, matching];
      if (separator === -1) break;
      matchingNext.length = 0;
      start = separator + 1;
    }
    for (const node of matching) {
      visitAll(node.values, visit);
      visitAll(node.hashValues, visit);
    }
  }

  /** The values of a filter, with the path to them made if it is missing. */
  #valuesFor(filter: string): Map<string, Value> {
    let node = this.#root;
    for (let start = 0; ; ) {
      const separator = filter.indexOf("/", start);
      const level = separator === -1 ? filter.slice(start) : filter.slice(start, separator);
      if (level === "#") {
        node.hashValues ??= new Map();
        return node.hashValues;
      }
      let child = childOf(node, level);
      if (child === undefined) {
        child = emptyNode<Value>();
        addChild(node, level, child);
        this.#nodeCount += 1;
      }
      node = child;
      if (separator === -1) break;
      start = separator + 1;
    }
    node.values ??= new Map();
    return node.values;
  }

  #find(filter: string): Path<Value> | undefined {
    const path: Path<Value> = { end: this.#root, endsInHash: false, keeper: this.#root, cutLevel: "", cutNodes: 0 };
    for (let start = 0; ; ) {
      const separator = filter.indexOf("/", start);
      const level = separator === -1 ? filter.slice(start) : filter.slice(start, separator);
      if (level === "#") return { ...path, endsInHash: true };
      const child = childOf(path.end, level);
      if (child === undefined) return undefined;
      if (path.end === this.#root || holdsMoreThanOneChild(path.end)) {
        path.keeper = path.end;
        path.cutLevel = level;
        path.cutNodes = 0;
      }
      path.cutNodes += 1;
      path.end = child;
      if (separator === -1) return path;
      start = separator + 1;
    }
  }
}

function emptyNode<Value>(): Node<Value> {
  return { literals: undefined, plus: undefined, values: undefined, hashValues: undefined };
}

function isEmpty<Value>(node: Node<Value>): boolean {
  return (
    node.literals === undefined && node.plus === undefined && node.values === undefined && node.hashValues === undefined
  );
}

/** Whether a node that has a child would be needed without it. */
function holdsMoreThanOneChild<Value>(node: Node<Value>): boolean {
  if (node.values !== undefined || node.hashValues !== undefined) return true;
  return (node.literals?.size ?? 0) + (node.plus === undefined ? 0 : 1) > 1;
}

function childOf<Value>(node: Node<Value>, level: string): Node<Value> | undefined {
  return level === "+" ? node.plus : node.literals?.get(level);
}

function addChild<Value>(node: Node<Value>, level: string, child: Node<Value>): void {
  if (level === "+") {
    node.plus = child;
  } else {
    node.literals ??= new Map();
    node.literals.set(level, child);
  }
}

function removeChild<Value>(node: Node<Value>, level: string): void {
  if (level === "+") {
    node.plus = undefined;
  } else {
    node.literals?.delete(level);
    if (node.literals?.size === 0) node.literals = undefined;
  }
}

function visitAll<Value>(values: Map<string, Value> | undefined, visit: (value: Value) => void): void {
  if (values === undefined) return;
  for (const value of values.values()) visit(value);
}
