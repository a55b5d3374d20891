// Pieces of work that each have a turn of their own.

import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { PieceQueue } from "../../src/platform/piece-queue.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("they are done in order and later, however many they are, with few timers", async () => {
  const done: number[] = [];
  const queue = new PieceQueue<number>((piece) => {
    done.push(piece);
    // The next of the same, as a page after a page.
    if (piece < 10) queue.add(piece + 5_000);
  }, String);
  for (let piece = 0; piece < 5_000; piece += 1) queue.add(piece);
  expect(done).toEqual([]);
  expect(vi.getTimerCount()).toBeLessThanOrEqual(100);
  await vi.runAllTimersAsync();
  expect(done).toEqual(Array.from({ length: 5_010 }, (_, piece) => piece));
  expect(vi.getTimerCount()).toBe(0);
  queue.add(5_010);
  await vi.runAllTimersAsync();
  expect(done.at(-1)).toBe(5_010);
});

it("one that fails is told of, and the rest goes on", async () => {
  const [done, errors]: [number[], unknown[]] = [[], []];
  const act = (piece: number) => {
    if (piece === 1) throw new Error("broken");
    done.push(piece);
  };
  const queue = new PieceQueue(act, (error) => errors.push(error));
  for (const piece of [0, 1, 2]) queue.add(piece);
  await vi.runAllTimersAsync();
  expect([done, errors]).toEqual([[0, 2], [new Error("broken")]]);
});
