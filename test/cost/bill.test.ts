// From counts to dollars.

import { describe, expect, it } from "vitest";
import { alarmsBeyond, awsBillOf, billOf, type Usage, usageOf } from "../../tools/cost/bill.ts";
import { difference } from "../../tools/cost/counts.ts";
import { countsOf, readingOf } from "./scene.ts";

const freeWake = { ms: 0, rowsRead: 0 };
const million = 1_000_000;

const noUsage: Usage = {
  workerRequests: 0,
  calls: 0,
  alarms: 0,
  incomingFrames: 0,
  rowsWritten: 0,
  alarmsSet: 0,
  rowsRead: 0,
  awakeSec: 0,
};

describe("the bill", () => {
  it.each([
    ["a Worker request", { workerRequests: million }, 0.3],
    ["a call", { calls: million }, 0.15],
    ["an alarm", { alarms: million }, 0.15],
    ["20 incoming frames", { incomingFrames: 20 * million }, 0.15],
    ["a row written", { rowsWritten: million }, 1],
    ["setAlarm, which is a row", { alarmsSet: million }, 1],
    ["a row read", { rowsRead: million }, 0.001],
    ["a second awake, at 128 MB", { awakeSec: million }, 1.6],
  ])("has the price of a million times %s", (_, usage, dollars) => {
    expect(billOf({ ...noUsage, ...usage }).total).toBeCloseTo(dollars, 10);
  });

  it("is the sum of its items", () => {
    const { total, ...items } = billOf({ ...noUsage, workerRequests: million, calls: million, rowsRead: million });
    expect(items).toEqual({ workerRequests: 0.3, objectRequests: 0.15, rowsWritten: 0, rowsRead: 0.001, duration: 0 });
    expect(total).toBeCloseTo(0.451, 10);
  });

  it("of AWS has messages and minutes", () => {
    expect(awsBillOf({ messages: 2 * million, connectionMinutes: million })).toBeCloseTo(2.08, 10);
  });
});

describe("usage", () => {
  it("takes alarms and frames apart from calls of any name", () => {
    const events = { fetch: 1, deliver: 2, "something new": 3, alarm: 4, webSocketMessage: 5, webSocketClose: 6 };
    expect(usageOf(countsOf({ events }, 7), 0, freeWake)).toEqual({
      ...noUsage,
      workerRequests: 7,
      calls: 6,
      alarms: 4,
      incomingFrames: 11,
    });
  });

  it("is awake in events, in timers, and for what a wake is assumed to take", () => {
    const counts = countsOf({ eventMs: 30, timerMs: 3_000, coldWakes: 2 });
    expect(usageOf(counts, 0, { ...freeWake, ms: 10 }).awakeSec).toBeCloseTo(3.05, 10);
  });

  it("adds what a wake reads where the object did not really start, and was not counted", () => {
    const counts = countsOf({ rowsRead: 5, coldWakes: 3, starts: 1 });
    expect(usageOf(counts, 0, { ...freeWake, rowsRead: 10 }).rowsRead).toBe(25);
  });

  it("has for an alarm too rare for the window its part of the request, the row and the wake", () => {
    expect(usageOf(countsOf({}), 0.5, { ms: 1_000, rowsRead: 10 })).toEqual({
      ...noUsage,
      alarms: 0.5,
      alarmsSet: 0.5,
      rowsRead: 5,
      awakeSec: 0.5,
    });
  });
});

describe("alarms too rare for a window", () => {
  const before = readingOf(1_000, countsOf({}));

  it("count by how far ahead they were set", () => {
    const after = readingOf(2_000, countsOf({}), {
      SESSION: [{ setAtMs: 0, atMs: 4_000 }],
      TOPIC: [{ setAtMs: 500, atMs: 2_500 }],
    });
    expect(alarmsBeyond(before, after)).toBeCloseTo(1_000 / 4_000 + 1_000 / 2_000, 10);
  });

  it("are not those that were set in it, which are counted", () => {
    const after = readingOf(2_000, countsOf({}), { SESSION: [{ setAtMs: 1_500, atMs: 4_000 }] });
    expect(alarmsBeyond(before, after)).toBe(0);
  });
});

describe("what was counted between two readings", () => {
  it("is the difference, without what stayed as it was", () => {
    const statement = (times: number) => ({ times, rowsRead: 0, rowsWritten: times });
    const before = readingOf(0, countsOf({ events: { fetch: 1 }, rowsRead: 3, statements: { a: statement(1) } }, 1));
    const after = readingOf(
      9,
      countsOf({ events: { fetch: 1, alarm: 2 }, rowsRead: 4, statements: { a: statement(1), b: statement(2) } }, 3),
    );
    expect(difference(before, after)).toEqual(
      countsOf({ events: { alarm: 2 }, rowsRead: 1, statements: { b: statement(2) } }, 2),
    );
  });

  it("is all of it for an object that was not there", () => {
    const before = readingOf(0, { workerRequests: 0, calls: {}, objects: {} });
    const counts = countsOf({ events: { fetch: 1 }, starts: 1 });
    expect(difference(before, readingOf(1, counts))).toEqual(counts);
  });
});
