// A batch of requests at a topic object whose answers wait for sessions to take what they are owed.

import { ReasonCode } from "../../core/packet/reason-code.ts";

/** One promise for the whole batch, and a counter, however many messages and sessions there are. */
export class OpenBatch {
  /** A reason code for each request. */
  readonly answers: number[];
  readonly whenComplete: Promise<number[]>;
  private resolve: (answers: number[]) => void = () => {};
  /** How many deliveries the answers wait for, and one more until the whole batch has been acted on. */
  private open = 1;

  constructor(count: number) {
    this.answers = new Array<number>(count).fill(ReasonCode.Success);
    this.whenComplete = new Promise((resolve) => {
      this.resolve = resolve;
    });
  }

  /** One more delivery has to be over before the batch is answered. `done` follows. */
  expect(): void {
    this.open += 1;
  }

  /** A session has the message of this request, so a subscription did match. */
  onTaken(index: number): void {
    if (this.answers[index] === ReasonCode.NoMatchingSubscribers) this.answers[index] = ReasonCode.Success;
  }

  /** A session that should have the message could not take it. That outweighs those that took it. */
  onRefused(index: number): void {
    if (this.answers[index] !== ReasonCode.UnspecifiedError) this.answers[index] = ReasonCode.QuotaExceeded;
  }

  /** The message could not be kept for somebody who should have it: the publisher must send it again. */
  onFailed(index: number): void {
    this.answers[index] = ReasonCode.UnspecifiedError;
  }

  /** A delivery is over, or the whole batch has been acted on. */
  done(): void {
    this.open -= 1;
    if (this.open === 0) this.resolve(this.answers);
  }
}
