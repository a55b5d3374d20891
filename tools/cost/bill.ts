// Turns counts into bills. Pure; what it assumes beside the counts is in `Assumptions`.

import type { Counts, PendingAlarm, Reading } from "./counts.ts";
import { aws, cloudflare } from "./prices.ts";

/** What a run on this machine cannot show of the platform. */
export type Assumptions = {
  /** How long a call takes to reach its object; the counting Worker waits that long. */
  readonly callMs: number;
  /** How long an object is active before its event after a hibernation: storage is opened, the constructor runs. */
  readonly wakeMs: number;
  /**
   * The rows that a session with tables reads when it wakes. With a fast clock no object hibernates, so they cannot be
   * counted.
   */
  readonly rowsReadPerWake: { readonly stored: number; readonly "not stored": number };
};

/** What Cloudflare bills. */
export type Usage = {
  readonly workerRequests: number;
  /** Calls from the Worker or an object to an object, `fetch` included. */
  readonly calls: number;
  readonly alarms: number;
  readonly incomingFrames: number;
  readonly rowsWritten: number;
  readonly alarmsSet: number;
  readonly rowsRead: number;
  readonly awakeSec: number;
};

export type Bill = {
  readonly workerRequests: number;
  readonly objectRequests: number;
  readonly rowsWritten: number;
  readonly rowsRead: number;
  readonly duration: number;
  readonly total: number;
};

/** What AWS IoT Core bills for the same work. */
export type AwsUsage = { readonly messages: number; readonly connectionMinutes: number };

const webSocketEvents = ["webSocketMessage", "webSocketClose", "webSocketError"];

/** Whether an event of this name is billed as a request and is not an alarm. */
export const isCall = (event: string) => event !== "alarm" && !webSocketEvents.includes(event);

/** The cost of waking from hibernation that the counts do not include. */
export type Wake = { readonly ms: number; readonly rowsRead: number };

/** @param rareAlarms in the same window; see `alarmsBeyond` */
export function usageOf({ workerRequests, objects }: Counts, rareAlarms: number, wake: Wake): Usage {
  const usage = { calls: 0, alarms: rareAlarms, incomingFrames: 0, rowsWritten: 0, rowsRead: 0, awakeMs: 0 };
  let alarmsSet = rareAlarms;
  let wakes = rareAlarms;
  // If an object did hibernate, its reads are among the counts.
  let uncountedReads = rareAlarms;
  for (const counts of Object.values(objects)) {
    for (const [event, times] of Object.entries(counts.events)) {
      if (isCall(event)) usage.calls += times;
      else if (event === "alarm") usage.alarms += times;
      else usage.incomingFrames += times;
    }
    usage.rowsWritten += counts.rowsWritten;
    usage.rowsRead += counts.rowsRead;
    usage.awakeMs += counts.eventMs + counts.timerMs;
    alarmsSet += counts.alarmsSet;
    wakes += counts.coldWakes;
    uncountedReads += Math.max(0, counts.coldWakes - counts.starts);
  }
  return {
    workerRequests,
    calls: usage.calls,
    alarms: usage.alarms,
    incomingFrames: usage.incomingFrames,
    rowsWritten: usage.rowsWritten,
    alarmsSet,
    rowsRead: usage.rowsRead + uncountedReads * wake.rowsRead,
    awakeSec: (usage.awakeMs + wakes * wake.ms) / 1000,
  };
}

/**
 * How many alarms a window has on average that are too rare to occur in it: they were set before it, and come after its
 * end. Each is assumed to set the next.
 */
export function alarmsBeyond(before: Reading, after: Reading): number {
  const windowMs = after.nowMs - before.nowMs;
  const isBeyond = ({ setAtMs }: PendingAlarm) => setAtMs < before.nowMs;
  const beyond = Object.values(after.pendingAlarms).flat().filter(isBeyond);
  return beyond.reduce((sum, { setAtMs, atMs }) => sum + windowMs / (atMs - setAtMs), 0);
}

export function scaled<T extends Record<string, number>>(numbers: T, factor: number): T {
  return Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, value * factor])) as T;
}

/** In US dollars. */
export function billOf(usage: Usage): Bill {
  const { webSocketMessagesPerRequest, objectGigabytes } = cloudflare;
  const objectRequests = usage.calls + usage.alarms + usage.incomingFrames / webSocketMessagesPerRequest;
  const items = {
    workerRequests: dollars(usage.workerRequests, cloudflare.workerRequestsPerMillion),
    objectRequests: dollars(objectRequests, cloudflare.objectRequestsPerMillion),
    rowsWritten: dollars(usage.rowsWritten + usage.alarmsSet, cloudflare.rowsWrittenPerMillion),
    rowsRead: dollars(usage.rowsRead, cloudflare.rowsReadPerMillion),
    duration: dollars(usage.awakeSec * objectGigabytes, cloudflare.gigabyteSecondsPerMillion),
  };
  return { ...items, total: Object.values(items).reduce((sum, item) => sum + item, 0) };
}

/** In US dollars. */
export function awsBillOf({ messages, connectionMinutes }: AwsUsage): number {
  return dollars(messages, aws.messagesPerMillion) + dollars(connectionMinutes, aws.connectionMinutesPerMillion);
}

const dollars = (quantity: number, dollarsPerMillion: number) => (quantity * dollarsPerMillion) / 1_000_000;
