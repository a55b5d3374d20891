// The time that objects see. The simulated time goes on by itself, but clocks may be set, and the clock of each object
// may be wrong by seconds.

import type { Random } from "../support/random.ts";
import type { Clock } from "./clock.ts";
import type { Features } from "./features.ts";

const stepsMs = [-3_600_000, -60_000, 60_000, 3_600_000];
/** It is never set further than this from the right time. */
const mostWrongMs = 3_600_000;
const maximumSkewMs = 5_000;

export class WallClock {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #features: Features;
  #stepMs = 0;
  /** How far it was from the simulated time at most, both ways. */
  #least = 0;
  #most = 0;

  constructor(clock: Clock, random: Random, features: Features) {
    this.#clock = clock;
    this.#random = random;
    this.#features = features;
  }

  /** What the clock of the machine shows. */
  get nowMs(): number {
    return this.#clock.nowMs + this.#stepMs;
  }

  /** How much earlier, or later, than it should a time may have come by the clocks of this run. */
  get spreadMs(): number {
    const skewMs = this.#features.clockSkew ? 2 * maximumSkewMs : 0;
    return this.#most - this.#least + skewMs;
  }

  /** @returns by how much */
  step(): number {
    const byMs = this.#random.pick(stepsMs.filter((each) => Math.abs(this.#stepMs + each) <= mostWrongMs));
    this.#stepMs += byMs;
    this.#least = Math.min(this.#least, this.#stepMs);
    this.#most = Math.max(this.#most, this.#stepMs);
    return byMs;
  }

  /** The clock of a new object, relative to the machine's. */
  newSkewMs(): number {
    return this.#features.clockSkew ? this.#random.between(-maximumSkewMs, maximumSkewMs) : 0;
  }
}
