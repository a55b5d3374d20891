// Waiting for what the events of an owner bring about.

export class Changes {
  readonly #looks = new Set<() => void>();

  /** To be called with each event. */
  happened(): void {
    for (const look of this.#looks) look();
  }

  /** @returns whether it was so in time */
  async until(isSo: () => boolean, timeoutMs: number): Promise<boolean> {
    if (isSo()) return true;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const look = () => {
      if (isSo()) resolve(true);
    };
    const timer = setTimeout(() => resolve(false), timeoutMs);
    this.#looks.add(look);
    try {
      return await promise;
    } finally {
      this.#looks.delete(look);
      clearTimeout(timer);
    }
  }
}
