// The works: what the generator does with each broker. bench/README.md describes each.

import type { TableName } from "./columns.ts";
import type { MessageWork } from "./generator/messages.ts";
import type { Job } from "./generator/process.ts";

/** How long runs are. */
export type Pace = {
  readonly warmUpMs: number;
  readonly measuredMs: number;
  readonly offeredMs: number;
  /** Whether there is time to wait for hibernation, and for many clients. */
  readonly isPatient: boolean;
};

export type Work = {
  readonly name: string;
  readonly title: string;
  readonly table: TableName;
  readonly hasFloor: boolean;
  /** Done in each process of a broker, before its first run. */
  readonly preparation?: Job;
  /**
   * When the broker's process is restarted: after the work, because it is full, or in each round, because it must be
   * empty.
   */
  readonly needsProcess?: "for itself" | "for each round";
  /** Used if --rounds is not given. */
  readonly rounds?: number;
  job(runId: string, pace: Pace, hibernates: boolean): Job;
};

const pairs: MessageWork = {
  shape: "pairs",
  publishers: 10,
  subscribers: 10,
  qos: 0,
  isDurable: false,
  payloadBytes: 64,
  window: 100,
  topicsPerPublisher: 1,
};
const allToOne: MessageWork = { ...pairs, shape: "all-to-one", publishers: 50, subscribers: 1 };
const oneToAll: MessageWork = { ...pairs, shape: "one-to-all", publishers: 1, subscribers: 100 };
const oneAtATime: MessageWork = { ...pairs, publishers: 1, subscribers: 1, window: 1 };

const idleClients = 1_000;
/** Objects hibernate after 10 s without an event. */
const hibernatesAfterMs = 20_000;
const connectsAtOnce = 50;
const knownClients = 500;
const retainedMessages = 10_000;
const otherSubscriptions = { clients: 100, each: 1_000 };

type Options = Partial<Omit<Work, "name" | "title" | "job">>;

function messages(name: string, title: string, work: MessageWork, options: Options = {}): Work {
  const hasFloor = !work.isDurable && (work.qos === 0 || work.shape === "pairs");
  const job = (runId: string, { warmUpMs, measuredMs, offeredMs }: Pace): Job => {
    const isOffered = work.offeredPerSec !== undefined;
    return { kind: "messages", work, runId, warmUpMs, measuredMs: isOffered ? offeredMs : measuredMs };
  };
  return { name, title, table: "messages", hasFloor, job, ...options };
}

function connects(name: string, title: string, clients?: number): Work {
  const known = clients === undefined ? {} : { clients };
  const job = (runId: string, { warmUpMs, measuredMs }: Pace): Job => {
    return { kind: "connects", runId, atOnce: connectsAtOnce, warmUpMs, measuredMs, ...known };
  };
  return { name, title, table: "connects", hasFloor: false, job };
}

const retained: Work = {
  name: "retained",
  title: "SUBSCRIBE, 10,000 retained messages",
  table: "retained",
  hasFloor: false,
  needsProcess: "for itself",
  preparation: { kind: "retain", messages: retainedMessages, payloadBytes: 64 },
  job: (runId, { measuredMs }) => ({ kind: "retained", runId, messages: retainedMessages, measuredMs }),
};

const idle: Work = {
  name: "idle",
  title: "idle connections",
  table: "idle",
  hasFloor: false,
  needsProcess: "for each round",
  rounds: 3,
  job: (runId, { isPatient }, hibernates) => {
    const waiting = hibernates && isPatient ? { hibernatesAfterMs } : {};
    return { kind: "idle", runId, clients: isPatient ? idleClients : idleClients / 5, ...waiting };
  },
};

export const works: readonly Work[] = [
  messages("pairs-qos0", "10:10, QoS 0", pairs),
  messages("pairs-qos1", "10:10, QoS 1", { ...pairs, qos: 1 }),
  messages("pairs-qos2", "10:10, QoS 2", { ...pairs, qos: 2 }),
  messages("durable-qos1", "10:10, QoS 1, durable", { ...pairs, qos: 1, isDurable: true }),
  messages("durable-qos2", "10:10, QoS 2, durable", { ...pairs, qos: 2, isDurable: true }),
  messages("fan-in-qos0", "50:1, QoS 0", allToOne),
  messages("fan-out-qos0", "1:100, QoS 0", oneToAll),
  messages("fan-out-qos1", "1:100, QoS 1", { ...oneToAll, qos: 1 }),
  messages("one-qos0", "one at a time, QoS 0", oneAtATime, { table: "one at a time" }),
  messages("one-qos1", "one at a time, QoS 1", { ...oneAtATime, qos: 1 }, { table: "one at a time" }),
  messages("topics-1000", "1,000 topics, wildcards", { ...pairs, topicsPerPublisher: 100 }),
  messages("payload-1k", "10:10, QoS 0, 1 KB", { ...pairs, payloadBytes: 1_024 }),
  messages("payload-64k", "10:10, QoS 0, 64 KB", { ...pairs, payloadBytes: 65_536, window: 4 }),
  messages(
    "offered-10k",
    "10,000/s offered",
    { ...pairs, window: 1_000, offeredPerSec: 10_000 },
    {
      table: "offered",
      rounds: 1,
    },
  ),
  connects("connects-new", "new clients"),
  connects("connects-known", "500 clients, again and again", knownClients),
  messages("matching-100k", "10:10, 100,000 other subscriptions", pairs, {
    preparation: { kind: "subscriptions", ...otherSubscriptions },
    needsProcess: "for itself",
    hasFloor: false,
  }),
  retained,
  idle,
];
