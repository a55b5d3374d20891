// The topic objects of a namespace have changed in number or epoch: a session tells the present ones what it subscribes
// to, and goes on until all of them have answered, whether its client is there or not. Until then its record names the
// layout that it was registered with before.

import { hashOf } from "../../topic/hash.ts";
import type { Context } from "../context.ts";
import type { Registration } from "./pending-filters.ts";
import type { Subscribing } from "./subscribing.ts";

const firstRetryMs = 15_000;
const maximumRetryMs = 300_000;

export class Registering {
  private readonly context: Context;
  private readonly subscribing: Subscribing;
  private tries = 0;
  /** When to tell all of them again; Infinity for never. */
  private retryAtMs = Number.POSITIVE_INFINITY;

  constructor(context: Context, subscribing: Subscribing) {
    this.context = context;
    this.subscribing = subscribing;
  }

  /**
   * Tells the present topic objects.
   * @returns whether there is anything to wait for: `onAnswer` follows, or another try is due
   */
  begin(generation: string): boolean {
    if (!this.subscribing.registerAgain(generation)) return false;
    // Deadlines become alarms, which outlive the object: a crash before the answers is tried again as well.
    const waitMs = Math.min(firstRetryMs * 2 ** this.tries, maximumRetryMs);
    // Sessions that failed together do not all come back together.
    this.retryAtMs = this.context.nowMs + Math.round(waitMs * (1 + (hashOf(generation) % 100) / 200));
    this.tries += 1;
    return true;
  }

  /** @returns whether all have answered, and done it */
  onAnswer(registration: Registration, isDone: boolean): boolean {
    registration.openRequests -= 1;
    if (!isDone) registration.hasFailed = true;
    return registration.openRequests === 0 && !registration.hasFailed;
  }

  /** There is nothing more to tell. */
  end(): void {
    this.tries = 0;
    this.retryAtMs = Number.POSITIVE_INFINITY;
  }

  /** Whether the last try, if there was one since the object started, has had its time. */
  get isDue(): boolean {
    return this.retryAtMs === Number.POSITIVE_INFINITY || this.retryAtMs <= this.context.nowMs;
  }

  /** In milliseconds since 1970; Infinity for never. */
  get nextDeadlineMs(): number {
    return this.retryAtMs;
  }
}
