// One run: a broker made of the real objects, its clients, and what goes wrong, all from one seed. First much happens;
// then faults stop, and what was promised has to become true.

import { Random } from "../support/random.ts";
import { checkMessages, checkRetained, checkWills } from "./checks.ts";
import { Clock } from "./clock.ts";
import { Faults } from "./faults.ts";
import { simulateGlobals } from "./globals.ts";
import { History } from "./history.ts";
import type { Host } from "./host.ts";
import type { Instance } from "./instance.ts";
import { type Bounds, brokenInvariant } from "./invariants.ts";
import { checkLeftovers, hasLateLeftovers } from "./leftovers.ts";
import { Platform } from "./platform.ts";
import { Probe } from "./probe.ts";
import { DiskError } from "./storage.ts";
import { Actor } from "./workload.ts";

export type RunOptions = {
  readonly seed: number;
  /** Gets a line for everything that happens. */
  readonly onTrace?: ((line: string) => void) | undefined;
  /** False for a platform that lets answers go before the disk has confirmed: to show that this is found. */
  readonly gatesOutput?: boolean | undefined;
  /** False for one that cuts transactions apart. */
  readonly hasTransactions?: boolean | undefined;
};

/** "eventful": clients act and things go wrong; "settling": everything owed arrives. */
type Phase = "eventful" | "settling" | "over";

/** The longest that anything takes: tries of what is owed, at most five minutes apart, and expiring sessions. */
const settlingMs = 1_500_000;
/** An object that a crash has left with rows of a session that is over finds them once a day. */
const lookedAfterMs = 90_000_000;

export class World {
  readonly clock = new Clock();
  readonly history = new History();
  readonly platform: Platform;
  readonly workload: Random;
  readonly ids: Random;
  readonly faults: Faults;
  readonly gatesOutput: boolean;
  readonly hasTransactions: boolean;
  readonly maximumInFlight: number;
  phase: Phase = "eventful";
  readonly #bounds: Bounds;
  readonly #topicShards: number;
  readonly #chance: Random;
  readonly #actors: readonly Actor[];
  readonly #onTrace: ((line: string) => void) | undefined;
  readonly #startMs = this.clock.nowMs;
  #broken: string | undefined;
  #payloads = 0;

