// The Worker: code that runs outside of objects, with timers and calls, and without a storage. It may be gone at any time.

import type { Event, Owner } from "./clock.ts";

/** Whoever may call an object and set timers: an object in memory, or a Worker. */
export interface Caller extends Owner {
  readonly timers: Set<Event>;
  openCalls: number;
  /** Something leaves, as soon as it may. */
  leave(act: () => void): void;
}

export class WorkerProcess implements Caller {
  isAlive = true;
  readonly timers = new Set<Event>();
  openCalls = 0;

  leave(act: () => void): void {
    if (this.isAlive) act();
  }

  afterEvent(): void {}
}
