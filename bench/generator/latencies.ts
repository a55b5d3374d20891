// Latencies of many messages in an array of fixed size. When it is full, every second latency is kept, then every
// fourth.

const capacity = 262_144;

export class Latencies {
  readonly #ms = new Float64Array(capacity);
  #kept = 0;
  #stride = 1;
  #skipped = 0;

  add(ms: number): void {
    this.#skipped += 1;
    if (this.#skipped < this.#stride) return;
    this.#skipped = 0;
    if (this.#kept === capacity) this.#thinOut();
    this.#ms[this.#kept] = ms;
    this.#kept += 1;
  }

  clear(): void {
    this.#kept = 0;
    this.#stride = 1;
    this.#skipped = 0;
  }

  /** @param share 0.5 is the median */
  at(share: number): number {
    const sorted = this.#ms.slice(0, this.#kept).sort();
    return sorted[Math.min(this.#kept - 1, Math.floor(this.#kept * share))] ?? Number.NaN;
  }

  #thinOut(): void {
    this.#kept = capacity / 2;
    for (let index = 0; index < this.#kept; index += 1) this.#ms[index] = this.#ms[index * 2 + 1] as number;
    this.#stride *= 2;
  }
}
