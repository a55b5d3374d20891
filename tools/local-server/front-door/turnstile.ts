// Lets a few requests at a time through to the runtime, which does all its work in one thread: a new session's object takes
// it milliseconds to start, and a thousand of them at once would keep it from connected clients until those give up.
// Networks take turns, so that one that asks a thousand times keeps no other waiting.

type Entry = { readonly enter: () => void };

export class Turnstile {
  readonly #most: number;
  #inside = 0;
  /** Those that wait, by network; the order of a Map is that of insertion, and a network that had its turn goes last. */
  readonly #waiting = new Map<string, Entry[]>();

  constructor(most: number) {
    this.#most = most;
  }

  /** @param enter called at once, or when it is its turn; `leave` has to follow it */
  wait(network: string, enter: () => void): void {
    const queue = this.#waiting.get(network) ?? [];
    queue.push({ enter });
    this.#waiting.set(network, queue);
    this.#letIn();
  }

  leave(): void {
    this.#inside -= 1;
    this.#letIn();
  }

  #letIn(): void {
    while (this.#inside < this.#most) {
      const [next] = this.#waiting;
      if (next === undefined) return;
      const [network, queue] = next;
      this.#waiting.delete(network);
      const entry = queue.shift();
      if (queue.length > 0) this.#waiting.set(network, queue);
      this.#inside += 1;
      entry?.enter();
    }
  }
}
