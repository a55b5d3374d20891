// Decides what goes wrong, and how long everything takes. A run's seed decides how likely each fault is, so that some
// runs have only one kind of fault, and some have all.

import type { Random } from "../support/random.ts";
import type { Features } from "./features.ts";

/** What becomes of a call from one object to another. */
export type CallFate = "answered" | "lost" | "answer lost" | "repeated" | "late" | "unanswered" | "overloaded";

const unhappyFates: readonly CallFate[] = ["lost", "answer lost", "repeated", "late", "unanswered", "overloaded"];

export class Faults {
  /** Off while a run begins, and when its end is to show that everything arrives. */
  areOn = false;
  readonly #random: Random;
  readonly #fates: readonly CallFate[];
  readonly #call: number;
  readonly #disk: number;
  readonly #crashWhileWriting: number;
  readonly #alarm: number;
  readonly #slowness: number;
  /** Until the next of the crashes and cuts that come at any moment, on average; Infinity for none. */
  readonly crashEveryMs: number;
  readonly cutEveryMs: number;

  constructor(random: Random, { groups }: Features) {
    this.#random = random;
    const sometimes = (probability: number) => (random.chance(0.6) ? random.next() * probability : 0);
    this.#fates = unhappyFates.filter(() => random.chance(0.6));
    this.#call = this.#fates.length === 0 ? 0 : sometimes(0.4);
    this.#disk = random.chance(groups ? 0 : 0.3) ? random.next() * 0.01 : 0;
    this.#crashWhileWriting = groups ? 0.04 : sometimes(0.03);
    this.#alarm = sometimes(0.5);
    this.#slowness = random.pick([1, 1, 1, 5, 20]);
    this.crashEveryMs = random.chance(0.6) ? random.between(500, 20_000) : Number.POSITIVE_INFINITY;
    this.cutEveryMs = random.chance(0.7) ? random.between(500, 10_000) : Number.POSITIVE_INFINITY;
  }

  callFate(): CallFate {
    return this.areOn && this.#random.chance(this.#call) ? this.#random.pick(this.#fates) : "answered";
  }

  /** One way, from object to object. */
  callMs(): number {
    return this.#random.skewed(0.5, 8 * this.#slow);
  }

  /** A call that comes after its caller has given up waiting for it. */
  lateCallMs(): number {
    return this.#random.between(50, 30_000);
  }

  /** One way, from client to broker. */
  frameMs(): number {
    return this.#random.skewed(1, 30 * this.#slow);
  }

  /** Until an end of a broken connection notices. */
  noticeMs(): number {
    return this.#random.skewed(1, 60_000);
  }

  /** Whether it is the Worker that ends a relayed connection. */
  cutsWorker(): boolean {
    return this.#random.chance(0.3);
  }

  get failDisks(): boolean {
    return this.#disk > 0;
  }

  diskFails(): boolean {
    return this.areOn && this.#random.chance(this.#disk);
  }

  confirmMs(): number {
    return this.#random.skewed(1, 10 * this.#slow);
  }

  /** When an object with unconfirmed writes crashes; `undefined` if it does not. */
  crashWithinMs(confirmMs: number): number | undefined {
    return this.areOn && this.#random.chance(this.#crashWhileWriting) ? this.#random.next() * confirmMs : undefined;
  }

  /** The share of the unconfirmed writes that survives a crash. */
  keptAfterCrash(): number {
    return this.#random.pick([0, 1, this.#random.next()]);
  }

  alarmDelayMs(): number {
    return this.areOn && this.#random.chance(this.#alarm) ? this.#random.between(0, 20_000) : 1;
  }

  alarmRepeats(): boolean {
    return this.areOn && this.#random.chance(this.#alarm * 0.5);
  }

  get #slow(): number {
    return this.areOn ? this.#slowness : 1;
  }
}
