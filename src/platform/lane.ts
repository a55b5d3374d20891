// A lane at work: calls the other object, waits, retries. The core's LaneSender decides what to do when.

import { beginAfterOf, laneIdOf } from "../core/lane/lane-receiver.ts";
import { type Batch, type LaneLimits, LaneSender } from "../core/lane/lane-sender.ts";
import { logError } from "./log.ts";
import { storageFailureOf } from "./storage-failure.ts";
import { Timer } from "./timer.ts";

/** Batches of about a hundred cost a seventh of what single messages cost; the bytes keep a call far below 32 MiB. */
const defaultLimits: LaneLimits = {
  maximumItems: 10_000,
  maximumBytes: 16_777_216,
  maximumBatchItems: 128,
  maximumBatchBytes: 2_097_152,
  fullBatchItems: 96,
  fullBatchBytes: 262_144,
  denseWaitMs: 3,
  giveUpAfterMs: 4_000,
};

/** A call that is not answered by then counts as lost; it is repeated under the same number. */
const callTimeoutMs = 20_000;

export type LaneHandlers<Item, Answer> = {
  /** Makes one call. `isAgain` after a failure: the stub of the last call is broken. @returns an answer for each item */
  readonly call: (laneId: string, batch: Batch<Item>, isAgain: boolean) => Promise<readonly Answer[]>;
  readonly onAnswers: (items: readonly Item[], answers: readonly Answer[]) => void;
  /** The other object could not be reached for some seconds: these are the owner's again, in order. */
  readonly onGivenUp: (items: readonly Item[]) => void;
  /** `onAnswers` or `onGivenUp` threw, which is a bug: the object must not go on. */
  readonly onBroken: (error: unknown) => void;
};

export class Lane<Item, Answer> {
  private readonly handlers: LaneHandlers<Item, Answer>;
  private readonly sender: LaneSender<Item>;
  /** New with every start of the object: the receiver recognises repeats by it. */
  private id = newId(Date.now());
  private isPumping = false;
  private readonly waiting = new Timer(() => this.pump(true));
  private readonly callTimeout = new Timer(() => this.abandonCall(new Error(`no answer within ${callTimeoutMs} ms`)));
  private abandonCall: (error: Error) => void = () => {};

  constructor(handlers: LaneHandlers<Item, Answer>, limits: Partial<LaneLimits> = {}) {
    this.handlers = handlers;
    this.sender = new LaneSender<Item>({ ...defaultLimits, ...limits }, Math.random);
  }

  get isIdle(): boolean {
    return this.sender.length === 0;
  }

  /** @returns false when the lane is full: the item was not taken */
  enqueue(item: Item, bytes: number): boolean {
    if (!this.sender.enqueue(item, bytes)) return false;
    // A call or a timer is under way, and takes this item along. That costs nothing, and dense traffic nearly always waits.
    const isAwaited = this.isPumping || (this.waiting.isOn ? !this.sender.hasFullBatch : this.sender.isInFlight);
    if (isAwaited) return true;
    this.isPumping = true;
    // After this event, so that all that it adds shares a batch. `queueMicrotask` costs workerd several times as much.
    void Promise.resolve().then(this.pumpOnce);
    return true;
  }

  private readonly pumpOnce = (): void => {
    this.isPumping = false;
    this.pump(false);
  };

  private pump(waited: boolean): void {
    const nowMs = Date.now();
    const step = this.sender.next(nowMs, waited);
    if (step.type === "send") {
      this.waiting.off();
      void this.call(step.batch);
    } else if (step.type === "wait" && !this.waiting.isOn) {
      this.waiting.set(nowMs, step.ms);
    }
  }

  private async call(batch: Batch<Item>): Promise<void> {
    let answers: readonly Answer[] | undefined;
    let givenUp: readonly Item[] = [];
    try {
      answers = await this.answersOf(batch);
    } catch (error) {
      // Whether the batch was acted on is as unknown as after a restart of either end.
      const beginAfterMs = beginAfterOf(error);
      if (beginAfterMs !== undefined) this.id = newId(Math.max(Date.now(), beginAfterMs + 1));
      const failure = (error as { overloaded?: boolean }).overloaded === true ? "overloaded" : "lost";
      givenUp = this.sender.onFailure(failure, Date.now());
      if (givenUp.length > 0 && storageFailureOf(error) === undefined)
        logError("a lane gave up", { count: givenUp.length, reason: String(error) });
    }
    try {
      if (answers !== undefined) {
        this.sender.onAnswer();
        this.handlers.onAnswers(batch.items, answers);
      } else if (givenUp.length > 0) {
        this.handlers.onGivenUp(givenUp);
      }
    } catch (error) {
      this.handlers.onBroken(error);
    }
    this.pump(false);
  }

  private async answersOf(batch: Batch<Item>): Promise<readonly Answer[]> {
    this.callTimeout.set(Date.now(), callTimeoutMs);
    try {
      return await new Promise((resolve, reject) => {
        this.abandonCall = reject;
        this.handlers.call(this.id, batch, this.sender.isFailing).then(resolve, reject);
      });
    } finally {
      this.callTimeout.off();
    }
  }
}

function newId(startedAtMs: number): string {
  return laneIdOf(startedAtMs, crypto.randomUUID());
}
