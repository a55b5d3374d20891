// The tree of topics: what it holds, in which order, and where it stops.

import { describe, expect, it } from "vitest";
import { mayBeOlder } from "../../dashboard/src/live/retained-age.ts";
import { Expansion, rowsOf } from "../../dashboard/src/live/rows.ts";
import { type Message, TopicTree, type TreeLimits, treeLimits } from "../../dashboard/src/live/topic-tree.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

function message(topic: string, payload = "1", atMs = 0): Message {
  const { length } = bytes(payload);
  return { topic, payload: bytes(payload), payloadBytes: length, qos: 0, isRetained: false, atMs, subscribedAtMs: 0 };
}

function treeOf(topics: readonly string[], limits: Partial<TreeLimits> = {}): TopicTree {
  const tree = new TopicTree({ ...treeLimits, ...limits });
  for (const topic of topics) tree.add(message(topic));
  return tree;
}

const payloadsOf = (tree: TopicTree, topic: string) =>
  tree.node(topic)?.history.map(({ payload }) => new TextDecoder().decode(payload));
const topicsOf = (rows: ReturnType<typeof rowsOf>) => rows.map(({ node }) => node.topic);

describe("the tree of topics", () => {
  it("counts messages and topics at every level", () => {
    const tree = treeOf(["home/hall/light", "home/hall/light", "home/door", "home"]);
    expect(tree.node("home")).toMatchObject({ messageCount: 4, topicCount: 3 });
    expect(tree.node("home/hall")).toMatchObject({ messageCount: 2, topicCount: 1, history: [] });
    expect(tree.root).toMatchObject({ messageCount: 4, topicCount: 3 });
    expect(tree.nodeCount).toBe(4);
  });

  it("has empty levels, and levels with names that objects have", () => {
    const tree = treeOf(["/a", "a", "a//b", "__proto__/constructor"]);
    expect(tree.root.children.map(({ level }) => level)).toEqual(["", "__proto__", "a"]);
    expect(tree.node("a//b")).toMatchObject({ level: "b", depth: 2 });
  });

  it("holds a number of topics, however many levels they have", () => {
    const long = Array.from({ length: 4 }, (_, index) => `a/b/c/d/e/${index}`);
    const tree = treeOf([...long, "a/b", "a/b/c/d/e/0"], { topics: 4 });
    expect(tree.root).toMatchObject({ topicCount: 4, messageCount: 5 });
    expect(tree.messagesWithoutRoom).toBe(1);
    const sixLevels = (_: unknown, index: number) => `${index}/b/c/d/e/f`;
    expect(treeOf(Array.from({ length: 5_001 }, sixLevels)).root.topicCount).toBe(5_000);
  });

  it("keeps the last messages of a topic", () => {
    const tree = treeOf([], { messagesPerTopic: 3 });
    for (const payload of ["1", "2", "3", "4", "5"]) tree.add(message("a", payload));
    expect(payloadsOf(tree, "a")).toEqual(["3", "4", "5"]);
    expect(tree.node("a")?.messageCount).toBe(5);
  });

  it("drops the oldest messages of all topics first, and never the last of one", () => {
    const tree = treeOf(["quiet"], { messages: 4 });
    for (const payload of ["1", "2", "3"]) tree.add(message("busy", payload));
    for (const payload of ["1", "2", "3"]) tree.add(message("later", payload));
    expect(payloadsOf(tree, "quiet")).toEqual(["1"]);
    expect(payloadsOf(tree, "busy")).toEqual(["3"]);
    expect(payloadsOf(tree, "later")).toEqual(["2", "3"]);
  });

  it("holds no more bytes than it may, however many messages come", () => {
    const limits = { nodes: 50, messages: 1_000, messagesPerTopic: 20, payloadBytes: 5_000 };
    const tree = treeOf([], limits);
    for (let index = 0; index < 20_000; index++) tree.add(message(`t/${index % 45}`, "x".repeat(index % 200)));
    const all = tree.root.children.flatMap(({ children }) => children).flatMap(({ history }) => history);
    expect(all.length).toBeGreaterThanOrEqual(45);
    expect(all.reduce((sum, { payload }) => sum + payload.length, 0)).toBeLessThanOrEqual(
      limits.payloadBytes + 45 * 200,
    );
  });

  it("keeps long payloads whole while there is room, then their first bytes, and says how long they were", () => {
    const tree = treeOf([], { payloadBytes: 12, bytesPerPayload: 4 });
    for (const topic of ["a", "b"]) tree.add(message(topic, "123456"));
    expect(["a", "b"].map((topic) => payloadsOf(tree, topic))).toEqual([["123456"], ["123456"]]);
    tree.add(message("c", "1"));
    expect(["a", "b"].map((topic) => payloadsOf(tree, topic))).toEqual([["1234"], ["123456"]]);
    expect(tree.node("a")?.history[0]?.payloadBytes).toBe(6);
  });

  it("counts the properties of messages among its bytes", () => {
    const properties = { userProperties: [], subscriptionIdentifiers: [], bytes: 10, leftOut: 0 };
    const tree = treeOf([], { payloadBytes: 30 });
    for (const payload of ["1", "2", "3"]) tree.add({ ...message("a", payload), properties });
    expect(payloadsOf(tree, "a")).toEqual(["2", "3"]);
  });

  it("goes on with the topics that are still wanted", () => {
    const tree = treeOf(["home/door", "home/door", "bin/x"]).only((topic) => topic.startsWith("home/"));
    expect(topicsOf(rowsOf(tree.root, new Expansion(), ""))).toEqual(["home", "home/door"]);
    expect(tree.root).toMatchObject({ topicCount: 1, messageCount: 2 });
  });

  it("does not hold the frame that a payload came in", () => {
    const frame = bytes("....payload....");
    const tree = treeOf([]);
    tree.add({ ...message("a"), payload: frame.subarray(4, 11) });
    expect(tree.node("a")?.history[0]?.payload.buffer.byteLength).toBe(7);
  });

  it("takes no topic that it has no room for, and counts its messages", () => {
    const tree = treeOf(["a/b", "c", "d", "d", "a/b", "a/b/c"], { nodes: 3 });
    expect(topicsOf(rowsOf(tree.root, new Expansion(), ""))).toEqual(["a", "a/b", "c"]);
    expect(tree.messagesWithoutRoom).toBe(3);
    expect(tree.node("a/b")?.messageCount).toBe(2);
  });
});

