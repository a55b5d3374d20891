// One search at a time for a message that must come only once.

import { expect, it } from "vitest";
import { SearchQueue } from "../../../src/core/topic/search-queue.ts";

const search = (name: string, key?: string) => ({ name, key });

it("searches with one key come one after the other, in order", () => {
  const queue = new SearchQueue<{ name: string; key: string | undefined }>();
  const [first, second, third] = [search("1", "k"), search("2", "k"), search("3", "k")];
  expect([first, second, third].map((each) => queue.begin(each))).toEqual([true, false, false]);
  expect(queue.end(first)).toBe(second);
  expect(queue.end(second)).toBe(third);
  expect(queue.end(third)).toBeUndefined();
  expect(queue.begin(first)).toBe(true);
});

it("searches with other keys, or without one, wait for nobody", () => {
  const queue = new SearchQueue<{ name: string; key: string | undefined }>();
  const all = [search("1", "k"), search("2", "l"), search("3"), search("4")];
  expect(all.map((each) => queue.begin(each))).toEqual([true, true, true, true]);
  expect(all.map((each) => queue.end(each))).toEqual([undefined, undefined, undefined, undefined]);
});
