// The simulated time: what is to happen when, one event after another. Two events of one millisecond happen in the
// order in which they were asked for.

/** Whose event it is: nothing happens any more to one that has gone. */
export type Owner = { readonly isAlive: boolean; afterEvent(): void };

export type Event = {
  readonly atMs: number;
  readonly order: number;
  readonly owner: Owner | undefined;
  readonly act: () => void;
  isCancelled: boolean;
};

export class Clock {
  nowMs = 1_800_000_000_000;
  /** Whose code is running. */
  running: Owner | undefined;
  /** Hears of what nobody else has caught. */
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
   * Has the next event happen, and all that follows from it by promises alone.
   * @returns false when there is none until `endMs`; then it is `endMs`
   */
  async step(endMs: number): Promise<boolean> {
    const next = this.#heap[0];
    if (next === undefined || next.atMs > endMs) {
      this.nowMs = endMs;
      return false;
    }
    this.#pop();
    this.nowMs = next.atMs;
    if (next.isCancelled || next.owner?.isAlive === false) return true;
    this.running = next.owner;
    try {
      next.act();
    } catch (error) {
      this.onError(error);
    }
    await allPromises();
    this.running?.afterEvent();
    this.running = undefined;
    return true;
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

const realSetImmediate = setImmediate;

/** Node.js runs what promises have set off before it takes up the next task. */
function allPromises(): Promise<void> {
  return new Promise((resolve) => realSetImmediate(resolve));
}
