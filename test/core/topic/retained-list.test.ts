import { describe, expect, it } from "vitest";
import type { Message } from "../../../src/core/message/message.ts";
import { listRetained, type RetainedQuery } from "../../../src/core/topic/retained-list.ts";

function messageOf(topicName: string, payloadBytes = 1): Message {
  const payload = new Uint8Array(payloadBytes);
  return { id: "", topicName, qos: 0, retain: true, expiresAtMs: 0, properties: new Uint8Array(), payload };
}

/** Names in order; those that end with "old" have expired at 1000. */
function list(names: readonly string[], query: Partial<RetainedQuery>, payloadBytes = 1) {
  const store = {
    retainedNames: (from: string, isAfter: boolean, most: number) =>
      names
        .filter((name) => name > from || (!isAfter && name === from))
        .slice(0, most)
        .map((topicName) => ({
          topicName,
          expiresAtMs: topicName.endsWith("old") ? 1000 : 0,
          publisher: "p",
          retainedAtMs: 1,
        })),
  };
  const read = (topicName: string) => (topicName.endsWith("bad") ? undefined : messageOf(topicName, payloadBytes));
  const whole = { filter: undefined, after: undefined, most: 100, ...query };
  const { messages, after } = listRetained(store, read, whole, 1000);
  return { topics: messages.map(({ topicName }) => topicName), after };
}

describe("a list of retained messages", () => {
  it("has what the filter matches, from its prefix to the end of it", () => {
    const names = ["a", "a/b", "a/b/c", "a/x", "b"];
    expect(list(names, { filter: "a/#" })).toEqual({ topics: ["a", "a/b", "a/b/c", "a/x"], after: undefined });
    expect(list(names, { filter: "a/+" })).toEqual({ topics: ["a/b", "a/x"], after: undefined });
    expect(list(names, { filter: "a/b" })).toEqual({ topics: ["a/b"], after: undefined });
  });

  it("has no topic that begins with $ by a wildcard, and all of them without a filter", () => {
    expect(list(["$a", "b"], { filter: "#" }).topics).toEqual(["b"]);
    expect(list(["$a", "b"], {}).topics).toEqual(["$a", "b"]);
  });

  it("passes over what has expired, or cannot be read", () => {
    expect(list(["a", "b/old", "c/bad", "d"], {}).topics).toEqual(["a", "d"]);
  });

  it("ends a page at its number of messages, or a megabyte, and goes on behind it", () => {
    const names = ["a", "b", "c"];
    expect(list(names, { most: 2 })).toEqual({ topics: ["a", "b"], after: "b" });
    expect(list(names, { most: 2, after: "b" })).toEqual({ topics: ["c"], after: undefined });
    expect(list(names, {}, 600_000)).toEqual({ topics: ["a", "b"], after: "b" });
  });

  it("ends a page after a thousand names, though none matched", () => {
    const names = Array.from({ length: 1500 }, (_, index) => `a/${String(index).padStart(4, "0")}`);
    const first = list([...names, "a/z/z"], { filter: "a/z/+" });
    expect(first).toEqual({ topics: ["a/z/z"], after: undefined });
    const scanned = list([...names, "a/z/z"], { filter: "a/+/z" });
    expect(scanned).toEqual({ topics: [], after: "a/0999" });
    expect(list([...names, "a/z/z"], { filter: "a/+/z", after: "a/0999" }).topics).toEqual(["a/z/z"]);
  });
});
