// Many retained messages, and a client that subscribes to all of them.

import { setTimeout as passed } from "node:timers/promises";
import { medianOf } from "../statistics.ts";
import { type Figures, Usage } from "./figures.ts";
import { frameOf, publishPacket } from "./frames.ts";
import { openClient, type TargetAddress } from "./target-address.ts";

export type RetainJob = { readonly kind: "retain"; readonly messages: number; readonly payloadBytes: number };
export type RetainedJob = {
  readonly kind: "retained";
  readonly runId: string;
  readonly messages: number;
  readonly measuredMs: number;
};

const patienceMs = 30_000;
const pubackType = 4;
const publishType = 3;
const batchMessages = 100;

/** Publishes the messages. */
export async function retain(target: TargetAddress, { messages, payloadBytes }: RetainJob): Promise<Figures> {
  const connection = await openClient(target, { clientId: "retainer" });
  const payload = Buffer.alloc(payloadBytes, "x");
  let acknowledged = 0;
  let onAcknowledged = () => {};
  connection.onPacket = (firstByte) => {
    if (firstByte >> 4 === pubackType) acknowledged += 1;
  };
  connection.onReadEnd = () => onAcknowledged();
  for (let sent = 0; sent < messages; ) {
    const batch = Array.from({ length: Math.min(batchMessages, messages - sent) }, (_, index) => {
      const topic = `retained/${Math.floor((sent + index) / batchMessages)}/${index}`;
      return frameOf(publishPacket({ topic, qos: 1, payload, packetId: index + 1, retain: true }));
    });
    sent += batch.length;
    connection.write(Buffer.concat(batch));
    await within(patienceMs, "PUBACK", (resolve) => {
      onAcknowledged = () => {
        if (acknowledged === sent) resolve();
      };
    });
  }
  await connection.end();
  return {};
}

/** Measures, for one client after the other, the time from SUBSCRIBE until all messages have arrived. */
export async function runRetained(target: TargetAddress, job: RetainedJob): Promise<Figures> {
  const endMs = performance.now() + job.measuredMs;
  const usage = new Usage(target.pids);
  const firstMs: number[] = [];
  const lastMs: number[] = [];
  do {
    const times = await subscribeOnce(target, `${job.runId}-${firstMs.length}`, job.messages);
    firstMs.push(times.firstMs);
    lastMs.push(times.lastMs);
  } while (performance.now() < endMs);
  const used = usage.since(job.messages * lastMs.length);
  const medianLastMs = medianOf(lastMs);
  const perSec = (job.messages * 1000) / medianLastMs;
  return { ...used, perSec, firstMs: medianOf(firstMs), lastMs: medianLastMs };
}

async function subscribeOnce(target: TargetAddress, clientId: string, messages: number) {
  const connection = await openClient(target, { clientId });
  const startMs = performance.now();
  let received = 0;
  let firstMs = Number.NaN;
  const all = within(patienceMs, "the last retained message", (resolve) => {
    connection.onPacket = (firstByte) => {
      if (firstByte >> 4 !== publishType) return;
      if (received === 0) firstMs = performance.now() - startMs;
      received += 1;
    };
    connection.onReadEnd = () => {
      if (received === messages) resolve();
    };
  });
  await Promise.all([connection.subscribe(["retained/#"], 0), all]);
  const lastMs = performance.now() - startMs;
  await connection.end();
  return { firstMs, lastMs };
}

async function within(ms: number, what: string, start: (resolve: () => void) => void): Promise<void> {
  const ending = new AbortController();
  const late = passed(ms, undefined, { signal: ending.signal }).then(() => {
    throw new Error(`${what} has not come`);
  });
  try {
    await Promise.race([new Promise<void>(start), late]);
  } finally {
    late.catch(() => {});
    ending.abort();
  }
}
