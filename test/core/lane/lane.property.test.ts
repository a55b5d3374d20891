import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LaneReceiver } from "../../../src/core/lane/lane-receiver.ts";
import { type Batch, type LaneFailure, LaneSender } from "../../../src/core/lane/lane-sender.ts";

const limits = {
  maximumItems: 40,
  maximumBytes: 1000,
  maximumBatchItems: 4,
  fullBatchItems: 3,
  fullBatchBytes: 80,
  denseWaitMs: 2,
  maximumBatchBytes: 100,
  giveUpAfterMs: Number.POSITIVE_INFINITY,
};

/** What becomes of one call. */
const fate = fc.constantFrom("answered", "call lost", "answer lost", "overloaded");
type Event =
  | { readonly type: "items"; readonly sizes: readonly number[] }
  | { readonly type: "call"; readonly fate: string; readonly isRepeatedLate: boolean };
const event: fc.Arbitrary<Event> = fc.oneof(
  fc.record({
    type: fc.constant("items" as const),
    sizes: fc.array(fc.integer({ min: 1, max: 150 }), { maxLength: 5 }),
  }),
  fc.record({ type: fc.constant("call" as const), fate, isRepeatedLate: fc.boolean() }),
);

/** The two ends of a lane, and calls between them that may be lost or come twice. */
class Scene {
  readonly sender = new LaneSender<number>(limits, () => 0.5);
  readonly taken: number[] = [];
  readonly acted: number[] = [];
  readonly #receiver = new LaneReceiver<readonly number[]>();
  #nowMs = 0;
  #last: Batch<number> | undefined;

  add(bytes: number): void {
    const item = this.taken.length;
    if (this.sender.enqueue(item, bytes)) this.taken.push(item);
  }

  /** @returns false when there is nothing to send */
  async call(fate: string, isRepeatedLate: boolean): Promise<boolean> {
    const step = this.#nextStep();
    if (step.type !== "send") return false;
    const { batch } = step;
    // A call that was lost on its way may arrive after all, with the one behind it.
    if (isRepeatedLate && this.#last !== undefined) await this.#arrive(this.#last);
    this.#last = batch;
    if (fate === "answered" || fate === "answer lost") expect(await this.#arrive(batch)).toEqual(batch.items);
    if (fate === "answered") this.sender.onAnswer();
    else this.#fail(fate === "overloaded" ? "overloaded" : "lost");
    return true;
  }

  #nextStep() {
    const step = this.sender.next(this.#nowMs, false);
    if (step.type !== "wait") return step;
    this.#nowMs += step.ms;
    return this.sender.next(this.#nowMs, true);
  }

  #fail(failure: LaneFailure): void {
    expect(this.sender.onFailure(failure, this.#nowMs)).toEqual([]);
  }

  async #arrive({ sequence, items }: Batch<number>): Promise<readonly number[] | undefined> {
    try {
      return await this.#receiver.receive("lane", sequence, async () => {
        this.acted.push(...items);
        return items;
      });
    } catch {
      return undefined; // Older than what was acted on since.
    }
  }
}

describe("a lane whose calls are lost, answered in vain and repeated", () => {
  it("hands over each item once, in order", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 80 }), async (events) => {
        const scene = new Scene();
        for (const each of events) {
          if (each.type === "items") for (const bytes of each.sizes) scene.add(bytes);
          else await scene.call(each.fate, each.isRepeatedLate);
          expect(scene.sender.length).toBeLessThanOrEqual(limits.maximumItems);
        }
        while (await scene.call("answered", false));
        expect(scene.acted).toEqual(scene.taken);
        expect(scene.sender.length).toBe(0);
      }),
      { numRuns: 1000 },
    );
  });
});
