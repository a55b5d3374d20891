// Counts as the counting Worker gives them, for tests that need no Worker.

import type { Counts, ObjectCounts, Reading } from "../../tools/cost/counts.ts";

export const noObjectCounts: ObjectCounts = {
  events: {},
  starts: 0,
  coldWakes: 0,
  rowsRead: 0,
  rowsWritten: 0,
  alarmsSet: 0,
  statements: {},
  eventMs: 0,
  timerMs: 0,
};

export function countsOf(session: Partial<ObjectCounts>, workerRequests = 0): Counts {
  return { workerRequests, calls: {}, objects: { SESSION: { ...noObjectCounts, ...session } } };
}

export function readingOf(nowMs: number, counts: Counts, pendingAlarms: Reading["pendingAlarms"] = {}): Reading {
  return { nowMs, pendingAlarms, ...counts };
}
