// One run of messages through a broker: connects the clients of a work, lets them run in a closed loop for a while that
// does not count, then for one that does, and lets what is on its way arrive.

import { setTimeout as passed } from "node:timers/promises";
import { cpuMs, type Memory, memoryOf, restartPeak } from "../process-usage.ts";
import { type Address, Connection } from "./connection.ts";
import { Latencies } from "./latencies.ts";
import { Publisher } from "./publisher.ts";
import { Subscriber, type Tally } from "./subscriber.ts";

/** Who sends to whom: publisher i to subscriber i, all to one, or one to all. */
export type Shape = "pairs" | "all to one" | "one to all";

export type MessageWork = {
  readonly shape: Shape;
  readonly publishers: number;
  readonly subscribers: number;
  readonly qos: 0 | 1 | 2;
  readonly isDurable: boolean;
  readonly payloadBytes: number;
  /** Messages of each publisher that are on their way at once. */
  readonly window: number;
  readonly topicsPerPublisher: number;
};

export type TargetAddress = Address & {
  /** With `{clientId}` where the client identifier goes. */
  readonly path: string;
  /** Not of the floor: there everything that one sends goes to others as it is. */
  readonly speaksMqtt: boolean;
  readonly pids: readonly number[];
};

export type MessageJob = {
  readonly kind: "messages";
  readonly target: TargetAddress;
  readonly work: MessageWork;
  /** No other run of this broker has it. */
  readonly runId: string;
  readonly warmUpMs: number;
  readonly measuredMs: number;
};

export type MessageFigures = {
  readonly messagesPerSec: number;
  readonly brokerMicrosecondsPerMessage: number;
  readonly brokerCores: number;
  readonly generatorCores: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly memory: Memory;
};

const pingEveryMs = 1_000;
const stalledAfterMs = 3_000;
const lookEveryMs = 20;

export async function runMessages(job: MessageJob): Promise<MessageFigures> {
  const { target, work, warmUpMs, measuredMs } = job;
  const tally: Tally = { received: 0, lost: 0, duplicated: 0, latencies: new Latencies() };
  const connections: Connection[] = [];
  try {
    const { publishers, subscribers } = await clientsOf(job, tally, connections);
    const loop = new ClosedLoop(publishers, subscribers, tally, connections);
    loop.start();
    await loop.during(warmUpMs);
    restartPeak(target.pids);
    tally.latencies.clear();
    const before = usage(target, tally);
    await loop.during(measuredMs);
    const after = usage(target, tally);
    const memory = memoryOf(target.pids);
    const { latencies } = tally;
    const [p50Ms, p99Ms] = [latencies.at(0.5), latencies.at(0.99)];
    await loop.stop();
    const received = after.received - before.received;
    const elapsedMs = after.nowMs - before.nowMs;
    return {
      messagesPerSec: (received / elapsedMs) * 1000,
      brokerMicrosecondsPerMessage: ((after.brokerMs - before.brokerMs) * 1000) / received,
      brokerCores: (after.brokerMs - before.brokerMs) / elapsedMs,
      generatorCores: (after.generatorMs - before.generatorMs) / elapsedMs,
      p50Ms,
      p99Ms,
      lost: tally.lost,
      duplicated: tally.duplicated,
      memory,
    };
  } finally {
    await Promise.all(connections.map((connection) => connection.end()));
    if (work.isDurable) await forget(job);
  }
}

function usage({ pids }: TargetAddress, { received }: Tally) {
  const { user, system } = process.cpuUsage();
  return { nowMs: performance.now(), brokerMs: cpuMs(pids), generatorMs: (user + system) / 1000, received };
}

async function clientsOf({ target, work, runId }: MessageJob, tally: Tally, connections: Connection[]) {
  const { shape, qos, payloadBytes, window, topicsPerPublisher } = work;
  const open = async (role: "p" | "s", index: number) => {
    const connection = await openClient(target, clientIdOf(runId, role, index), work);
    connections.push(connection);
    return connection;
  };
  const ofEach = <T>(count: number, make: (index: number) => Promise<T>) => {
    return Promise.all(Array.from({ length: count }, (_, index) => make(index)));
  };
  const subscriberConnections = await ofEach(work.subscribers, async (index) => {
    const connection = await open("s", index);
    if (target.speaksMqtt) await connection.subscribe([filterOf(runId, work, index)], qos);
    return connection;
  });
  const receivers = shape === "one to all" ? work.subscribers : 1;
  const publishers = await ofEach(work.publishers, async (index) => {
    const topics = Array.from({ length: topicsPerPublisher }, (_, topic) => topicOf(runId, index, topic));
    const connection = await open("p", index);
    return new Publisher(connection, { index, topics, qos, payloadBytes, window, receivers });
  });
  const subscribers = subscriberConnections.map((connection, index) => {
    const heard = publishers.map((publisher, from) => (shape === "pairs" && from !== index ? undefined : publisher));
    return new Subscriber(connection, heard, tally);
  });
  return { publishers, subscribers };
}

