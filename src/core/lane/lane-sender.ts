// The sending end of a lane: an ordered channel from one object to another, with one call in flight. It owns the queue,
// the batches and their numbers, and the time of retries. It does not call or wait, and does not know what it carries.
//
// A call costs far more than what it carries, so messages travel in batches. Calls between objects complete so
// fast that batches do not form by themselves; waiting some milliseconds after a batch of several forms them, and a
// lone message waits for nothing.

export type LaneLimits = {
  /** Items that may wait, the batch in flight included. */
  readonly maximumItems: number;
  readonly maximumBytes: number;
  readonly maximumBatchItems: number;
  readonly maximumBatchBytes: number;
  /** A batch of this many does not wait for more. It is below the maximum, as more may come while the call is prepared. */
  readonly fullBatchItems: number;
  readonly fullBatchBytes: number;
  /** How long fewer wait for more while traffic is dense: after a batch of more than one. */
  readonly denseWaitMs: number;
  /** From the first failure of a batch until the lane gives up on it and on all behind it. */
  readonly giveUpAfterMs: number;
};

export type Batch<Item> = { readonly sequence: number; readonly items: readonly Item[] };

/** What the lane wants done now. */
export type LaneStep<Item> =
  | { readonly type: "send"; readonly batch: Batch<Item> }
  | { readonly type: "wait"; readonly ms: number }
  | { readonly type: "idle" };

export type LaneFailure = "lost" | "overloaded";

const firstBackOffMs = 50;
const firstOverloadedBackOffMs = 500;
const maximumBackOffMs = 5_000;

type State<Item> =
  | { readonly name: "idle" }
  | { readonly name: "in flight"; readonly batch: Batch<Item>; readonly bytes: number; readonly failures: Failures }
  | {
      readonly name: "to retry";
      readonly batch: Batch<Item>;
      readonly bytes: number;
      readonly failures: Failures;
      readonly atMs: number;
    };

type Failures = { readonly count: number; readonly sinceMs: number };

const noFailures: Failures = { count: 0, sinceMs: 0 };
const idleStep = { type: "idle" } as const;

export class LaneSender<Item> {
  private readonly limits: LaneLimits;
  /** 0 to 1, for the jitter of retries. */
  private readonly random: () => number;
  private state: State<Item> = { name: "idle" };
  private queue: Item[] = [];
  private queueBytes: number[] = [];
  private waitingBytes = 0;
  private nextSequence = 1;
  private lastBatchItems = 0;

  constructor(limits: LaneLimits, random: () => number) {
    this.limits = limits;
    this.random = random;
  }

  /** Items that are not answered yet. */
  get length(): number {
    return this.queue.length + (this.state.name === "idle" ? 0 : this.state.batch.items.length);
  }

  /** Whether a call is under way: until it is answered there is nothing to do. */
  get isInFlight(): boolean {
    return this.state.name === "in flight";
  }

  /** Whether what waits behind the batch in flight makes one that need not wait for more. */
  get hasFullBatch(): boolean {
    const queuedBytes = this.waitingBytes - (this.state.name === "idle" ? 0 : this.state.bytes);
    return this.queue.length >= this.limits.fullBatchItems || queuedBytes >= this.limits.fullBatchBytes;
  }

  /** Whether the last call failed, so that what is added now waits for a retry. */
  get isFailing(): boolean {
    return this.state.name !== "idle" && this.state.failures.count > 0;
  }

  /** @returns false when the lane is full: the item was not taken */
  enqueue(item: Item, bytes: number): boolean {
    if (this.length >= this.limits.maximumItems || this.waitingBytes + bytes > this.limits.maximumBytes) return false;
    this.queue.push(item);
    this.queueBytes.push(bytes);
    this.waitingBytes += bytes;
    return true;
  }

  /**
   * What to do now. Ask after every event.
   * @param waited true when the `wait` of the last step is over
   */
  next(nowMs: number, waited: boolean): LaneStep<Item> {
    switch (this.state.name) {
      case "in flight":
        return idleStep;
      case "to retry": {
        const { batch, bytes, failures, atMs } = this.state;
        if (nowMs < atMs && !waited) return { type: "wait", ms: atMs - nowMs };
        this.state = { name: "in flight", batch, bytes, failures };
        return { type: "send", batch };
      }
      case "idle": {
        if (this.queue.length === 0) return idleStep;
        const isDense = this.lastBatchItems > 1 && !this.hasFullBatch;
        if (isDense && !waited) return { type: "wait", ms: this.limits.denseWaitMs };
        const { batch, bytes } = this.takeBatch();
        this.lastBatchItems = batch.items.length;
        this.state = { name: "in flight", batch, bytes, failures: noFailures };
        return { type: "send", batch };
      }
    }
  }

  /** The batch in flight was answered. */
  onAnswer(): void {
    if (this.state.name !== "in flight") throw new Error("lane: an answer without a batch in flight");
    this.waitingBytes -= this.state.bytes;
    this.state = { name: "idle" };
  }

  /**
   * The batch in flight got no answer; whether the other end acted on it is not known.
   * @returns what the lane gives up on, in order; empty while it goes on trying
   */
  onFailure(failure: LaneFailure, nowMs: number): readonly Item[] {
    if (this.state.name !== "in flight") throw new Error("lane: a failure without a batch in flight");
    const { batch, bytes, failures } = this.state;
    const count = failures.count + 1;
    // A clock that was set back starts the count again, or the lane would go on for as long as that.
    const sinceMs = failures.count === 0 ? nowMs : Math.min(failures.sinceMs, nowMs);
    if (nowMs - sinceMs >= this.limits.giveUpAfterMs) return this.giveUp(batch);
    const first = failure === "overloaded" ? firstOverloadedBackOffMs : firstBackOffMs;
    const backOffMs = Math.min(maximumBackOffMs, first * 2 ** (count - 1)) * (0.5 + this.random() / 2);
    this.state = { name: "to retry", batch, bytes, failures: { count, sinceMs }, atMs: nowMs + backOffMs };
    return [];
  }

  private giveUp(batch: Batch<Item>): readonly Item[] {
    const items = [...batch.items, ...this.queue];
    this.queue = [];
    this.queueBytes = [];
    this.waitingBytes = 0;
    this.state = { name: "idle" };
    return items;
  }

  private takeBatch(): { readonly batch: Batch<Item>; readonly bytes: number } {
    let count = 0;
    let bytes = 0;
    while (count < this.queue.length && count < this.limits.maximumBatchItems) {
      const itemBytes = this.queueBytes[count] ?? 0;
      if (count > 0 && bytes + itemBytes > this.limits.maximumBatchBytes) break;
      bytes += itemBytes;
      count += 1;
    }
    const items = this.queue.splice(0, count);
    this.queueBytes.splice(0, count);
    const sequence = this.nextSequence;
    this.nextSequence += 1;
    return { batch: { sequence, items }, bytes };
  }
}
