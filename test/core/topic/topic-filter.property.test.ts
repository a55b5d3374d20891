import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SubscriptionTree } from "../../../src/core/topic/subscription-tree.ts";
import { literalPrefix, matchesTopicFilter, parseTopicFilter } from "../../../src/core/topic/topic-filter.ts";
import { isValidTopicName } from "../../../src/core/topic/topic-name.ts";
import { text, topicFilter, topicName } from "../../support/arbitraries.ts";

/** Section 4.7 as it is written: level by level. */
function matches(filter: readonly string[], name: readonly string[], isFirst = true): boolean {
  const [wanted, ...furtherWanted] = filter;
  const [level, ...further] = name;
  if (isFirst && level?.startsWith("$") && (wanted === "+" || wanted === "#")) return false;
  if (wanted === "#") return true;
  if (wanted === undefined || level === undefined) return wanted === level;
  return (wanted === "+" || wanted === level) && matches(furtherWanted, further, false);
}

/** Sections 4.7.1 and 4.7.3 as they are written. */
function isFilter(text: string): boolean {
  const levels = text.split("/");
  const isPlaced = (level: string, index: number) =>
    !/[+#]/.test(level) || level === "+" || (level === "#" && index === levels.length - 1);
  return text !== "" && !text.includes("\0") && levels.every(isPlaced);
}

const anyText = fc.oneof(
  topicFilter,
  text,
  fc.string({ unit: fc.constantFrom("a", "/", "+", "#", "$", "\0"), maxLength: 8 }),
);
const numRuns = 3000;

describe("topic filters and names of any kind", () => {
  it("match as a comparison level by level does [MQTT-4.7.1-2] [MQTT-4.7.2-1]", () => {
    fc.assert(
      fc.property(topicFilter, topicName, (filter, name) => {
        const expected = matches(filter.split("/"), name.split("/"));
        expect(matchesTopicFilter(filter, name)).toBe(expected);
        if (expected) expect(name.startsWith(literalPrefix(filter))).toBe(true);
      }),
      { numRuns },
    );
  });

  it("are valid as they are level by level [MQTT-4.7.1-1] [MQTT-4.7.1-2] [MQTT-4.7.3-1] [MQTT-4.7.3-2]", () => {
    fc.assert(
      fc.property(anyText, (any) => {
        fc.pre(!any.startsWith("$share"));
        expect(parseTopicFilter(any) !== undefined).toBe(isFilter(any));
        expect(isValidTopicName(any)).toBe(isFilter(any) && !/[+#]/.test(any));
      }),
      { numRuns },
    );
  });

  it("keep their meaning in a shared subscription [MQTT-4.8.2-1] [MQTT-4.8.2-2]", () => {
    fc.assert(
      fc.property(fc.oneof(topicName, text), anyText, (shareName, filter) => {
        const isShareName = shareName !== "" && !/[+#/\0]/.test(shareName);
        fc.pre(!shareName.includes("/") && !filter.startsWith("$share"));
        const parsed = parseTopicFilter(`$share/${shareName}/${filter}`);
        if (isShareName && isFilter(filter)) expect(parsed).toMatchObject({ shareName, filter });
        else expect(parsed).toBeUndefined();
      }),
      { numRuns },
    );
  });
});

type Step = { readonly filter: string; readonly key: string; readonly isRemoval: boolean };

describe("the subscription tree and a plain list", () => {
  const step: fc.Arbitrary<Step> = fc.record({
    filter: topicFilter,
    key: fc.constantFrom("alice", "bob"),
    isRemoval: fc.boolean(),
  });

  it("hold and find the same, through additions and removals", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.array(topicName, { minLength: 5 }), (steps, names) => {
        const tree = new SubscriptionTree<Step>();
        const list = new Map<string, Step>();
        for (const step of steps) {
          const { filter, key, isRemoval } = step;
          const name = `${key} ${filter}`;
          expect(isRemoval ? tree.delete(filter, key) : tree.set(filter, key, step)).toBe(list.get(name));
          if (isRemoval) list.delete(name);
          else list.set(name, step);
          expect(tree.size).toBe(list.size);
        }
        for (const name of names) {
          const found: Step[] = [];
          tree.forEachMatch(name, (value) => found.push(value));
          const expected = [...list.values()].filter(({ filter }) => matches(filter.split("/"), name.split("/")));
          expect(found.length).toBe(expected.length);
          expect(new Set(found)).toEqual(new Set(expected));
        }
        for (const { filter, key } of list.values()) tree.delete(filter, key);
        expect([tree.size, tree.nodeCount]).toEqual([0, 0]);
      }),
      { numRuns: 500 },
    );
  });
});
