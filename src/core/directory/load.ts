// How much happens in a minute, averaged over 1, 5 and 15 minutes with a weight that decays. What was counted between
// two looks weighs more the longer the time between them. Mosquitto computes it like this.

import { type Counts, increaseOf } from "../session/counters.ts";

export type LoadName =
  | "connections"
  | "bytes/received"
  | "bytes/sent"
  | "messages/received"
  | "messages/sent"
  | "publish/received"
  | "publish/sent"
  | "publish/dropped";

/** In minutes. */
export const loadSpans = [1, 5, 15] as const;

/** An average for each of `loadSpans`. */
type Averages = readonly [number, number, number];

/** Plain data, fit for JSON. */
export type Load = {
  readonly atMs: number;
  /** The counts at that time. */
  readonly counts: Readonly<Counts>;
  readonly perMinute: Readonly<Record<LoadName, Averages>>;
};

const countOf: Readonly<Record<LoadName, keyof Counts>> = {
  connections: "connects",
  "bytes/received": "packetBytesReceived",
  "bytes/sent": "packetBytesSent",
  "messages/received": "packetsReceived",
  "messages/sent": "packetsSent",
  "publish/received": "messagesReceived",
  "publish/sent": "messagesSent",
  "publish/dropped": "messagesDropped",
};

export const loadNames = Object.keys(countOf) as LoadName[];

/** Looks that are closer together say too little. */
const leastMs = 1_000;

/** @param last `undefined` for the first look, which knows of no load yet */
export function nextLoad(last: Load | undefined, counts: Readonly<Counts>, nowMs: number): Load {
  if (last === undefined) return { atMs: nowMs, counts, perMinute: mapNames(() => [0, 0, 0]) };
  // The clock was set back, so the time in which the rest happened is unknown.
  if (nowMs < last.atMs) return { ...last, atMs: nowMs, counts };
  const minutes = (nowMs - last.atMs) / 60_000;
  if (minutes * 60_000 < leastMs) return last;
  const more = increaseOf(counts, last.counts);
  const perMinute = mapNames((name) => {
    const rate = more[countOf[name]] / minutes;
    // The load may be from an earlier version, which had fewer names.
    const [one, five, fifteen] = last.perMinute[name] ?? [0, 0, 0];
    return [decayed(one, rate, minutes), decayed(five, rate, minutes / 5), decayed(fifteen, rate, minutes / 15)];
  });
  return { atMs: nowMs, counts, perMinute };
}

function decayed(last: number, rate: number, spans: number): number {
  return rate + (last - rate) * Math.exp(-spans);
}

function mapNames(averagesOf: (name: LoadName) => Averages): Record<LoadName, Averages> {
  return Object.fromEntries(loadNames.map((name) => [name, averagesOf(name)])) as Record<LoadName, Averages>;
}
