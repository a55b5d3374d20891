// A run of messages through a broker. Connects the clients of a work, and lets them run for a warm-up and then for the
// measured time. At the end it waits for messages that are on their way.

import { memoryOf, restartPeak } from "../process-usage.ts";
import type { Connection } from "./connection.ts";
import { type Figures, Usage } from "./figures.ts";
import { Latencies } from "./latencies.ts";
import { type Clients, Loop } from "./loops.ts";
import { Publisher } from "./publisher.ts";
import { Subscriber, type Tally } from "./subscriber.ts";
import { ofEach, openClient, type TargetAddress } from "./target-address.ts";

/** Publisher i sends to subscriber i, all send to one, or one sends to all. */
export type Shape = "pairs" | "all-to-one" | "one-to-all";

export type MessageWork = {
  readonly shape: Shape;
  readonly publishers: number;
  readonly subscribers: number;
  readonly qos: 0 | 1 | 2;
  readonly isDurable: boolean;
  readonly payloadBytes: number;
  /** How many messages of each publisher are on their way at the same time. */
  readonly window: number;
  readonly topicsPerPublisher: number;
  /** Messages per second of all publishers together. Without it, as many as the broker accepts. */
  readonly offeredPerSec?: number;
};

export type MessageJob = {
  readonly kind: "messages";
  readonly work: MessageWork;
  /** Unique among the runs of this broker. */
  readonly runId: string;
  readonly warmUpMs: number;
  readonly measuredMs: number;
};

/** @throws {Error} if the broker refuses or closes a connection */
export async function runMessages(target: TargetAddress, job: MessageJob): Promise<Figures> {
  const { work, warmUpMs, measuredMs } = job;
  const tally: Tally = { received: 0, lost: 0, duplicated: 0, latencies: new Latencies() };
  const connections: Connection[] = [];
  try {
    const loop = new Loop(await clientsOf(target, job, tally, connections), tally, work.offeredPerSec);
    loop.start();
    await loop.during(warmUpMs);
    restartPeak(target.pids);
    const memoryBefore = memoryOf(target.pids);
    tally.latencies.clear();
    const receivedBefore = tally.received;
    const usage = new Usage(target.pids);
    await loop.during(measuredMs);
    const used = usage.since(tally.received - receivedBefore);
    const memory = memoryOf(target.pids);
    const [p50Ms, p99Ms] = [tally.latencies.at(0.5), tally.latencies.at(0.99)];
    await loop.stop();
    return {
      ...used,
      p50Ms,
      p99Ms,
      lost: tally.lost,
      duplicated: tally.duplicated,
      startMib: memoryBefore.residentMib,
      endMib: memory.residentMib,
      peakMib: memory.peakMib,
    };
  } finally {
    await Promise.all(connections.map((connection) => connection.end()));
    if (work.isDurable) await forget(target, job);
  }
}

async function clientsOf(
  target: TargetAddress,
  { work, runId }: MessageJob,
  tally: Tally,
  connections: Connection[],
): Promise<Clients> {
  const { shape, qos, payloadBytes, window, topicsPerPublisher, isDurable } = work;
  const open = async (role: Role, index: number) => {
    const options = { clientId: clientIdOf(runId, role, index), isClean: !isDurable, query: `shape=${shape}` };
    const connection = await openClient(target, options);
    connections.push(connection);
    return connection;
  };
  const subscriberConnections = await ofEach(work.subscribers, async (index) => {
    const connection = await open("s", index);
    if (target.speaksMqtt) await connection.subscribe([filterOf(runId, work, index)], qos);
    return connection;
  });
  const receivers = shape === "one-to-all" ? work.subscribers : 1;
  const publishers = await ofEach(work.publishers, async (index) => {
    const topics = Array.from({ length: topicsPerPublisher }, (_, topic) => topicOf(runId, index, topic));
    const connection = await open("p", index);
    return new Publisher(connection, { index, topics, qos, payloadBytes, window, receivers });
  });
  const subscribers = subscriberConnections.map((connection, index) => {
    const heard = publishers.map((publisher, from) => (shape === "pairs" && from !== index ? undefined : publisher));
    return new Subscriber(connection, heard, tally);
  });
  return { publishers, subscribers, connections };
}

/** Durable sessions would still exist in the next run. */
async function forget(target: TargetAddress, { work, runId }: MessageJob): Promise<void> {
  const begin = async (role: Role, index: number) => {
    const connection = await openClient(target, { clientId: clientIdOf(runId, role, index) });
    await connection.end();
  };
  await ofEach(work.publishers, (index) => begin("p", index));
  await ofEach(work.subscribers, (index) => begin("s", index));
}

type Role = "p" | "s";

const clientIdOf = (runId: string, role: Role, index: number) => `${runId}-${role}-${index}`;

/** All of one length, because the frames of a publisher have one length. */
function topicOf(runId: string, publisher: number, topic: number): string {
  return `bench/${runId}/${publisher}/${String(topic).padStart(4, "0")}`;
}

function filterOf(runId: string, { shape, topicsPerPublisher }: MessageWork, subscriber: number): string {
  if (shape === "all-to-one") return `bench/${runId}/+/+`;
  if (shape === "one-to-all") return topicOf(runId, 0, 0);
  return topicsPerPublisher > 1 ? `bench/${runId}/${subscriber}/+` : topicOf(runId, subscriber, 0);
}
