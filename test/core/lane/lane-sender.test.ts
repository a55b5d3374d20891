import { describe, expect, it } from "vitest";
import { type LaneLimits, LaneSender, type LaneStep } from "../../../src/core/lane/lane-sender.ts";

const limits: LaneLimits = {
  maximumItems: 10,
  maximumBytes: 1000,
  maximumBatchItems: 4,
  maximumBatchBytes: 100,
  fullBatchItems: 3,
  fullBatchBytes: 80,
  denseWaitMs: 2,
  giveUpAfterMs: 4000,
};

/** Without jitter: `random` 1 is the whole back-off. */
function laneOf(items: readonly string[] = [], random = () => 1): LaneSender<string> {
  const lane = new LaneSender<string>(limits, random);
  for (const item of items) if (!lane.enqueue(item, 10)) throw new Error("full");
  return lane;
}

const sends = (sequence: number, ...items: string[]): LaneStep<string> => ({
  type: "send",
  batch: { sequence, items },
});
const waits = (ms: number) => ({ type: "wait", ms });
const idle = { type: "idle" };

describe("a lane", () => {
  it("sends a lone item at once, and has one batch in flight", () => {
    const lane = laneOf(["1"]);
    expect(lane.next(0, false)).toEqual(sends(1, "1"));
    lane.enqueue("2", 10);
    expect(lane.next(0, false)).toEqual(idle);
    expect(lane.next(0, true)).toEqual(idle);
    lane.onAnswer();
    expect(lane.next(0, false)).toEqual(sends(2, "2"));
    lane.onAnswer();
    expect(lane.next(0, false)).toEqual(idle);
    expect(lane.length).toBe(0);
  });

  it("waits some milliseconds after a batch of several, so that the next one fills", () => {
    const lane = laneOf(["1", "2"]);
    expect(lane.next(0, false)).toEqual(sends(1, "1", "2"));
    lane.onAnswer();
    lane.enqueue("3", 10);
    expect(lane.next(0, false)).toEqual(waits(2));
    lane.enqueue("4", 10);
    expect(lane.next(2, true)).toEqual(sends(2, "3", "4"));
  });

  it("does not wait for a batch that is full in bytes", () => {
    const lane = laneOf(["1", "2"]);
    expect(lane.next(0, false)).toEqual(sends(1, "1", "2"));
    lane.enqueue("3", 79);
    lane.onAnswer();
    expect(lane.next(0, false)).toEqual(waits(2));
    lane.enqueue("4", 1);
    expect(lane.next(0, false)).toEqual(sends(2, "3", "4"));
  });

  it("does not wait for a batch that is full already, nor after a lone item", () => {
    const lane = laneOf(["1", "2", "3", "4", "5", "6", "7", "8"]);
    expect(lane.next(0, false)).toEqual(sends(1, "1", "2", "3", "4"));
    lane.onAnswer();
    expect(lane.next(0, false)).toEqual(sends(2, "5", "6", "7", "8"));
    lane.onAnswer();
    lane.enqueue("9", 10);
    expect(lane.next(0, true)).toEqual(sends(3, "9"));
    lane.onAnswer();
    lane.enqueue("10", 10);
    expect(lane.next(0, false)).toEqual(sends(4, "10"));
  });

  it("fills a batch up to its bytes, and sends what is larger alone", () => {
    const lane = laneOf();
    for (const [item, bytes] of [
      ["1", 60],
      ["2", 40],
      ["3", 1],
      ["4", 500],
      ["5", 1],
    ] as const)
      lane.enqueue(item, bytes);
    const batches = [];
    for (let step = lane.next(0, true); step.type === "send"; step = lane.next(0, true)) {
      batches.push(step.batch.items);
      lane.onAnswer();
    }
    expect(batches).toEqual([["1", "2"], ["3"], ["4"], ["5"]]);
  });

  it("is full at its number of items, those in flight included", () => {
    const lane = laneOf(Array.from({ length: 10 }, String));
    lane.next(0, false);
    expect(lane.enqueue("more", 10)).toBe(false);
    expect(lane.length).toBe(10);
    lane.onAnswer();
    expect(lane.enqueue("more", 10)).toBe(true);
  });

  it("is full at its bytes, those in flight included", () => {
    const lane = laneOf();
    expect([lane.enqueue("1", 600), lane.enqueue("2", 401), lane.enqueue("3", 400)]).toEqual([true, false, true]);
    lane.next(0, false);
    expect(lane.enqueue("4", 1)).toBe(false);
    lane.onAnswer();
    expect([lane.enqueue("5", 601), lane.enqueue("6", 600)]).toEqual([false, true]);
  });

  it("takes no answer that it does not wait for", () => {
    const lane = laneOf(["1"]);
    expect(() => lane.onAnswer()).toThrow("an answer without a batch in flight");
    expect(() => lane.onFailure("lost", 0)).toThrow("a failure without a batch in flight");
  });
});

