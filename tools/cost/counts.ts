// What the counting Worker counts, and the bundle that starts with it.

import { readFile } from "node:fs/promises";
import path from "node:path";
import { type Bundle, bundleWorker } from "../local-server/bundle.ts";

type Numbers = Readonly<Record<string, number>>;

/** The counts of all objects of one class in a namespace. */
export type ObjectCounts = {
  /** By method: `fetch`, `alarm`, `webSocketMessage`, `webSocketClose`, and the methods that other objects call. */
  readonly events: Numbers;
  /** Times an object was constructed. */
  readonly starts: number;
  /** How often an object had work after a pause in which the platform would have hibernated it. */
  readonly coldWakes: number;
  readonly rowsRead: number;
  readonly rowsWritten: number;
  readonly alarmsSet: number;
  /** By SQL statement. */
  readonly statements: Readonly<Record<string, Numbers>>;
  /** How long an event or a call kept an object awake. */
  readonly eventMs: number;
  /** How long a pending timer alone kept it awake. */
  readonly timerMs: number;
};

/** The counts of one namespace since the server started, or within a window. */
export type Counts = {
  readonly workerRequests: number;
  /** By "caller to binding.method", where the caller is a binding or WORKER. */
  readonly calls: Numbers;
  /** By binding. */
  readonly objects: Readonly<Record<string, ObjectCounts>>;
};

export type PendingAlarm = { readonly setAtMs: number; readonly atMs: number };

/** Counts at a moment of the Worker's clock. */
export type Reading = Counts & {
  readonly nowMs: number;
  /** By binding. */
  readonly pendingAlarms: Readonly<Record<string, readonly PendingAlarm[]>>;
};

/** The counting Worker's settings; see worker/clock.js and worker/counting-worker.js. */
export type World = { readonly clockRate: number; readonly callMs: number };

const workerFolder = path.join(import.meta.dirname, "worker");

/** The Worker as the deploy bundles it, with the counting Worker in front. */
export async function countingBundle(world: World = { clockRate: 1, callMs: 0 }): Promise<Bundle> {
  const { worker, variables } = await bundleWorker();
  const { modules, modulesRoot } = worker as { modules: object[]; modulesRoot: string };
  // Miniflare starts the first module of the list.
  const counting = await Promise.all(
    ["counting-worker.js", "meter.js", "clock.js"].map(async (name) => ({
      type: "ESModule",
      path: path.join(modulesRoot, name),
      contents: new Uint8Array(await readFile(path.join(workerFolder, name))),
    })),
  );
  return {
    worker: { ...worker, modules: [...counting, ...modules] } as Bundle["worker"],
    variables: {
      ...variables,
      COUNTING_CLOCK_RATE: String(world.clockRate),
      COUNTING_CALL_MS: String(world.callMs),
    },
  };
}

/** @param http the server's address */
export async function readCounts(http: string, namespace = "default"): Promise<Reading> {
  const response = await fetch(`${http}/counts?namespace=${namespace}`);
  return (await response.json()) as Reading;
}

/** What was counted between two readings. Entries of tables that did not change are left out. */
export function difference(before: Reading, after: Reading): Counts {
  const objects = Object.entries(after.objects).map(([binding, counts]) => {
    const earlier = before.objects[binding];
    const { events, statements, ...numbers } = counts;
    const { events: _events, statements: _statements, ...earlierNumbers } = earlier ?? {};
    return [
      binding,
      {
        ...withoutBefore(numbers, earlierNumbers as Numbers),
        events: withoutZeros(withoutBefore(events, earlier?.events)),
        statements: statementsWithout(statements, earlier?.statements),
      },
    ];
  });
  return {
    workerRequests: after.workerRequests - before.workerRequests,
    calls: withoutZeros(withoutBefore(after.calls, before.calls)),
    objects: Object.fromEntries(objects) as Counts["objects"],
  };
}

function statementsWithout(after: ObjectCounts["statements"], before: ObjectCounts["statements"] = {}) {
  const changed = Object.entries(after)
    .map(([query, numbers]) => [query, withoutBefore(numbers, before[query])] as const)
    .filter(([, { times }]) => times !== 0);
  return Object.fromEntries(changed);
}

function withoutBefore(after: Numbers, before: Numbers = {}): Numbers {
  return Object.fromEntries(Object.entries(after).map(([name, value]) => [name, value - (before[name] ?? 0)]));
}

const withoutZeros = (numbers: Numbers): Numbers =>
  Object.fromEntries(Object.entries(numbers).filter(([, value]) => value !== 0));
