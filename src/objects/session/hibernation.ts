// Makes a session object ready to hibernate: its client's socket keeps what memory would lose. While that has to wait, a
// timer keeps the object awake. An object that is awake is billed, so it waits for as little as it can.

import type { Session } from "../../core/session/session.ts";
import { TokenBucket } from "../../core/token-bucket.ts";
import { Timer } from "../../platform/timer.ts";
import type { SessionSockets } from "./session-sockets.ts";

/** After so long without an event, rows are written for what is in memory only: soon enough it is acknowledged. */
const quietMs = 3_000;
/** What costs no row is kept at once while traffic is sparse: this often in a row, and this many times a second on average. */
const keepsInARow = 20;
const keepsPerSec = 40;
/** Dense traffic is over when nothing has come for this long. */
const sparseGapMs = 20;
const denseLookMs = 100;

export type HibernationHandlers = {
  /** The timer is over; call `act` like any event. */
  readonly onTimer: (act: () => void) => void;
  /** A packet was begun and not completed for too long. */
  readonly onStalled: () => void;
  /** Rows may have been written. */
  readonly onKept: () => void;
};

export class Hibernation {
  private readonly session: Session;
  private readonly sockets: SessionSockets;
  private readonly packetTimeoutMs: number;
  private readonly handlers: HibernationHandlers;
  private lastEventMs = 0;
  private readonly keeps = new TokenBucket(keepsInARow, keepsInARow / keepsPerSec);
  private isDense = false;
  private readonly timer: Timer;

  constructor(session: Session, sockets: SessionSockets, packetTimeoutSec: number, handlers: HibernationHandlers) {
    this.session = session;
    this.sockets = sockets;
    this.packetTimeoutMs = packetTimeoutSec * 1000;
    this.handlers = handlers;
    this.timer = new Timer(() => handlers.onTimer(() => this.onTimer()));
  }

  /** After every event. */
  prepare(nowMs: number): void {
    this.lastEventMs = nowMs;
    if (this.sockets.hasAny) this.keepOrWait(nowMs);
  }

  private keepOrWait(nowMs: number): void {
    const isFree = !this.session.isUnstored && !this.session.hasPartialPacket;
    this.isDense ||= isFree && !this.keeps.take(nowMs);
    if (isFree && this.isDense) this.wait(nowMs, denseLookMs);
    else if (isFree && this.keep(nowMs, false)) this.timer.off();
    else this.wait(nowMs, this.lastEventMs + quietMs - nowMs);
  }

  private onTimer(): void {
    const nowMs = Date.now();
    // The clock was set back since: the quiet time begins now.
    this.lastEventMs = Math.min(this.lastEventMs, nowMs);
    if (nowMs < this.lastEventMs + quietMs) {
      if (nowMs >= this.lastEventMs + sparseGapMs) this.isDense = false;
      this.keepOrWait(nowMs);
    } else if (!this.session.hasPartialPacket) {
      this.keep(nowMs, true);
      this.handlers.onKept();
    } else if (nowMs >= this.lastEventMs + this.packetTimeoutMs) {
      this.handlers.onStalled();
    } else {
      this.wait(nowMs, quietMs);
    }
  }

  /** @returns false when that would cost rows, and may not */
  private keep(nowMs: number, mayWrite: boolean): boolean {
    this.session.handle({ type: "hibernating" }, nowMs);
    const { hibernation } = this.session;
    return hibernation === undefined || this.sockets.keep(hibernation, mayWrite);
  }

  private wait(nowMs: number, waitMs: number): void {
    if (!this.timer.isDueBy(nowMs + waitMs)) this.timer.set(nowMs, waitMs);
  }
}
