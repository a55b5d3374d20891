import { describe, expect, it } from "vitest";
import { SubscriptionTree } from "../../../src/core/topic/subscription-tree.ts";

function matchesOf<Value>(tree: SubscriptionTree<Value>, topicName: string): Value[] {
  const matches: Value[] = [];
  tree.forEachMatch(topicName, (value) => matches.push(value));
  return matches.sort();
}

/** A tree in which every filter's value is the filter itself. */
function treeOf(...filters: string[]): SubscriptionTree<string> {
  const tree = new SubscriptionTree<string>();
  for (const filter of filters) tree.set(filter, "client", filter);
  return tree;
}

describe("SubscriptionTree", () => {
  it("keeps one value for each filter and key", () => {
    const tree = new SubscriptionTree<number>();
    expect(tree.set("a/b", "alice", 1)).toBeUndefined();
    expect(tree.set("a/b", "bob", 2)).toBeUndefined();
    expect(tree.set("a/b/#", "alice", 3)).toBeUndefined();
    expect(tree.set("a/b", "alice", 4)).toBe(1);
    expect(tree.size).toBe(3);
    expect(matchesOf(tree, "a/b")).toEqual([2, 3, 4]);
  });

  it("keeps a value that is `undefined` like any other", () => {
    const tree = new SubscriptionTree<undefined>();
    tree.set("a", "alice", undefined);
    tree.set("a", "alice", undefined);
    expect(tree.size).toBe(1);
    expect(matchesOf(tree, "a")).toEqual([undefined]);
    tree.delete("a", "alice");
    expect(tree.size).toBe(0);
    expect(tree.nodeCount).toBe(0);
  });

  it("finds overlapping filters, each once", () => {
    const tree = treeOf("#", "+/#", "a/#", "a/+", "a/+/#", "a/b", "+/+", "+/b", "a/b/#", "a", "a/b/c", "a/b/+", "b/#");
    expect(matchesOf(tree, "a/b")).toEqual(["#", "+/#", "a/#", "a/+", "a/+/#", "a/b", "+/+", "+/b", "a/b/#"].sort());
  });

  it("does not let a wildcard at the first level match `$…` [MQTT-4.7.2-1]", () => {
    const tree = treeOf("#", "+", "+/#", "+/a", "$SYS", "$SYS/#", "$SYS/+", "$SYS/a", "/#");
    expect(matchesOf(tree, "$SYS/a")).toEqual(["$SYS/#", "$SYS/+", "$SYS/a"]);
    expect(matchesOf(tree, "$SYS")).toEqual(["$SYS", "$SYS/#"]);
    expect(matchesOf(tree, "/$SYS")).toEqual(["#", "+/#", "/#"].sort());
  });

  it("takes levels named like properties of an object as any others", () => {
    const tree = treeOf("__proto__/constructor", "toString");
    expect(matchesOf(tree, "__proto__/constructor")).toEqual(["__proto__/constructor"]);
    expect(matchesOf(tree, "toString")).toEqual(["toString"]);
    expect(matchesOf(tree, "constructor")).toEqual([]);
  });
});

describe("deleting from the subscription tree", () => {
  it("removes only what was there", () => {
    const tree = treeOf("a/b", "a/#");
    expect(tree.delete("a/b", "somebody")).toBeUndefined();
    expect(tree.delete("a", "client")).toBeUndefined();
    expect(tree.delete("a/b/c", "client")).toBeUndefined();
    expect(tree.delete("a/+", "client")).toBeUndefined();
    expect(tree.delete("#", "client")).toBeUndefined();
    expect(tree.size).toBe(2);
    expect(tree.delete("a/b", "client")).toBe("a/b");
    expect(tree.delete("a/b", "client")).toBeUndefined();
    expect(matchesOf(tree, "a/b")).toEqual(["a/#"]);
  });

  it.each([
    ["a chain of levels down to nothing", [], "a/b/c/d", 0],
    ["wildcard levels", [], "+/a/+/#", 0],
    ["nothing of a longer filter", ["a/b/c"], "a/b", 3],
    ["nothing of a filter that ends in `#` at the same level", ["a/b/#"], "a/b", 2],
    ["nothing of a filter that ends where `#` did", ["a/b"], "a/b/#", 2],
    ["only its own branch", ["a/x"], "a/b/c/d", 2],
    ["only its own branch, beside `+`", ["a/+"], "a/b/c/d", 2],
    ["only its own `+` branch", ["a/b"], "a/+/c/d", 2],
    ["only what is below a shorter filter", ["a/b"], "a/b/c/d", 2],
    ["only what is below a shorter filter with `#`", ["a/#"], "a/b/c/d", 1],
    ["no node for `#` alone", ["a"], "#", 1],
  ])("prunes %s", (_what, others, filter, nodesLeft) => {
    const tree = treeOf(...others, filter);
    expect(tree.delete(filter, "client")).toBe(filter);
    expect(tree.nodeCount).toBe(nodesLeft);
    expect(tree.size).toBe(others.length);
    for (const other of others) expect(tree.delete(other, "client")).toBe(other);
    expect(tree.nodeCount).toBe(0);
  });

  it("keeps nodes that another key needs", () => {
    const tree = treeOf("a/b");
    tree.set("a/b", "somebody", "theirs");
    tree.delete("a/b", "client");
    expect(tree.nodeCount).toBe(2);
    expect(matchesOf(tree, "a/b")).toEqual(["theirs"]);
  });
});

describe("the size of the subscription tree", () => {
  it("may be 60,000 levels: no call stack is needed", () => {
    const slashes = "/".repeat(60_000);
    const pluses = `${"+/".repeat(60_000)}+`;
    const tree = treeOf(slashes, pluses, `${pluses}/#`, "#");
    expect(tree.nodeCount).toBe(2 * 60_001);
    expect(matchesOf(tree, slashes)).toEqual([slashes, pluses, `${pluses}/#`, "#"].sort());
    for (const filter of [slashes, pluses, `${pluses}/#`]) expect(tree.delete(filter, "client")).toBe(filter);
    expect(tree.nodeCount).toBe(0);
  });

  it("bounds the work for a name that is deeper", () => {
    const tree = treeOf("+/+/a", "/#");
    const slashes = "/".repeat(60_000);
    const startedMs = performance.now();
    for (let round = 0; round < 10_000; round += 1) expect(matchesOf(tree, slashes)).toEqual(["/#"]);
    // Walking 60,000 levels 10,000 times would take a minute.
    expect(performance.now() - startedMs).toBeLessThan(5_000);
  });

  it("hardly matters for one match: 100,000 subscriptions", () => {
    const tree = new SubscriptionTree<number>();
    for (let device = 0; device < 100_000; device += 1) tree.set(`device/${device}/+`, "client", device);
    expect(tree.size).toBe(100_000);
    const startedMs = performance.now();
    for (let device = 0; device < 100_000; device += 1) {
      tree.forEachMatch(`device/${device}/temperature`, (value) => {
        if (value !== device) expect(value).toBe(device);
      });
    }
    // 100,000 scans of 100,000 filters would take minutes.
    expect(performance.now() - startedMs).toBeLessThan(5_000);
  });
});
