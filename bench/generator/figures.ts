// The results of a run, by name. NaN if nothing was measured.

import { cpuMs } from "../process-usage.ts";

export type Figures = Readonly<Record<string, number>>;

/** Measures the CPU that the broker and this process use from now on. */
export class Usage {
  readonly #pids: readonly number[];
  readonly #startMs = performance.now();
  readonly #brokerMs: number;
  readonly #generatorMs = ownCpuMs();

  constructor(pids: readonly number[]) {
    this.#pids = pids;
    this.#brokerMs = cpuMs(pids);
  }

  /** @param count how many operations were done since then */
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
