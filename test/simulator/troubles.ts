// Troubles of single objects and connections while faults are on: crashes, cuts, full disks, failing alarms, second
// instances, and clocks that are set. This file draws when each comes; the host does what it means.

import type { Random } from "../support/random.ts";
import type { Clock } from "./clock.ts";
import type { Faults } from "./faults.ts";
import type { Features } from "./features.ts";
import type { Host } from "./host.ts";

export type TroubleHandlers = {
  readonly hosts: () => readonly Host[];
  readonly cutOne: () => void;
  readonly stepClock: () => void;
  /** All objects end at once, and start with another time: a small computer without a battery. */
  readonly loseMachine: () => void;
};

/** The platform tries an alarm for about two minutes. */
const alarmTroubleMs = { least: 60_000, most: 300_000 };

export class Troubles {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #faults: Faults;
  readonly #features: Features;
  readonly #handlers: TroubleHandlers;

  constructor(clock: Clock, random: Random, faults: Faults, features: Features, handlers: TroubleHandlers) {
    this.#clock = clock;
    this.#random = random;
    this.#faults = faults;
    this.#features = features;
    this.#handlers = handlers;
  }

  begin(): void {
    const { crashEveryMs, cutEveryMs } = this.#faults;
    const { clockSteps, lostAlarms, fullDisks, secondInstances } = this.#features;
    const random = this.#random;
    this.#nowAndThen(crashEveryMs, () => this.#atOne((host) => host.crash("crash")));
    this.#nowAndThen(cutEveryMs, this.#handlers.cutOne);
    const { stepClock, loseMachine } = this.#handlers;
    if (clockSteps) this.#nowAndThen(5_000, () => (random.chance(0.5) ? stepClock() : loseMachine()));
    if (fullDisks) this.#nowAndThen(8_000, () => this.#atOne((host) => host.fillDisk(random.between(500, 60_000))));
    if (fullDisks && random.chance(0.3)) {
      const fillOne = () => this.#atOne((host) => host.fillDisk(Number.POSITIVE_INFINITY));
      this.#clock.after(random.between(1, 10_000), undefined, fillOne);
    }
    if (secondInstances)
      this.#nowAndThen(3_000, () => this.#atOne((host) => host.supersede(random.skewed(10, 20_000))));
    if (!lostAlarms) return;
    const { least, most } = alarmTroubleMs;
    this.#nowAndThen(4_000, () =>
      this.#atOne((host) => host.failAlarms(random.between(least, most), random.chance(0.5))),
    );
  }

  #atOne(act: (host: Host) => void): void {
    const hosts = this.#handlers.hosts();
    if (hosts.length > 0) act(this.#random.pick(hosts));
  }

  #nowAndThen(everyMs: number, act: () => void): void {
    if (!Number.isFinite(everyMs)) return;
    this.#clock.after(this.#random.next() * 2 * everyMs, undefined, () => {
      if (!this.#faults.areOn) return;
      act();
      this.#nowAndThen(everyMs, act);
    });
  }
}
