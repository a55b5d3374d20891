// A month of a device from two windows.

import { describe, expect, it } from "vitest";
import { monthOf } from "../../tools/cost/month.ts";
import { secondsPerMonth } from "../../tools/cost/prices.ts";
import { countsOf } from "./scene.ts";

const monthMs = secondsPerMonth * 1000;
const statement = (times: number) => ({ times, rowsRead: 0, rowsWritten: times });

describe("a device's month", () => {
  const first = {
    counts: countsOf({ events: { fetch: 1, alarm: 20 }, alarmsSet: 20, statements: { a: statement(4) } }, 1),
    rareAlarms: 0,
    ms: monthMs / 2,
  };
  const later = {
    counts: countsOf({ events: { alarm: 3, webSocketMessage: 7 }, alarmsSet: 3, statements: { b: statement(1) } }),
    rareAlarms: 0.25,
    ms: monthMs / 8,
  };

  it("has its first hours once, and the rest as the later ones", () => {
    expect(monthOf(first, later)).toEqual({
      counts: countsOf(
        {
          events: { fetch: 1, alarm: 32, webSocketMessage: 28 },
          alarmsSet: 32,
          statements: { a: statement(4), b: statement(4) },
        },
        1,
      ),
      rareAlarms: 1,
      ms: monthMs,
    });
  });

  it("has the objects that only one of the windows has", () => {
    const topic = { TOPIC: later.counts.objects.SESSION };
    const counts = { ...later.counts, calls: { x: 1 }, objects: topic as typeof later.counts.objects };
    const { objects, calls } = monthOf(first, { ...later, counts }).counts;
    expect([objects.SESSION, objects.TOPIC?.alarmsSet, calls]).toEqual([first.counts.objects.SESSION, 12, { x: 4 }]);
  });
});
