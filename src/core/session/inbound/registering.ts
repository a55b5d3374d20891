// The topic objects of a namespace have changed in number or epoch. A session registers its subscriptions with the
// present ones until all of them have answered, whether its client is connected or not. Until then its record names the
// layout that it was registered with before.

import { hashOf } from "../../topic/hash.ts";
import type { Context } from "../context.ts";
import type { Subscribing } from "./subscribing.ts";

const firstRetryMs = 15_000;
const maximumRetryMs = 300_000;

/** All subscriptions of a session, on their way to the present shards. */
type Registration = { readonly generation: string; openRequests: number; hasFailed: boolean };

export class Registering {
  private readonly context: Context;
  private readonly subscribing: Subscribing;
  /** Registrations that have not been answered in full, by id. */
  private readonly registrations = new Map<number, Registration>();
  private lastId = 0;
  private tries = 0;
  /** When to register all of them again; Infinity for never. */
  private retryAtMs = Number.POSITIVE_INFINITY;

  constructor(context: Context, subscribing: Subscribing) {
    this.context = context;
    this.subscribing = subscribing;
  }

  /**
   * Registers with the present topic objects.
   * @returns whether there is anything to wait for: `onAnswer` follows, or another try is due
   */
  begin(): boolean {
    const generation = this.context.ownGeneration;
    this.lastId += 1;
    const openRequests = this.subscribing.registerAgain(this.lastId);
    if (openRequests === 0) return false;
    this.registrations.set(this.lastId, { generation, openRequests, hasFailed: false });
    // Deadlines become alarms, which outlive the object: a crash before the answers is tried again as well.
    const waitMs = Math.min(firstRetryMs * 2 ** this.tries, maximumRetryMs);
    // Sessions that failed together do not all come back together.
    this.retryAtMs = this.context.nowMs + Math.round(waitMs * (1 + (hashOf(generation) % 100) / 200));
    this.tries += 1;
    return true;
  }

  /** @returns the life of the session for which all have answered now, and done it; `undefined` if some have not */
  onAnswer(id: number, isDone: boolean): string | undefined {
    const registration = this.registrations.get(id);
    if (registration === undefined) return undefined;
    registration.openRequests -= 1;
    if (!isDone) registration.hasFailed = true;
    if (registration.openRequests > 0) return undefined;
    this.registrations.delete(id);
    return registration.hasFailed ? undefined : registration.generation;
  }

  /** Nothing more has to be registered. */
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
