// What a run has come to, by name; NaN where there is nothing to tell.

import { cpuMs } from "../process-usage.ts";

export type Figures = Readonly<Record<string, number>>;

/** What the broker and this process use of the CPU from now on. */
export class Usage {
  readonly #pids: readonly number[];
  readonly #startMs = performance.now();
  readonly #brokerMs: number;
  readonly #generatorMs = ownCpuMs();

  constructor(pids: readonly number[]) {
    this.#pids = pids;
    this.#brokerMs = cpuMs(pids);
  }

  /** @param count of what was done meanwhile */
  since(count: number) {
    const elapsedMs = performance.now() - this.#startMs;
    const brokerMs = cpuMs(this.#pids) - this.#brokerMs;
    return {
      perSec: (count / elapsedMs) * 1000,
      brokerMicroseconds: (brokerMs * 1000) / count,
      brokerCores: brokerMs / elapsedMs,
      generatorCores: (ownCpuMs() - this.#generatorMs) / elapsedMs,
    };
  }
}

function ownCpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
