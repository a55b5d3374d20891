// Makes every decision of the simulator, the crash tests and the fuzzer, so that a seed replays a run. A small
// generator, sfc32 by Chris Doty-Humphrey. A library would bring shrinking and arbitraries, which these do not need.

export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  /** @param stream streams of one seed have nothing to do with each other: one a part, or a case, of a run */
  constructor(seed: number, stream: number) {
    this.#a = seed;
    this.#b = Math.trunc(seed / 2 ** 32);
    this.#c = stream;
    for (let round = 0; round < 12; round += 1) this.next();
  }

  /** From 0 up to 1, without it. */
  next(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 2 ** 32;
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** A whole number, both ends included. */
  between(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1));
  }

  /** A whole number from 0 to `count - 1`. */
  below(count: number): number {
    return this.between(0, count - 1);
  }

  pick<T>(choices: readonly T[]): T {
    if (choices.length === 0) throw new Error("nothing to choose from");
    return choices[this.below(choices.length)] as T;
  }

  /** Mostly small, sometimes large: as latencies are. */
  skewed(least: number, most: number): number {
    return least + (most - least) * this.next() ** 4;
  }

  bytes(count: number): Buffer {
    return Buffer.from(Array.from({ length: count }, () => this.below(256)));
  }
}