describe("a retained message", () => {
  it("may be older than its arrival only as the first of its topic after subscribing", () => {
    const arrived = (subscribedAtMs: number, isRetained = true) => ({ ...message("a"), subscribedAtMs, isRetained });
    const history = [arrived(1), arrived(1), arrived(2), arrived(2), arrived(3, false)];
    expect(history.map((one) => mayBeOlder(one, history))).toEqual([true, false, true, false, false]);
  });
});

describe("the lines of the tree", () => {
  const tree = treeOf(["home/hall/light/state", "home/door", "attic"]);

  it("are in order, and closed below the second level until they are opened", () => {
    const shut = new Expansion();
    expect(topicsOf(rowsOf(tree.root, shut, ""))).toEqual([
      "attic",
      "home",
      "home/door",
      "home/hall",
      "home/hall/light",
    ]);
    const light = tree.node("home/hall/light");
    if (light === undefined) throw new Error("there is no light");
    expect(topicsOf(rowsOf(tree.root, shut.with(light, true), ""))).toContain("home/hall/light/state");
  });

  it("leave out what is under a closed topic", () => {
    const home = tree.node("home");
    if (home === undefined) throw new Error("there is no home");
    expect(topicsOf(rowsOf(tree.root, new Expansion().with(home, false), ""))).toEqual(["attic", "home"]);
  });

  it("are those that match, and what is above them, whether it is open or not", () => {
    expect(topicsOf(rowsOf(tree.root, new Expansion(), "STATE"))).toEqual([
      "home",
      "home/hall",
      "home/hall/light",
      "home/hall/light/state",
    ]);
    expect(topicsOf(rowsOf(tree.root, new Expansion(), "hall/"))).toEqual(["home", "home/hall", "home/hall/light"]);
    expect(rowsOf(tree.root, new Expansion(), "cellar")).toEqual([]);
  });
});
