// Clients that connect and disconnect, some at a time: measures how many per second, and how long each waits for
// CONNACK.

import { type Figures, Usage } from "./figures.ts";
import { Latencies } from "./latencies.ts";
import { openClient, type TargetAddress } from "./target-address.ts";

export type ConnectJob = {
  readonly kind: "connects";
  readonly runId: string;
  readonly atOnce: number;
  /** How many client identifiers the connections share. Without it, each connection has a new one. */
  readonly clients?: number;
  readonly warmUpMs: number;
  readonly measuredMs: number;
};

/** @throws {Error} if a client does not get its CONNACK */
export async function runConnects(target: TargetAddress, job: ConnectJob): Promise<Figures> {
  const { runId, atOnce, clients, warmUpMs, measuredMs } = job;
  const latencies = new Latencies();
  const warmMs = performance.now() + warmUpMs;
  const endMs = warmMs + measuredMs;
  let begun = 0;
  let counted = 0;
  let usage: Usage | undefined;
  const connectAgain = async () => {
    while (performance.now() < endMs) {
      const clientId = clients === undefined ? `${runId}-${begun}` : `known-${begun % clients}`;
      begun += 1;
      const startMs = performance.now();
      const connection = await openClient(target, { clientId });
      const nowMs = performance.now();
      if (nowMs >= warmMs && nowMs < endMs) {
        usage ??= new Usage(target.pids);
        counted += 1;
        latencies.add(nowMs - startMs);
      }
      await connection.end();
    }
  };
  await Promise.all(Array.from({ length: atOnce }, connectAgain));
  const used = (usage ?? new Usage(target.pids)).since(counted);
  return { ...used, p50Ms: latencies.at(0.5), p99Ms: latencies.at(0.99) };
}