describe("a lane whose batch got no answer", () => {
  it("sends the same batch again, under its number, before anything else", () => {
    const lane = laneOf(["1", "2"]);
    lane.next(0, false);
    expect(lane.onFailure("lost", 0)).toEqual([]);
    lane.enqueue("3", 10);
    expect(lane.isFailing).toBe(true);
    expect(lane.next(0, false)).toEqual(waits(50));
    expect(lane.next(20, false)).toEqual(waits(30));
    expect(lane.next(50, false)).toEqual(sends(1, "1", "2"));
    expect(lane.isFailing).toBe(true);
    lane.onAnswer();
    expect(lane.isFailing).toBe(false);
    expect(lane.next(50, true)).toEqual(sends(2, "3"));
  });

  it.each([
    ["lost", [50, 100, 200, 400, 800, 1600]],
    ["overloaded", [500, 1000, 2000, 4000, 5000]],
  ] as const)("waits twice as long after each failure: %s", (failure, expected) => {
    const lane = new LaneSender<string>({ ...limits, giveUpAfterMs: 60_000 }, () => 1);
    lane.enqueue("1", 10);
    let nowMs = 0;
    const waited = expected.map(() => {
      lane.next(nowMs, false);
      lane.onFailure(failure, nowMs);
      const step = lane.next(nowMs, false);
      const ms = step.type === "wait" ? step.ms : 0;
      nowMs += ms;
      return ms;
    });
    expect(waited).toEqual(expected);
  });

  it("spreads its retries over half of the time", () => {
    const waited = [0, 0.5, 1].map((random) => {
      const lane = laneOf(["1"], () => random);
      lane.next(0, false);
      lane.onFailure("lost", 0);
      return lane.next(0, false);
    });
    expect(waited).toEqual([waits(25), waits(37.5), waits(50)]);
  });

  it("goes when its timer says so, whatever the clock says", () => {
    const lane = laneOf(["1"]);
    lane.next(0, false);
    lane.onFailure("lost", 0);
    expect(lane.next(49, true)).toEqual(sends(1, "1"));
  });

  it("gives up on everything in it after its time, in order, and starts again", () => {
    const lane = laneOf(["1", "2", "3", "4", "5", "6"]);
    lane.next(1000, false);
    expect(lane.onFailure("lost", 1000)).toEqual([]);
    lane.next(4999, true);
    expect(lane.onFailure("lost", 4999)).toEqual([]);
    lane.next(5000, true);
    expect(lane.onFailure("lost", 5000)).toEqual(["1", "2", "3", "4", "5", "6"]);
    expect([lane.length, lane.isFailing, lane.next(5000, true)]).toEqual([0, false, idle]);
    expect(lane.enqueue("7", 1000)).toBe(true);
    expect(lane.next(5000, true)).toEqual(sends(2, "7"));
    expect(lane.onFailure("lost", 5000)).toEqual([]);
  });

  it("counts failures of the present batch only", () => {
    const lane = laneOf(["1"]);
    lane.next(0, false);
    lane.onFailure("lost", 0);
    lane.next(3000, false);
    lane.onAnswer();
    lane.enqueue("2", 10);
    lane.next(3000, false);
    expect(lane.onFailure("lost", 6000)).toEqual([]);
    expect(lane.next(6000, false)).toEqual(waits(50));
  });

  it("gives up after the usual time when the clock was set back meanwhile", () => {
    const lane = laneOf(["1"]);
    lane.next(3_600_000, false);
    lane.onFailure("lost", 3_600_000);
    lane.next(1_000, true);
    expect(lane.onFailure("lost", 1_000)).toEqual([]);
    lane.next(5_000, true);
    expect(lane.onFailure("lost", 5_000)).toEqual(["1"]);
  });
});
