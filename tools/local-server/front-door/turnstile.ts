// Lets a few requests at a time through to the runtime, which does all its work in one thread. The object of a new session
// takes milliseconds to start: a thousand at once would block connected clients until they give up.
// Networks take turns, so a network with a thousand requests does not make the others wait.

type Entry = { readonly enter: () => void };

export class Turnstile {
  readonly #most: number;
  #inside = 0;
  /** The waiting requests of each network, in the order of insertion: a network that had its turn goes last. */
  readonly #waiting = new Map<string, Entry[]>();

  constructor(most: number) {
    this.#most = most;
  }

  /** @param enter called at once, or when it is its turn; call `leave` after it */
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
