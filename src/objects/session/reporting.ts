// A session's lane to the directory. If the lane gives up on a report, the session reports its present state later, until the
// directory has answered. A row on disk says that something is unreported, and an alarm starts the next try, so that
// neither a crash nor a hibernation ends it.

import type { Report } from "../../core/session/effect.ts";
import { Lane, type LaneHandlers } from "../../platform/lane.ts";

const firstRetryMs = 5_000;
const maximumRetryMs = 300_000;
const reportBytes = 64;

export type ReportingHandlers = {
  readonly call: LaneHandlers<Report, number>["call"];
  /** Whether anything is unreported, from disk. */
  readonly isUnreported: () => boolean;
  readonly putUnreported: (isUnreported: boolean) => void;
  /** The directory cannot be reached, so it may not list this session. `alarmAtMs` says when the next try is. */
  readonly onGivenUp: () => void;
  /** The answers to reports, each from `ReportAnswer`. */
  readonly onAnswers: (answers: readonly number[]) => void;
  /** The directory knows the present state. */
  readonly onReported: () => void;
  readonly onBroken: (error: unknown) => void;
};

export class Reporting {
  private readonly handlers: ReportingHandlers;
  private readonly lane: Lane<Report, number>;
  private isUnreported: boolean;
  private tries = 0;
  /** When to report again, in milliseconds since 1970; Infinity for never, or if the alarm of an earlier start will do it. */
  private retryAtMs = Number.POSITIVE_INFINITY;

  constructor(handlers: ReportingHandlers) {
    this.handlers = handlers;
    this.isUnreported = handlers.isUnreported();
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

  /** Whether the session's storage must be kept, because it says that something is unreported. */
  get isOwing(): boolean {
    return this.isUnreported;
  }

  /**
   * When an alarm must ring for the next try, in milliseconds since 1970; Infinity for never. While the lane is trying, the
   * alarm is only for the case of a crash. It must lie in the future then: one in the past would ring at once, for ever.
   */
  alarmAtMs(nowMs: number): number {
    return this.lane.isIdle ? this.retryAtMs : Math.max(this.retryAtMs, nowMs + firstRetryMs);
  }

  report(report: Report): void {
    this.lane.enqueue(report, reportBytes);
  }

  /** Whether to report the present state of the session now. */
  isDue(nowMs: number): boolean {
    return (
      this.isUnreported && this.lane.isIdle && (this.retryAtMs <= nowMs || this.retryAtMs === Number.POSITIVE_INFINITY)
    );
  }

  private onHeard(reports: readonly Report[]): void {
    // A report of the queue's size does not say where the client is.
    if (!this.isUnreported || reports.every(({ type }) => type === "queued")) return;
    this.isUnreported = false;
    this.tries = 0;
    this.retryAtMs = Number.POSITIVE_INFINITY;
    this.handlers.putUnreported(false);
    this.handlers.onReported();
  }

  private onGivenUp(): void {
    const waitMs = Math.min(firstRetryMs * 2 ** this.tries, maximumRetryMs);
    this.tries += 1;
    this.retryAtMs = Date.now() + Math.round(waitMs * (0.5 + Math.random() / 2));
    if (!this.isUnreported) this.handlers.putUnreported(true);
    this.isUnreported = true;
    this.handlers.onGivenUp();
  }
}
