// What the directory lists is what sessions told it. After a crash, a stop or a report that was lost it is not so any more,
// and nobody says so: this asks. Sessions that a question is about are asked where their clients are, and the rows are
// confirmed or corrected by what they answer. Never unasked: while nobody looks, nobody is woken.
//
// An answer counts only if nothing was reported by the same session since it was asked: it may be older than the report.

import type { Whereabouts } from "../core/session/whereabouts.ts";
import { TokenBucket } from "../core/token-bucket.ts";
import type { Presence } from "./presence.ts";

/** Whoever asks does not wait longer for one that does not answer: it is asked again. */
const patienceMs = 2_000;
/** So long a session counts as confirmed. A client that is away costs as much to ask, and changes rarely. */
const connectedFreshMs = 55_000;
const sleepingFreshMs = 600_000;
/** A round asks so many at once, in each second, and so many in all: an event may make only so many calls. */
const askedAtOnce = 50;
const pauseMs = 1_000;
const mostInARound = 900;
/** With one who looks all the time: an idle client of a large fleet is asked the more rarely the larger it is. */
const askedPerMinute = 20;
/** Before a login is refused for want of room. */
const mostOfIdentity = 100;
const identityFreshMs = 5_000;

export type InquiryHandlers = {
  readonly whereaboutsOf: (clientId: string) => Promise<Whereabouts>;
  /** Confirms or corrects the row. @returns whether it was wrong */
  readonly onAnswer: (clientId: string, answer: Whereabouts, nowMs: number) => boolean;
  /** All that is written meanwhile is there, or nothing. */
  readonly atomically: (write: () => void) => void;
};

/** A question under way; `isOutdated` once its session has reported something. */
type Question = { isOutdated: boolean; readonly isOver: Promise<void> };

export class Inquiry {
  private readonly presence: Presence;
  private readonly handlers: InquiryHandlers;
  private readonly open = new Map<string, Question>();
  private readonly ofIdentities = new Map<string, Promise<void>>();
  private budget = newBudget();
  private hasRefilled = false;
  private isRunning = false;

  constructor(presence: Presence, handlers: InquiryHandlers) {
    this.presence = presence;
    this.handlers = handlers;
  }

  /** The session has told something: what it answers to an earlier question is not to overwrite it. */
  onReport(clientId: string): void {
    const question = this.open.get(clientId);
    if (question !== undefined) question.isOutdated = true;
  }

  /** Asks these, and puts down what they answer. Done when all have, or after two seconds. Never rejects. */
  async ask(clientIds: readonly string[]): Promise<void> {
    const questions = clientIds.map((clientId) => this.questionTo(clientId).isOver);
    if (questions.length === 0) return;
    let onLate: () => void = () => {};
    const isLate = new Promise<void>((resolve) => {
      onLate = resolve;
    });
    const timer = setTimeout(onLate, patienceMs);
    await Promise.race([Promise.all(questions), isLate]);
    clearTimeout(timer);
  }

  /** Somebody looks: those that were not heard of for long are asked, in the background. */
  begin(): void {
    if (this.isRunning) return;
    this.isRunning = true;
    void this.round().finally(() => {
      this.isRunning = false;
    });
  }

  /** A login is about to be refused, for so many clients of its identity are listed. One question serves all who wait. */
  confirmIdentity(identity: string): Promise<void> {
    const underWay = this.ofIdentities.get(identity);
    if (underWay !== undefined) return underWay;
    const nowMs = Date.now();
    const clientIds = this.presence.connectedOf(identity, nowMs - identityFreshMs, nowMs, mostOfIdentity);
    const isOver = this.ask(clientIds).finally(() => this.ofIdentities.delete(identity));
    this.ofIdentities.set(identity, isOver);
    return isOver;
  }

  private async round(): Promise<void> {
    this.hasRefilled = false;
    for (let asked = 0; asked < mostInARound; ) {
      const nowMs = Date.now();
      const clientIds = this.unconfirmed(nowMs);
      const affordable = clientIds.filter(() => this.budget.take(nowMs));
      if (affordable.length === 0) return;
      await this.ask(affordable);
      asked += affordable.length;
      if (affordable.length < askedAtOnce) return;
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }

  private unconfirmed(nowMs: number): string[] {
    const connected = this.presence.schedule.unconfirmedSince(nowMs - connectedFreshMs, nowMs, askedAtOnce);
    const room = askedAtOnce - connected.length;
    return [...connected, ...this.presence.sleepingUnconfirmedSince(nowMs - sleepingFreshMs, nowMs, room)];
  }

  private questionTo(clientId: string): Question {
    const known = this.open.get(clientId);
    if (known !== undefined) return known;
    const question: Question = {
      isOutdated: false,
      isOver: this.handlers
        .whereaboutsOf(clientId)
        .then(
          (answer) => this.onAnswer(clientId, question, answer),
          () => {},
        )
        .finally(() => this.open.delete(clientId)),
    };
    this.open.set(clientId, question);
    this.presence.onAsked(clientId, Date.now());
    return question;
  }

  private onAnswer(clientId: string, question: Question, answer: Whereabouts): void {
    if (question.isOutdated) return;
    this.handlers.atomically(() => {
      // Where one row is wrong, a crash or a stop may have left more of them: all are asked soon.
      if (!this.handlers.onAnswer(clientId, answer, Date.now()) || this.hasRefilled) return;
      this.hasRefilled = true;
      this.budget = newBudget();
    });
  }
}

function newBudget(): TokenBucket {
  return new TokenBucket(mostInARound, (mostInARound / askedPerMinute) * 60);
}