async function openClient(target: TargetAddress, clientId: string, { shape, isDurable }: MessageWork) {
  const path = `${target.path.replace("{clientId}", clientId)}${target.speaksMqtt ? "" : `?shape=${shape}`}`;
  const connection = await Connection.open(target, path.replaceAll(" ", "-"));
  if (target.speaksMqtt) await connection.connect(clientId, !isDurable);
  return connection;
}

/** Sessions that outlive their connections would be there in the next run. */
async function forget({ target, work, runId }: MessageJob): Promise<void> {
  const clientIds = [
    ...Array.from({ length: work.publishers }, (_, index) => clientIdOf(runId, "p", index)),
    ...Array.from({ length: work.subscribers }, (_, index) => clientIdOf(runId, "s", index)),
  ];
  await Promise.all(
    clientIds.map(async (clientId) => {
      const connection = await openClient(target, clientId, { ...work, isDurable: false });
      await connection.end();
    }),
  );
}

const clientIdOf = (runId: string, role: "p" | "s", index: number) => `${runId}-${role}-${index}`;

/** Of one length, since the frames of a publisher are. */
function topicOf(runId: string, publisher: number, topic: number): string {
  return `bench/${runId}/${publisher}/${String(topic).padStart(4, "0")}`;
}

function filterOf(runId: string, { shape, topicsPerPublisher }: MessageWork, subscriber: number): string {
  if (shape === "all to one") return `bench/${runId}/+/+`;
  if (shape === "one to all") return topicOf(runId, 0, 0);
  return topicsPerPublisher > 1 ? `bench/${runId}/${subscriber}/+` : topicOf(runId, subscriber, 0);
}

/** Whenever messages have been heard of, as many others are sent. */
class ClosedLoop {
  readonly #publishers: readonly Publisher[];
  readonly #subscribers: readonly Subscriber[];
  readonly #tally: Tally;
  readonly #connections: readonly Connection[];
  #isStopping = false;
  #pingTimer: NodeJS.Timeout | undefined;

  constructor(
    publishers: readonly Publisher[],
    subscribers: readonly Subscriber[],
    tally: Tally,
    connections: readonly Connection[],
  ) {
    this.#publishers = publishers;
    this.#subscribers = subscribers;
    this.#tally = tally;
    this.#connections = connections;
  }

  start(): void {
    for (const connection of this.#connections) connection.onReadEnd = () => this.#fill();
    this.#pingTimer = setInterval(() => {
      for (const subscriber of this.#subscribers) subscriber.ping();
    }, pingEveryMs);
    this.#fill();
  }

  /** @throws {Error} when the broker closes a connection */
  async during(ms: number): Promise<void> {
    const endMs = performance.now() + ms;
    let heard = this.#heard();
    let heardMs = performance.now();
    while (performance.now() < endMs) {
      await passed(Math.min(lookEveryMs, Math.max(0, endMs - performance.now())));
      if (this.#connections.some(({ isClosed }) => isClosed)) throw new Error("the broker has closed a connection");
      if (heard !== this.#heard()) {
        heard = this.#heard();
        heardMs = performance.now();
      } else if (performance.now() - heardMs > stalledAfterMs) {
        this.#giveUp();
        this.#fill();
      }
    }
  }

  /** Resolves when all that was sent has arrived, or is taken for lost. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    const endMs = performance.now() + stalledAfterMs;
    while (this.#publishers.some(({ open }) => open > 0) && performance.now() < endMs) await passed(lookEveryMs);
    this.#giveUp();
    clearInterval(this.#pingTimer);
  }

  #heard(): number {
    return this.#tally.received + this.#tally.lost;
  }

  #fill(): void {
    if (this.#isStopping) return;
    const nowMs = performance.now();
    for (const publisher of this.#publishers) publisher.fill(nowMs);
  }

  #giveUp(): void {
    for (const subscriber of this.#subscribers) subscriber.giveUp();
    for (const publisher of this.#publishers) publisher.giveUp();
  }
}
