// The retained messages of new subscriptions: page after page, each in a turn of its own, for a page is a search; and the
// next one when the session has taken the last. What a session has no room for is tried again, for nobody could be told
// that it was dropped.

import type { Recipient } from "../core/topic/recipient.ts";
import type { RetainedCursor } from "../core/topic/retained.ts";
import type { Topic } from "../core/topic/topic.ts";
import type { Subscriber } from "../core/topic/topic-store.ts";
import { Turns } from "./turns.ts";

/** Where a search stands, and for how long its session has had no room. */
type Attempt = {
  readonly cursor: RetainedCursor;
  /** How long to wait before the next attempt, if nothing is taken; in milliseconds. */
  readonly waitMs: number;
  /** The waits of all attempts since something was taken, in milliseconds. */
  readonly quietMs: number;
};

/** A page whose messages are on their way. */
export type OpenPage = Attempt & {
  readonly next: RetainedCursor | undefined;
  /** Messages without an answer. */
  left: number;
  isTaken: boolean;
  isStale: boolean;
  /** Topics whose messages there was no room for. */
  readonly refused: string[];
};

/** What became of a message: `done` also if it is owed from now on, or dropped. */
export type PageAnswer = "done" | "no room" | "stale";

export type RetainedPagesHandlers = {
  readonly hand: (recipient: Recipient, page: OpenPage) => void;
  /** Its session has had no room for too long: what is left of a search is dropped, this many that were tried, and more. */
  readonly onGivenUp: (clientId: string, messages: number) => void;
  readonly onBroken: (error: unknown) => void;
};

const firstWaitMs = 50;
const longestWaitMs = 5_000;
/** A client that takes messages is waited for as long as it does. One that takes none only keeps this object awake. */
const giveUpAfterMs = 120_000;

export class RetainedPages {
  private readonly topic: Topic;
  private readonly handlers: RetainedPagesHandlers;
  private readonly turns: Turns<Attempt>;
  /** Those that wait, each with the milliseconds that it still has to. */
  private readonly paused = new Map<Attempt, number>();
  private isTimerOn = false;

  constructor(topic: Topic, handlers: RetainedPagesHandlers) {
    this.topic = topic;
    this.handlers = handlers;
    this.turns = new Turns((attempt) => this.sendPage(attempt), handlers.onBroken);
  }

  /** Begins with a new subscription. */
  send(subscriber: Subscriber): void {
    this.goOn(this.topic.beginRetained(subscriber));
  }

  /** To be called once for every message of a page. */
  onAnswer(page: OpenPage, topicName: string, answer: PageAnswer): void {
    page.left -= 1;
    if (answer === "no room") page.refused.push(topicName);
    else if (answer === "stale") page.isStale = true;
    else page.isTaken = true;
    if (page.left === 0) this.finish(page);
  }

  private goOn(cursor: RetainedCursor): void {
    this.turns.add({ cursor, waitMs: firstWaitMs, quietMs: 0 });
  }

  private sendPage(attempt: Attempt): void {
    const { cursor } = attempt;
    const subscriber = this.topic.heirOf(cursor.subscriber);
    // Unsubscribed meanwhile, or subscribed again, which sends them anew [MQTT-3.10.4-2].
    if (subscriber === undefined) {
      this.topic.endRetained(cursor);
      return;
    }
    // While nothing is taken, one message is enough to see whether there is room.
    const most = attempt.quietMs > 0 ? 1 : undefined;
    const { recipients, next } = this.topic.retainedPage({ ...cursor, subscriber }, Date.now(), most);
    const state = { left: recipients.length, isTaken: false, isStale: false, refused: [] };
    const page: OpenPage = { ...attempt, cursor: { ...cursor, subscriber }, next, ...state };
    if (recipients.length === 0) this.finish(page);
    for (const recipient of recipients) this.handlers.hand(recipient, page);
  }

  private finish({ cursor, next, isTaken, isStale, refused, waitMs, quietMs }: OpenPage): void {
    if (isStale || (refused.length === 0 && next === undefined)) {
      this.topic.endRetained(cursor);
      return;
    }
    if (refused.length === 0 && next !== undefined) {
      this.goOn(next);
      return;
    }
    const again = [...refused, ...(next?.again ?? [])];
    const isLast = next === undefined || next.isLast === true;
    const rest = { ...cursor, after: next?.after ?? cursor.after, again, isLast };
    if (isTaken) this.pause({ cursor: rest, waitMs: firstWaitMs, quietMs: 0 }, firstWaitMs);
    else if (quietMs < giveUpAfterMs) {
      const attempt = { cursor: rest, waitMs: Math.min(waitMs * 2, longestWaitMs), quietMs: quietMs + waitMs };
      this.pause(attempt, waitMs);
    } else {
      this.topic.endRetained(cursor);
      this.handlers.onGivenUp(cursor.subscriber.clientId, again.length);
    }
  }

  private pause(attempt: Attempt, forMs: number): void {
    this.paused.set(attempt, forMs);
    if (!this.isTimerOn) this.startTimer();
  }

  /** One for all that wait: the platform allows an object only so many. It counts time by itself, for clocks are set. */
  private startTimer(): void {
    this.isTimerOn = true;
    const waitMs = Math.max(firstWaitMs, Math.min(...this.paused.values()));
    setTimeout(() => {
      this.isTimerOn = false;
      for (const [attempt, leftMs] of this.paused) {
        if (leftMs > waitMs) this.paused.set(attempt, leftMs - waitMs);
        else {
          this.paused.delete(attempt);
          this.turns.add(attempt);
        }
      }
      if (this.paused.size > 0) this.startTimer();
    }, waitMs);
  }
}
