// A timer that never clears one of the platform's.

import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Timer } from "../../src/platform/timer.ts";

beforeEach(() => void vi.useFakeTimers({ now: 0 }));
afterEach(() => {
  vi.restoreAllMocks(); // Before the fake functions go that are spied on.
  vi.useRealTimers();
});

function recorded() {
  const firedAtMs: number[] = [];
  return { timer: new Timer(() => firedAtMs.push(Date.now())), firedAtMs };
}

it.each([0, 1, 9, 10, 11, 100, 20_000])("fires once, after %i ms", (delayMs) => {
  const { timer, firedAtMs } = recorded();
  timer.set(Date.now(), delayMs);
  expect(timer.isOn).toBe(true);
  vi.advanceTimersByTime(60_000);
  expect(firedAtMs).toEqual([delayMs]);
  expect(timer.isOn).toBe(false);
  expect(vi.getTimerCount()).toBe(0);
});

it("what was set last holds, earlier or later", () => {
  const { timer, firedAtMs } = recorded();
  timer.set(Date.now(), 5_000);
  vi.advanceTimersByTime(2_000);
  timer.set(Date.now(), 3);
  vi.advanceTimersByTime(2_000);
  expect(firedAtMs).toEqual([2_003]);
  timer.set(Date.now(), 5);
  timer.set(Date.now(), 50);
  expect([timer.isDueBy(4_049), timer.isDueBy(4_050)]).toEqual([false, true]);
  vi.advanceTimersByTime(2_000);
  expect(firedAtMs).toEqual([2_003, 4_050]);
});

it("once off it does not fire, and soon lets the object hibernate", () => {
  const { timer, firedAtMs } = recorded();
  timer.set(Date.now(), 20_000);
  timer.off();
  vi.advanceTimersByTime(10);
  expect(vi.getTimerCount()).toBe(0);
  timer.set(Date.now(), 5);
  vi.advanceTimersByTime(5);
  expect(firedAtMs).toEqual([15]);
});

it("set and off with every message, it clears none and has few at a time", () => {
  const cleared = vi.spyOn(globalThis, "clearTimeout");
  const { timer } = recorded();
  for (let message = 0; message < 1_000; message += 1) {
    timer.set(Date.now(), message % 2 === 0 ? 20_000 : 1);
    timer.off();
    if (message % 10 === 0) vi.advanceTimersByTime(1);
    expect(vi.getTimerCount()).toBeLessThanOrEqual(2);
  }
  expect(cleared).not.toHaveBeenCalled();
});

it.each([5, 3_000])("set to %i ms, it fires after as long when the clock is set back meanwhile", (delayMs) => {
  const { timer, firedAtMs } = recorded();
  vi.setSystemTime(10_000_000);
  timer.set(Date.now(), delayMs);
  vi.setSystemTime(6_400_000);
  vi.advanceTimersByTime(delayMs + 10_000);
  expect(firedAtMs).toHaveLength(1);
  expect(firedAtMs[0]).toBeLessThanOrEqual(6_400_000 + delayMs + 10);
});

it("set again after the clock was set back, it is not put off or hurried by what was set before", () => {
  const { timer, firedAtMs } = recorded();
  vi.setSystemTime(10_000_000);
  timer.set(Date.now(), 3_000);
  vi.setSystemTime(6_400_000);
  timer.set(Date.now(), 5_000);
  vi.advanceTimersByTime(20_000);
  expect(firedAtMs).toEqual([6_405_000]);
});
