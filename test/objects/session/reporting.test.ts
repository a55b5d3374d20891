// What a session tells the directory: what could not be told is not forgotten.

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Report } from "../../../src/core/session/effect.ts";
import { Reporting } from "../../../src/objects/session/reporting.ts";

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(console, "error").mockReturnValue();
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const connected: Report = {
  type: "connected",
  protocolVersion: 5,
  identity: "credential/1",
  connection: "1-1",
  atMs: 1,
};
const ended: Report = { type: "ended", isExpired: false };

/** A session's object, which restarts with `start`. */
function scene() {
  const state = { isReachable: true, isUnreported: false, heard: [] as Report[], givenUp: 0, told: 0 };
  const start = () =>
    new Reporting({
      call: async (_, { items }) => {
        if (!state.isReachable) throw new Error("out of reach");
        state.heard.push(...items);
        return items.map(() => 0);
      },
      isUnreported: () => state.isUnreported,
      putUnreported: (isUnreported) => {
        state.isUnreported = isUnreported;
      },
      onGivenUp: () => {
        state.givenUp += 1;
      },
      onAnswers: () => {},
      onReported: () => {
        state.told += 1;
      },
      onBroken: (error) => {
        throw error;
      },
    });
  return { state, start };
}

describe("a report that cannot be told", () => {
  it("is sent again, ever more rarely, until it has arrived; nothing is written otherwise", async () => {
    const { state, start } = scene();
    const reporting = start();
    reporting.report(connected);
    await vi.advanceTimersByTimeAsync(100);
    expect(state).toMatchObject({ heard: [connected], isUnreported: false, told: 0 });
    state.isReachable = false;
    reporting.report(ended);
    const waits: number[] = [];
    for (let tries = 1; tries <= 9; tries += 1) {
      await vi.advanceTimersByTimeAsync(15_000);
      expect(state).toMatchObject({ givenUp: tries, isUnreported: true });
      waits.push(reporting.alarmAtMs(Date.now()) - Date.now());
      vi.setSystemTime(Math.max(Date.now(), reporting.alarmAtMs(Date.now())));
      expect(reporting.isDue(Date.now())).toBe(true);
      reporting.report(ended);
      // An alarm in the past would ring at once, again and again, while the lane is at it.
      expect(reporting.alarmAtMs(Date.now())).toBeGreaterThan(Date.now());
    }
    expect(Math.max(...waits)).toBeLessThanOrEqual(300_000);
    expect(waits.at(-1)).toBeGreaterThan(100_000);
    state.isReachable = true;
    await vi.advanceTimersByTimeAsync(5_000);
    expect(state).toMatchObject({ heard: [connected, ended], isUnreported: false, told: 1 });
    expect([reporting.isOwing, reporting.isDue(Date.now())]).toEqual([false, false]);
  });

  it("is told after a restart of the object, as its alarm comes", async () => {
    const { state, start } = scene();
    state.isReachable = false;
    start().report(connected);
    await vi.advanceTimersByTimeAsync(15_000);
    state.isReachable = true;
    const again = start();
    expect([again.isOwing, again.isDue(Date.now())]).toEqual([true, true]);
    again.report(connected);
    await vi.advanceTimersByTimeAsync(100);
    expect([state.isUnreported, again.isOwing]).toEqual([false, false]);
  });

  it("is not taken for told by the length of a queue alone", async () => {
    const { state, start } = scene();
    state.isReachable = false;
    const reporting = start();
    reporting.report(connected);
    await vi.advanceTimersByTimeAsync(15_000);
    state.isReachable = true;
    reporting.report({ type: "queued", messages: 10 });
    await vi.advanceTimersByTimeAsync(100);
    expect(reporting.isOwing).toBe(true);
  });
});
