// Runs each work with all targets alternately, round by round, so that other load of the machine affects all alike.

import { tables } from "./columns.ts";
import type { Figures } from "./generator/figures.ts";
import { Generator } from "./generator/generator.ts";
import type { Result } from "./report.ts";
import type { RunningTarget, Target } from "./targets/target.ts";
import type { Pace, Work } from "./works.ts";

export type Plan = {
  readonly works: readonly Work[];
  readonly targets: readonly Target[];
  readonly rounds: number | undefined;
  readonly pace: Pace;
  /** Processes serve one work after the other, and no round warms them up. */
  readonly isQuick: boolean;
  readonly progress: (line: string) => void;
};

const usualRounds = 5;

/** A signal has ended the bench. */
export class Aborted extends Error {}

type Entry = { readonly target: Target; readonly rounds: Figures[]; error?: string };

export class Bench {
  readonly skipped = new Set<string>();
  readonly #plan: Plan;
  readonly #generator = Generator.start();
  readonly #running = new Map<Target, RunningTarget>();
  #isAborted = false;
  #runs = 0;

  constructor(plan: Plan) {
    this.#plan = plan;
  }

  /** @throws {Aborted} */
  async run(): Promise<Result[]> {
    const results: Result[] = [];
    try {
      for (const work of this.#plan.works) results.push(...(await this.#measure(work)));
    } finally {
      this.#generator.end();
      await this.#stopTargets();
    }
    return results;
  }

  /** Ends what is running; then `run` throws. */
  abort(): void {
    this.#isAborted = true;
    this.#generator.end();
  }

  async #measure(work: Work): Promise<Result[]> {
    const { name, title, table } = work;
    const { targets, isQuick } = this.#plan;
    const entries = targets
      .filter(({ name: target }) => work.hasFloor || target !== "floor")
      .map((target): Entry => ({ target, rounds: [] }));
    if (work.needsProcess !== undefined) await this.#stopTargets();
    const rounds = this.#plan.rounds ?? (isQuick ? 1 : (work.rounds ?? usualRounds));
    // The first work of a process is slower, because its code is not compiled yet.
    const warmUps = isQuick || work.needsProcess === "for each round" ? 0 : 1;
    for (let round = 1 - warmUps; round <= rounds; round += 1) {
      for (const entry of entries) {
        if (entry.error === undefined) await this.#round(work, entry, round);
        if (work.needsProcess === "for each round") await this.#stopTargets();
      }
    }
    if (!isQuick || work.needsProcess !== undefined) await this.#stopTargets();
    return entries
      .filter(({ target }) => !this.skipped.has(target.name))
      .map(({ target, rounds, error }) => {
        const result = { work: name, title, table, target: target.name, rounds };
        return error === undefined ? result : { ...result, error };
      });
  }

  async #round(work: Work, entry: Entry, round: number): Promise<void> {
    const { target, rounds } = entry;
    try {
      const running = await this.#started(target, work);
      if (running === undefined) return;
      this.#runs += 1;
      const { pace } = this.#plan;
      const present = round > 0 ? pace : { ...pace, offeredMs: pace.measuredMs };
      const job = work.job(`r${this.#runs}`, present, target.hibernates);
      const figures = await this.#generator.run(running.address, job);
      if (round > 0) rounds.push(figures);
      const { compared } = tables[work.table];
      this.#plan.progress(`${work.name} ${round}: ${target.name} ${compared} ${figures[compared]?.toFixed(2)}`);
    } catch (error) {
      if (this.#isAborted) throw new Aborted();
      entry.error = (error as Error).message;
      this.#plan.progress(`${work.name} ${round}: ${target.name} ${entry.error}`);
    }
  }

  /** @returns `undefined` if the target is not on this machine */
  async #started(target: Target, work: Work): Promise<RunningTarget | undefined> {
    if (this.#isAborted) throw new Aborted();
    if (this.skipped.has(target.name)) return undefined;
    const present = this.#running.get(target);
    if (present !== undefined) return present;
    const started = await target.start();
    if (started === undefined) {
      this.skipped.add(target.name);
      return undefined;
    }
    this.#running.set(target, started);
    if (work.preparation !== undefined) await this.#generator.run(started.address, work.preparation);
    return started;
  }

  async #stopTargets(): Promise<void> {
    const running = [...this.#running.values()];
    this.#running.clear();
    await Promise.all(running.map((target) => target.stop()));
  }
}
