// Clients that do nothing: measures how much of the broker's memory each takes.

import { setTimeout as passed } from "node:timers/promises";
import { memoryOf } from "../process-usage.ts";
import type { Connection } from "./connection.ts";
import type { Figures } from "./figures.ts";
import { ofEach, openClient, type TargetAddress } from "./target-address.ts";

export type IdleJob = {
  readonly kind: "idle";
  readonly runId: string;
  readonly clients: number;
  /** The time after which an object hibernates. Without it, none does. */
  readonly hibernatesAfterMs?: number;
};

const atOnce = 50;
const quietMs = 1_000;
const keepAliveSec = 60;

/** Needs a process that has done nothing yet, because memory that was used once can be used again without growing. */
export async function runIdle(target: TargetAddress, job: IdleJob): Promise<Figures> {
  const { runId, clients, hibernatesAfterMs } = job;
  const residentMib = () => memoryOf(target.pids).residentMib;
  const perClientKib = (fromMib: number) => ((residentMib() - fromMib) * 1024) / clients;
  const first = await connectMany(target, `${runId}-first`, atOnce);
  await Promise.all(first.map((connection) => connection.end()));
  await passed(quietMs);
  const beforeMib = residentMib();
  const connections = await connectMany(target, `${runId}-idle`, clients);
  await passed(quietMs);
  const idleKib = perClientKib(beforeMib);
  let hibernatedKib = Number.NaN;
  if (hibernatesAfterMs !== undefined) {
    // The process keeps memory that objects free, for others to use: a second crowd shows how much.
    await passed(hibernatesAfterMs);
    const firstCrowdMib = residentMib();
    connections.push(...(await connectMany(target, `${runId}-more`, clients)));
    await passed(hibernatesAfterMs);
    hibernatedKib = perClientKib(firstCrowdMib);
  }
  if (connections.some(({ isClosed }) => isClosed)) throw new Error("the broker has closed an idle connection");
  for (const connection of connections) connection.drop();
  return { beforeMib, idleKib, hibernatedKib };
}

/** Each client subscribes to a topic of its own, as a device does. */
async function connectMany(target: TargetAddress, prefix: string, clients: number): Promise<Connection[]> {
  const connections: Connection[] = [];
  for (let from = 0; from < clients; from += atOnce) {
    const batch = await ofEach(Math.min(atOnce, clients - from), async (index) => {
      const clientId = `${prefix}-${from + index}`;
      const connection = await openClient(target, { clientId, keepAliveSec });
      await connection.subscribe([`devices/${clientId}/set`], 0);
      return connection;
    });
    connections.push(...batch);
  }
  return connections;
}
