// Corrects what the directory lists, which is what sessions have reported. After a crash, a stop or a lost report it is
// wrong, and nobody reports that. So when somebody looks, the sessions in question are asked where their clients are, and
// their rows are confirmed or corrected. While nobody looks, no session is woken.
//
// An answer does not count if the session has reported something since it was asked: the answer may be older.

import type { Whereabouts } from "../../core/session/life/whereabouts.ts";
import { TokenBucket } from "../../core/token-bucket.ts";
import type { Presence } from "./presence.ts";

/** How long to wait for a session that does not answer. It is asked again later. */
const patienceMs = 2_000;
/** How long a session counts as confirmed. A session whose client is away costs as much to ask, and changes rarely. */
const connectedFreshMs = 55_000;
const awayFreshMs = 600_000;
/** A round asks this many sessions at once each second, up to a total: the platform limits the calls of an event. */
const askedAtOnce = 50;
const pauseMs = 1_000;
const mostInARound = 900;
/** The rate if somebody looks all the time. So the larger a fleet, the more rarely each idle client is asked. */
const askedPerMinute = 20;
/** Limits for the question before a login is refused because its identity has too many clients. */
const mostOfIdentity = 100;
const identityFreshMs = 5_000;

export type InquiryHandlers = {
  readonly whereaboutsOf: (clientId: string) => Promise<Whereabouts>;
  /** Confirms or corrects the row. @returns whether it was wrong */
  readonly onAnswer: (clientId: string, answer: Whereabouts, nowMs: number) => boolean;
  /** Writes all or nothing. */
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

  /** The session has reported something, so its answer to an earlier question no longer counts. */
  onReport(clientId: string): void {
    const question = this.open.get(clientId);
    if (question !== undefined) question.isOutdated = true;
  }

  /** Asks these sessions, and notes their answers. Resolves when all have answered, or after two seconds. Never rejects. */
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

  /** To be called when somebody looks. Asks the sessions that have not been confirmed for long, in the background. */
  begin(): void {
    if (this.isRunning) return;
    this.isRunning = true;
    void this.round().finally(() => {
      this.isRunning = false;
    });
  }

  /** To be called before a login is refused because its identity has too many clients. One question serves all who wait. */
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
    return [...connected, ...this.presence.awayUnconfirmedSince(nowMs - awayFreshMs, nowMs, room)];
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
      // If one row is wrong, a crash or a stop may have left more wrong ones: ask all of them soon.
      if (!this.handlers.onAnswer(clientId, answer, Date.now()) || this.hasRefilled) return;
      this.hasRefilled = true;
      this.budget = newBudget();
    });
  }
}

function newBudget(): TokenBucket {
  return new TokenBucket(mostInARound, (mostInARound / askedPerMinute) * 60);
}
