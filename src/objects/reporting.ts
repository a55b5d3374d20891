// A session's lane to the directory. What the lane gives up on is not forgotten: how the session is by then is told again
// until the directory has heard it. That something is untold is on disk, and the next try an alarm, so that neither a crash
// nor a hibernation ends it.

import type { Report } from "../core/session/effect.ts";
import { Lane, type LaneHandlers } from "./lane.ts";

const firstRetryMs = 5_000;
const maximumRetryMs = 300_000;
const reportBytes = 64;

export type ReportingHandlers = {
  readonly call: LaneHandlers<Report, number>["call"];
  /** Whether anything is untold, as the disk has it. */
  readonly isUntold: () => boolean;
  readonly putUntold: (isUntold: boolean) => void;
  /** The directory cannot be reached: who asks it does not find this session. `alarmAtMs` says when the next try is. */
  readonly onGivenUp: () => void;
  /** Each is one of `ReportAnswer`. */
  readonly onAnswers: (answers: readonly number[]) => void;
  /** The directory has heard all there is to hear. */
  readonly onTold: () => void;
  readonly onBroken: (error: unknown) => void;
};

export class Reporting {
  private readonly handlers: ReportingHandlers;
  private readonly lane: Lane<Report, number>;
  private isUntold: boolean;
  private tries = 0;
  /** When to tell again, in milliseconds since 1970; Infinity where that is for the alarm of an earlier start, or never. */
  private retryAtMs = Number.POSITIVE_INFINITY;

  constructor(handlers: ReportingHandlers) {
    this.handlers = handlers;
    this.isUntold = handlers.isUntold();
    this.lane = new Lane<Report, number>({
      call: handlers.call,
      onAnswers: (reports, answers) => {
        handlers.onAnswers(answers);
        this.onHeard(reports);
      },
      onGivenUp: () => this.onGivenUp(),
      onBroken: handlers.onBroken,
    });
  }

  /** Whether the session's storage has to stay: it says that something is untold. */
  get isOwing(): boolean {
    return this.isUntold;
  }

  /**
   * When an alarm has to ring for the next try, in milliseconds since 1970; Infinity for never. It lies ahead while the lane
   * is at it: the alarm is then for a crash that ends the lane, and one in the past would ring again at once, for ever.
   */
  alarmAtMs(nowMs: number): number {
    return this.lane.isIdle ? this.retryAtMs : Math.max(this.retryAtMs, nowMs + firstRetryMs);
  }

  report(report: Report): void {
    this.lane.enqueue(report, reportBytes);
  }

  /** Whether the directory is to be told now how the session is. */
  isDue(nowMs: number): boolean {
    return (
      this.isUntold && this.lane.isIdle && (this.retryAtMs <= nowMs || this.retryAtMs === Number.POSITIVE_INFINITY)
    );
  }

  private onHeard(reports: readonly Report[]): void {
    // A queue's length alone does not say how the session is.
    if (!this.isUntold || reports.every(({ type }) => type === "queued")) return;
    this.isUntold = false;
    this.tries = 0;
    this.retryAtMs = Number.POSITIVE_INFINITY;
    this.handlers.putUntold(false);
    this.handlers.onTold();
  }

  private onGivenUp(): void {
    const waitMs = Math.min(firstRetryMs * 2 ** this.tries, maximumRetryMs);
    this.tries += 1;
    this.retryAtMs = Date.now() + Math.round(waitMs * (0.5 + Math.random() / 2));
    if (!this.isUntold) this.handlers.putUntold(true);
    this.isUntold = true;
    this.handlers.onGivenUp();
  }
}
