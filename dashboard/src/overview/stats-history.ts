// The broker's counts over time, as the rates that charts show. Bounded: the oldest go.

import { signal } from "@preact/signals";
import type { Counters, Stats } from "../api/resources.ts";

export type Sample = {
  readonly atSec: number;
  readonly connected: number;
  readonly sleeping: number;
  readonly receivedPerSec: number;
  readonly sentPerSec: number;
  readonly droppedPerSec: number;
  readonly bytesPerSec: number;
};

/** An hour, asked every five seconds. */
const maximumSamples = 720;

export class StatsHistory {
  readonly samples = signal<readonly Sample[]>([]);
  readonly latest = signal<Stats | undefined>(undefined);
  private takenAtMs = 0;

  take(stats: Stats, atMs: number): void {
    const before = this.latest.value;
    if (before !== undefined) {
      const sample = sampleOf(before, stats, this.takenAtMs, atMs);
      this.samples.value = [...this.samples.value, sample].slice(-maximumSamples);
    }
    this.latest.value = stats;
    this.takenAtMs = atMs;
  }
}

export function sampleOf(before: Stats, now: Stats, beforeMs: number, nowMs: number): Sample {
  const seconds = Math.max(0.001, (nowMs - beforeMs) / 1000);
  // The broker knows over what time it has counted; one of an earlier version leaves it to be guessed.
  const rateOf = (name: keyof Counters) =>
    now.rates?.[name] ?? Math.max(0, now.counters[name] - before.counters[name]) / seconds;
  return {
    atSec: nowMs / 1000,
    connected: now.clients.connected,
    sleeping: now.clients.sleeping,
    receivedPerSec: rateOf("messagesReceived"),
    sentPerSec: rateOf("messagesSent"),
    droppedPerSec: rateOf("messagesDropped"),
    bytesPerSec: rateOf("bytesReceived") + rateOf("bytesSent"),
  };
}
