// `$SYS`: who watches it, and which values are published. A topic object asks for the values when somebody subscribes. From
// then on an alarm publishes those that have changed, until nobody watches. While nobody watches, nothing happens here.

import type { BrokerStats } from "../../core/directory/broker-stats.ts";
import { type Load, nextLoad } from "../../core/directory/load.ts";
import { type SysValue, sysValuesOf } from "../../core/directory/sys-topics.ts";
import { shardOf } from "../../core/topic/shard.ts";
import { maximumWatchers } from "../topic/sys-subscriptions.ts";
import type { NoteTable } from "./note-table.ts";

const note = "watch";

/** Stored, because the object may sleep while it waits for the alarm of the next round. */
type Watch = {
  /** Topic objects with subscriptions to `$SYS`. */
  readonly shards: readonly number[];
  /** The clients with these subscriptions, as far as topic objects have reported them: at most `maximumWatchers`. */
  readonly clientIds: readonly string[];
  /** Whether there are more, so that any client may be a watcher. */
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
  /** @returns the clients with subscriptions to `$SYS` at this shard */
  readonly publish: (shard: number, values: readonly SysValue[]) => Promise<readonly string[]>;
  readonly isConnected: (clientId: string) => boolean;
  readonly isAnyConnected: () => boolean;
  readonly setAlarm: (atMs: number) => void;
};

export class SysWatch {
  private readonly notes: NoteTable;
  private readonly handlers: SysWatchHandlers;
  private known: Watch | undefined;
  /** When the next round is, in milliseconds since 1970; 0 if the alarm is from an earlier start. */
  private dueAtMs = 0;

  constructor(notes: NoteTable, handlers: SysWatchHandlers) {
    this.notes = notes;
    this.handlers = handlers;
  }

  private get watch(): Watch {
    this.known ??= this.notes.read<Watch>(note) ?? nobody;
    return this.known;
  }

  /** Whether an alarm should be set. */
  get isOn(): boolean {
    return this.watch.isOn;
  }

  /** To be called when the object has started and the platform has no alarm for it. */
  goOn(): void {
    this.begin(this.watch);
  }

  /** A topic object has a new subscription to `$SYS`. @returns the present values of its topics */
  async subscribe(shard: number): Promise<SysValue[]> {
    const values = await this.values();
    if (this.handlers.intervalSec > 0) this.add(shard, values);
    return values.filter(({ topicName }) => this.shardOf(topicName) === shard);
  }

  /** The client may be a watcher that was away, and has missed what was published meanwhile. */
  onConnected(clientId: string): void {
    const { isOn, clientIds, isMany, published } = this.watch;
    const isKnown = clientIds.includes(clientId);
    // The next round publishes every value again. Among too many watchers somebody always comes back: they do without.
    const next = isKnown ? { ...this.watch, published: {} } : this.watch;
    if (!isOn && (isMany || isKnown)) this.begin({ ...next, isOn: true });
    else if (isKnown && Object.keys(published).length > 0) this.put(next);
  }

  /** The alarm: publishes what has changed, and goes on while anybody is there to see it. */
  async onAlarm(): Promise<void> {
    if (!this.watch.isOn) return;
    const values = await this.values();
    const { published } = this.watch;
    const changed = values.filter(({ topicName, text }) => published[topicName] !== text);
    const { shards, clientIds, isMany } = await this.publish(changed);
    const isOn = isMany ? this.handlers.isAnyConnected() : clientIds.some(this.handlers.isConnected);
    // A watcher may have come back meanwhile.
    const isReset = this.watch.published !== published;
    const latest = isReset ? this.watch.published : textsOf(values);
    const next = { ...this.watch, shards, clientIds, isMany, isOn, published: latest };
    if (isOn) this.begin(next);
    else this.put(shards.length === 0 ? nobody : next);
  }

  private async publish(changed: readonly SysValue[]): Promise<Pick<Watch, "shards" | "clientIds" | "isMany">> {
    const { shards, clientIds } = this.watch;
    const watchers = await Promise.all(
      shards.map((shard) => {
        const values = changed.filter(({ topicName }) => this.shardOf(topicName) === shard);
        // A shard that cannot be reached keeps the watchers that are known.
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
    // The platform may have given up an alarm whose handler failed too often.
    const isAlive = Date.now() <= this.dueAtMs + this.handlers.intervalSec * 1000;
    if (isOn && shards.includes(shard) && isAlive) return;
    // Earlier watchers have the values that were published. If this is the first watcher, it has these.
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
