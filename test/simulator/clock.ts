// The simulated time: a schedule of events, which happen one after another. Two events of one millisecond happen in the
// order in which they were scheduled.

/** The owner of the event. After the owner is gone, its events do not happen. */
export type Owner = { readonly isAlive: boolean; afterEvent(): void };

export type Event = {
  readonly atMs: number;
  readonly order: number;
  readonly owner: Owner | undefined;
  readonly act: () => void;
  isCancelled: boolean;
};

const realSetImmediate = setImmediate;
/**
 * Node.js runs what promises have set off between one immediate and the next. Many are asked for at once, since a turn
 * of its event loop costs far more than most events.
 */
const turnsAtOnce = 200;

export class Clock {
  nowMs = 1_800_000_000_000;
  /** Whose code is running. */
  running: Owner | undefined;
  /** Called with errors that nobody else has caught. */
  onError: (error: unknown) => void = () => {};
  readonly #heap: Event[] = [];
  #orders = 0;

  after(delayMs: number, owner: Owner | undefined, act: () => void): Event {
    const atMs = this.nowMs + Math.max(0, Math.ceil(delayMs));
    this.#orders += 1;
    const event = { atMs, order: this.#orders, owner, act, isCancelled: false };
    this.#push(event);
    return event;
  }

  /**
   * Runs all events until `endMs`, one after another, each with everything that follows from it by promises alone.
   * @param mayGoOn asked before each event; false ends it there
   */
  pass(endMs: number, mayGoOn: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      let isOver = false;
      const turn = () => {
        if (isOver) return;
        try {
          this.#endEvent();
          if (mayGoOn() && this.#beginEvent(endMs)) return;
          resolve();
        } catch (error) {
          reject(error);
        }
        isOver = true;
      };
      const takeTurns = () => {
        for (let count = turnsAtOnce; count > 0; count -= 1) realSetImmediate(turn);
        realSetImmediate(() => isOver || takeTurns());
      };
      takeTurns();
    });
  }

  /** @returns false if there is none until `endMs`; then it is `endMs` */
  #beginEvent(endMs: number): boolean {
    let next = this.#heap[0];
    while (next !== undefined && next.atMs <= endMs) {
      this.#pop();
      if (!next.isCancelled && next.owner?.isAlive !== false) {
        this.nowMs = next.atMs;
        this.running = next.owner;
        try {
          next.act();
        } catch (error) {
          this.onError(error);
        }
        return true;
      }
      next = this.#heap[0];
    }
    this.nowMs = endMs;
    return false;
  }

  #endEvent(): void {
    this.running?.afterEvent();
    this.running = undefined;
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let index = heap.length;
    heap.push(event);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!isBefore(event, heap[parent] as Event)) break;
      heap[index] = heap[parent] as Event;
      index = parent;
    }
    heap[index] = event;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Event, heap[child] as Event)) child += 1;
      if (!isBefore(heap[child] as Event, last)) break;
      heap[index] = heap[child] as Event;
      index = child;
    }
    heap[index] = last;
  }
}

function isBefore(one: Event, other: Event): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order);
}
