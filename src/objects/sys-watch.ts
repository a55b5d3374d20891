// `$SYS`: who watches it, and what they are told. The values are asked for by a topic object when somebody subscribes; from
// then on those that change are published by alarm, until nobody is left. While nobody watches, nothing happens here.

import type { BrokerStats } from "../core/directory/broker-stats.ts";
import { type Load, nextLoad } from "../core/directory/load.ts";
import { type SysValue, sysValuesOf } from "../core/directory/sys-topics.ts";
import { shardOf } from "../core/topic/shard.ts";
import type { NoteTable } from "./note-table.ts";
import { maximumWatchers } from "./sys-subscriptions.ts";

const note = "watch";

/** Kept through the sleep between two rounds, which an object that waits for an alarm has. */
type Watch = {
  /** Topic objects with subscriptions to `$SYS`. */
  readonly shards: readonly number[];
  /** Whose subscriptions they are, as far as they were told: `maximumWatchers` at most. */
  readonly clientIds: readonly string[];
  /** There are more, so that any client may be one. */
  readonly isMany?: boolean | undefined;
  /** An alarm is set. */
  readonly isOn: boolean;
  readonly load: Load | undefined;
  /** The values that were published last, by topic. */
  readonly published: Readonly<Record<string, string>>;
};

const nobody: Watch = { shards: [], clientIds: [], isOn: false, load: undefined, published: {} };

export type SysWatchHandlers = {
  readonly version: string;
  readonly topicShards: number;
  /** How often to publish what has changed; 0 for never. */
  readonly intervalSec: number;
  readonly stats: () => Promise<BrokerStats>;
  /** @returns whose subscriptions to `$SYS` there are at this shard */
  readonly publish: (shard: number, values: readonly SysValue[]) => Promise<readonly string[]>;
  readonly isConnected: (clientId: string) => boolean;
  readonly isAnyConnected: () => boolean;
  readonly setAlarm: (atMs: number) => void;
};

export class SysWatch {
  private readonly notes: NoteTable;
  private readonly handlers: SysWatchHandlers;
  private known: Watch | undefined;
  /** When the next round is, in milliseconds since 1970; 0 while that is for the alarm of an earlier start. */
  private dueAtMs = 0;

  constructor(notes: NoteTable, handlers: SysWatchHandlers) {
    this.notes = notes;
    this.handlers = handlers;
  }

  private get watch(): Watch {
    this.known ??= this.notes.read<Watch>(note) ?? nobody;
    return this.known;
  }

  /** Whether an alarm is to come. */
  get isOn(): boolean {
    return this.watch.isOn;
  }

  /** The object has started, and the platform has no alarm for it. */
  goOn(): void {
    this.begin(this.watch);
  }

  /** A topic object has a new subscription to `$SYS`. @returns the present values of its topics */
  async subscribe(shard: number): Promise<SysValue[]> {
    const values = await this.values();
    if (this.handlers.intervalSec > 0) this.add(shard, values);
    return values.filter(({ topicName }) => this.shardOf(topicName) === shard);
  }

  /** One that watches, and was away, may be back. */
  onConnected(clientId: string): void {
    const { isOn, clientIds, isMany } = this.watch;
    if (!isOn && (isMany || clientIds.includes(clientId))) this.begin({ ...this.watch, isOn: true });
  }

  /** The alarm: publishes what has changed, and goes on while anybody is there to see it. */
  async onAlarm(): Promise<void> {
    if (!this.watch.isOn) return;
    const values = await this.values();
    const { published } = this.watch;
    const changed = values.filter(({ topicName, text }) => published[topicName] !== text);
    const { shards, clientIds, isMany } = await this.publish(changed);
    const isOn = isMany ? this.handlers.isAnyConnected() : clientIds.some(this.handlers.isConnected);
    const next = { ...this.watch, shards, clientIds, isMany, isOn, published: textsOf(values) };
    if (isOn) this.begin(next);
    else this.put(shards.length === 0 ? nobody : next);
  }

  private async publish(changed: readonly SysValue[]): Promise<Pick<Watch, "shards" | "clientIds" | "isMany">> {
    const { shards, clientIds } = this.watch;
    const watchers = await Promise.all(
      shards.map((shard) => {
        const values = changed.filter(({ topicName }) => this.shardOf(topicName) === shard);
        // One that cannot be reached has those that it had.
        return this.handlers.publish(shard, values).catch(() => clientIds);
      }),
    );
    const all = new Set(watchers.flat());
    return {
      // Others may have come meanwhile.
      shards: this.watch.shards.filter((shard) => watchers[shards.indexOf(shard)]?.length !== 0),
      clientIds: [...all].slice(0, maximumWatchers),
      isMany: all.size > maximumWatchers,
    };
  }

  private async values(): Promise<SysValue[]> {
    const stats = await this.handlers.stats();
    const load = nextLoad(this.watch.load, stats.totals.counts, stats.atMs);
    this.known = { ...this.watch, load };
    return sysValuesOf(stats, load, this.handlers.version);
  }

  private add(shard: number, values: readonly SysValue[]): void {
    const { watch } = this;
    const { shards, isOn } = watch;
    // An alarm whose handler failed too often was given up by the platform.
    const isAlive = Date.now() <= this.dueAtMs + this.handlers.intervalSec * 1000;
    if (isOn && shards.includes(shard) && isAlive) return;
    // Whoever watches already has the values that were published; the first has these.
    const published = shards.length === 0 ? textsOf(values) : watch.published;
    const next = { ...watch, shards: [...new Set([...shards, shard])], isOn: true, published };
    if (isOn && isAlive) this.put(next);
    else this.begin(next);
  }

  private begin(watch: Watch): void {
    this.put(watch);
    this.dueAtMs = Date.now() + this.handlers.intervalSec * 1000;
    this.handlers.setAlarm(this.dueAtMs);
  }

  private put(watch: Watch): void {
    this.known = watch;
    this.notes.put(note, watch);
  }

  private shardOf(topicName: string): number {
    return shardOf(topicName, this.handlers.topicShards);
  }
}

function textsOf(values: readonly SysValue[]): Record<string, string> {
  return Object.fromEntries(values.map(({ topicName, text }) => [topicName, text]));
}
