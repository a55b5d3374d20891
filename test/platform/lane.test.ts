// A lane's calls: what no answer, a late answer and a mistake of the owner's come to. When it retries is tested with
// the core's sender.

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { LaneReceiver } from "../../src/core/lane/lane-receiver.ts";
import type { Batch } from "../../src/core/lane/lane-sender.ts";
import { Lane } from "../../src/platform/lane.ts";

type Call = (laneId: string, batch: Batch<string>, isAgain: boolean) => Promise<readonly number[]>;

const never: Call = () => new Promise(() => {});
const lost: Call = () => Promise.reject(new Error("lost"));
const answered: Call = async (_, { items }) => items.map(() => 0);

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(console, "error").mockReturnValue();
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

describe("a lane", () => {
  it("sends what a turn adds in one call, and hands on the answers", async () => {
    const { lane, call, onAnswers } = laneWith(answered);
    lane.enqueue("a", 1);
    lane.enqueue("b", 1);
    expect(call).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(0);
    expect(call).toHaveBeenCalledExactlyOnceWith(expect.any(String), { sequence: 1, items: ["a", "b"] }, false);
    expect(onAnswers).toHaveBeenCalledExactlyOnceWith(["a", "b"], [0, 0]);
    expect(lane.isIdle).toBe(true);
  });

  it("counts a call without an answer for 20 s as lost, and repeats it under its number", async () => {
    const { lane, call, onAnswers } = laneWith(answered);
    call.mockImplementationOnce(never);
    lane.enqueue("a", 1);
    await vi.advanceTimersByTimeAsync(19_900);
    expect(call).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(1_000);
    const [first, second] = call.mock.calls;
    expect(second).toEqual([first?.[0], { sequence: 1, items: ["a"] }, true]);
    expect(onAnswers).toHaveBeenCalledExactlyOnceWith(["a"], [0]);
  });

  it("pays no heed to an answer that comes after that", async () => {
    const { lane, call, onAnswers, onBroken } = laneWith(answered);
    let answer: (answers: number[]) => void = () => {};
    call.mockImplementationOnce(
      () =>
        new Promise((resolve) => {
          answer = resolve;
        }),
    );
    lane.enqueue("a", 1);
    await vi.advanceTimersByTimeAsync(21_000);
    answer([7]);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(onAnswers).toHaveBeenCalledExactlyOnceWith(["a"], [0]);
    expect(onBroken).not.toHaveBeenCalled();
  });

  it("keeps no timer for long once the answer is there: it would keep its object awake", async () => {
    const { lane } = laneWith(answered);
    lane.enqueue("a", 1);
    await vi.advanceTimersByTimeAsync(10);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("gives everything back in order when the other end stays out of reach", async () => {
    const { lane, onGivenUp, onAnswers } = laneWith(lost);
    lane.enqueue("a", 1);
    await vi.advanceTimersByTimeAsync(1_000);
    lane.enqueue("b", 1);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(onGivenUp).toHaveBeenCalledExactlyOnceWith(["a", "b"]);
    expect(onAnswers).not.toHaveBeenCalled();
    expect(lane.isIdle).toBe(true);
  });
});

describe("a lane that the other end has forgotten", () => {
  it("begins again, later than all that were forgotten, with the batch that was refused", async () => {
    const receiver = new LaneReceiver<readonly number[]>();
    const forgottenMs = Date.now() + 5_000;
    vi.spyOn(receiver, "receive").mockImplementationOnce(() => {
      throw new Error(`a lane that is forgotten: begin another after ${forgottenMs}`);
    });
    const { lane, call, onAnswers } = laneWith(async (laneId, { sequence, items }) =>
      receiver.receive(laneId, sequence, async () => items.map(() => 0)),
    );
    lane.enqueue("a", 1);
    await vi.advanceTimersByTimeAsync(1_000);
    const laneIds = call.mock.calls.map(([laneId]) => laneId);
    expect(new Set(laneIds).size).toBe(2);
    expect(laneIds[1]).toMatch(new RegExp(`^${forgottenMs + 1}@`));
    expect(onAnswers).toHaveBeenCalledExactlyOnceWith(["a"], [0]);
  });
});

describe("a mistake in what the owner does", () => {
  const mistake = new Error("a mistake");

  it("with the answers is told, and does not count as a lost call", async () => {
    const { lane, call, onAnswers, onBroken } = laneWith(answered);
    onAnswers.mockImplementationOnce(() => {
      throw mistake;
    });
    lane.enqueue("a", 1);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(onBroken).toHaveBeenCalledExactlyOnceWith(mistake);
    expect(call).toHaveBeenCalledTimes(1);
  });

  it("with what is given up is told as well", async () => {
    const { lane, onGivenUp, onBroken } = laneWith(lost);
    onGivenUp.mockImplementationOnce(() => {
      throw mistake;
    });
    lane.enqueue("a", 1);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(onBroken).toHaveBeenCalledExactlyOnceWith(mistake);
  });
});

function laneWith(behaviour: Call) {
  const call = vi.fn<Call>(behaviour);
  const onAnswers = vi.fn<(items: readonly string[], answers: readonly number[]) => void>();
  const onGivenUp = vi.fn<(items: readonly string[]) => void>();
  const onBroken = vi.fn<(error: unknown) => void>();
  return {
    lane: new Lane<string, number>({ call, onAnswers, onGivenUp, onBroken }),
    call,
    onAnswers,
    onGivenUp,
    onBroken,
  };
}