  constructor({ seed, onTrace, gatesOutput = true, hasTransactions = true }: RunOptions) {
    this.#onTrace = onTrace;
    this.gatesOutput = gatesOutput;
    this.hasTransactions = hasTransactions;
    this.workload = new Random(seed, 1);
    this.ids = new Random(seed, 2);
    this.#chance = new Random(seed, 3);
    this.faults = new Faults(new Random(seed, 4));
    this.#bounds = {
      maximumQueuedMessages: this.#chance.pick([10_000, 10_000, 10_000, 12]),
      maximumOwedMessages: this.#chance.pick([100_000, 100_000, 100_000, 15]),
    };
    this.maximumInFlight = this.#chance.pick([100, 4]);
    this.#topicShards = this.#chance.pick([1, 1, 2, 3]);
    this.platform = new Platform(this, {
      MAXIMUM_QUEUED_MESSAGES: this.#bounds.maximumQueuedMessages,
      MAXIMUM_OWED_MESSAGES: this.#bounds.maximumOwedMessages,
      MAXIMUM_IN_FLIGHT: this.maximumInFlight,
      TOPIC_SHARDS: this.#topicShards,
    });
    this.#actors = Array.from({ length: this.#chance.between(4, 8) }, (_, number) => new Actor(this, number));
    this.clock.onError = (error) => this.onUncaught(error);
    simulateGlobals(this);
  }

  /** @returns what was broken first; `undefined` for nothing */
  async run(): Promise<string | undefined> {
    for (const actor of this.#actors) actor.live();
    await this.#pass(this.#chance.between(0, 3_000));
    this.trace("faults begin");
    this.faults.areOn = true;
    this.#nowAndThen(this.faults.crashEveryMs, () => this.#crashOne());
    this.#nowAndThen(this.faults.cutEveryMs, () => this.#chance.pick(this.#actors).client.link?.cut());
    await this.#pass(this.#chance.between(5_000, 30_000));
    this.trace("faults end");
    this.faults.areOn = false;
    this.phase = "settling";
    await this.#pass(settlingMs);
    for (const { client } of this.#actors) if (!client.isConnected) client.giveUp();
    await this.#judge();
    return this.#broken;
  }

  /** Names a message like no other. */
  newPayload(clientId: string): { readonly payload: string; readonly number: number } {
    this.#payloads += 1;
    return { payload: `${clientId}:${this.#payloads}`, number: this.#payloads };
  }

  /** No queue gets full: what is acknowledged arrives, whatever version its publisher speaks. */
  get hasRoomForAll(): boolean {
    return Math.min(...Object.values(this.#bounds)) > 1_000;
  }

  /** A full queue, or a disk that fails, has a message refused. */
  get mayRefuse(): boolean {
    return !this.hasRoomForAll || this.faults.failDisks;
  }

  sessionHost(clientId: string): Host {
    return this.platform.host("session", `default/${clientId}`);
  }

  /** @param line made only where somebody reads it */
  trace(line: string | (() => string)): void {
    if (this.#onTrace === undefined) return;
    const at = ((this.clock.nowMs - this.#startMs) / 1000).toFixed(3).padStart(9);
    this.#onTrace(`${at} ${typeof line === "string" ? line : line()}`);
  }

  violate(what: string): void {
    this.trace(`BROKEN: ${what}`);
    this.#broken ??= what;
  }

  /** @throws {DiskError} where the disk is to fail */
  mayFail({ label }: Host, query: string): void {
    if (!this.faults.diskFails()) return;
    this.trace(`${label}: the disk fails at ${query}`);
    throw new DiskError("simulated");
  }

  /** What objects complain of: a mistake of the broker's, unless the simulator has made it up. */
  onConsole(line: string): void {
    this.trace(line);
    const isDeliberate = line.includes("DiskError") || line.includes('"event":"a lane gave up"');
    if (!isDeliberate && this.clock.running?.isAlive) this.violate(line.slice(0, 500));
  }

  /** An error that nobody has caught: an object that goes on after one has memory that nobody can vouch for. */
  onUncaught(error: unknown): void {
    if (this.clock.running === undefined) throw error;
    if (this.clock.running.isAlive) this.violate(`goes on after ${(error as Error).stack}`);
  }

  async #pass(milliseconds: number): Promise<void> {
    const endMs = this.clock.nowMs + milliseconds;
    do this.history.moment += 1;
    while (this.#broken === undefined && (await this.clock.step(endMs)));
  }

  #nowAndThen(everyMs: number, act: () => void): void {
    if (!Number.isFinite(everyMs)) return;
    this.clock.after(this.#chance.next() * 2 * everyMs, undefined, () => {
      if (!this.faults.areOn) return;
      act();
      this.#nowAndThen(everyMs, act);
    });
  }

  /** To be called when an object has done something. */
  checkAfter({ host }: Instance): void {
    const broken = brokenInvariant(host, this.#bounds);
    if (broken !== undefined) this.violate(broken);
  }

  #crashOne(): void {
    const { hosts } = this.platform;
    if (hosts.length > 0) this.#chance.pick(hosts).crash("crash");
  }

  async #judge(): Promise<void> {
    const probe = new Probe(this);
    const retained = await probe.ask((milliseconds) => this.#pass(milliseconds));
    if (this.#broken !== undefined) return;
    this.phase = "over";
    const clients = this.#actors.map(({ client }) => client);
    if (hasLateLeftovers(this.platform.hosts, clients)) await this.#pass(lookedAfterMs);
    const wrong = [
      ...checkMessages(this.history),
      ...checkWills(this.history),
      ...checkRetained(this.history, retained),
      ...checkLeftovers(this.platform.hosts, clients, this.#topicShards, probe.topicNames),
    ];
    for (const each of wrong) this.violate(each);
  }
}
