// Turns the broker's counts into the rates that charts show. Old rates are dropped. The last counts stay while the
// broker does not answer.

import { signal } from "@preact/signals";
import type { Counters, Stats } from "../api/resources.ts";

/** `null` is a gap: the broker did not answer. */
export type Sample = {
  readonly atSec: number;
  readonly connected: number | null;
  readonly sleeping: number | null;
  readonly receivedPerSec: number | null;
  readonly sentPerSec: number | null;
  readonly droppedPerSec: number | null;
  readonly bytesPerSec: number | null;
};

export type Latest = { readonly stats: Stats; readonly atMs: number };

/** An hour, asked every five seconds. */
const maximumSamples = 720;

export class StatsHistory {
  readonly samples = signal<readonly Sample[]>([]);
  readonly latest = signal<Latest | undefined>(undefined);
  /** Why the broker did not answer the last time; empty if it did. */
  readonly fault = signal("");

  take(stats: Stats, atMs: number): void {
    const before = this.latest.value;
    if (before !== undefined) this.add(sampleOf(before.stats, stats, before.atMs, atMs));
    this.latest.value = { stats, atMs };
    this.fault.value = "";
  }

  /** Called if the broker did not answer: the charts get one gap for the whole time. */
  miss(fault: string, atMs: number): void {
    if (this.fault.value === "" && this.samples.value.length > 0) this.add({ ...gap, atSec: atMs / 1000 });
    this.fault.value = fault;
  }

  private add(sample: Sample): void {
    this.samples.value = [...this.samples.value, sample].slice(-maximumSamples);
  }
}

const gap = {
  connected: null,
  sleeping: null,
  receivedPerSec: null,
  sentPerSec: null,
  droppedPerSec: null,
  bytesPerSec: null,
};

export function sampleOf(before: Stats, now: Stats, beforeMs: number, nowMs: number): Sample {
  const seconds = Math.max(0.001, (nowMs - beforeMs) / 1000);
  // The broker says over what time it has counted. An older version does not, so the time is estimated.
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
