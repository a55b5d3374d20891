// One run: a broker made of the real objects, its clients, and what goes wrong, all from one seed. First much happens;
// then faults stop, and what was promised has to become true.

import { Random } from "../support/random.ts";
import { checkMessages, checkRetained, checkWills } from "./checks.ts";
import { Clock } from "./clock.ts";
import { Faults } from "./faults.ts";
import { type FeatureName, type Features, featuresOf } from "./features.ts";
import { simulateGlobals } from "./globals.ts";
import { Guesthouse } from "./guesthouse.ts";
import { History, type Moments } from "./history.ts";
import type { Host } from "./host.ts";
import { GoneError, type Instance, SupersededError } from "./instance.ts";
import { type Bounds, brokenInvariant } from "./invariants.ts";
import { checkLeftovers, hasLateLeftovers } from "./leftovers.ts";
import { Listing } from "./listing.ts";
import { Platform } from "./platform.ts";
import { Probe } from "./probe.ts";
import { DiskError } from "./storage.ts";
import { Troubles } from "./troubles.ts";
import { WallClock } from "./wall-clock.ts";
import { Actor } from "./workload.ts";

export type RunOptions = {
  readonly seed: number;
  /** Gets a line for everything that happens. */
  readonly onTrace?: ((line: string) => void) | undefined;
  /** False for a platform that lets answers go before the disk has confirmed: to show that this is found. */
  readonly gatesOutput?: boolean | undefined;
  /** False for one that cuts transactions apart. */
  readonly hasTransactions?: boolean | undefined;
  /** False for one that lets an object write that another instance has taken the place of. */
  readonly fencesStorage?: boolean | undefined;
  /** False for a broker whose namespaces have their topics in common. */
  readonly separatesNamespaces?: boolean | undefined;
  /** The world has these features and no other; `undefined` if the seed is to choose. */
  readonly features?: readonly FeatureName[] | undefined;
};

/** "eventful": clients act and things go wrong; "settling": everything owed arrives. */
type Phase = "eventful" | "settling" | "over";

/** The longest that anything takes: tries of what is owed, at most five minutes apart, and expiring sessions. */
const settlingMs = 1_500_000;
/** Log lines of objects about the simulator's own troubles. */
const toldInTrouble =
  /DiskError|SupersededError|"event":"(a lane gave up|a login cannot be judged|a client cannot be judged again|a change has not reached all)/;
/** A broken connection is noticed by then: twice the longest keep alive, and the platform's patience with a call. */
const noticedWithinMs = 200_000;
/** Until every alarm has been given up that will be: see troubles.ts. */
const alarmsFailForMs = 500_000;
/** An object that a crash has left with rows of a session that is over finds them once a day. */
const lookedAfterMs = 90_000_000;

export class World {
  readonly clock = new Clock();
  readonly moments: Moments = { now: 0 };
  readonly namespaces: readonly string[];
  readonly platform: Platform;
  readonly workload: Random;
  readonly ids: Random;
  readonly faults: Faults;
  readonly gatesOutput: boolean;
  readonly hasTransactions: boolean;
  readonly fencesStorage: boolean;
  readonly separatesNamespaces: boolean;
  readonly features: Features;
  readonly wallClock: WallClock;
  readonly maximumInFlight: number;
  /** Objects are too busy to leave memory: what they believe of their alarms is never looked up again. */
  readonly isBusy: boolean;
  phase: Phase = "eventful";
  readonly #bounds: Bounds;
  readonly #histories = new Map<string, History>();
  readonly #topicShards: number;
  readonly #chance: Random;
  readonly #actors: readonly Actor[];
  readonly #guesthouse: Guesthouse | undefined;
  readonly #listings: readonly Listing[];
  readonly #troubles: Troubles;
  readonly #onTrace: ((line: string) => void) | undefined;
  readonly #startMs = this.clock.nowMs;
  #broken: string | undefined;
  #payloads = 0;
  #steppedAtMs = Number.NEGATIVE_INFINITY;

  constructor({
    seed,
    onTrace,
    gatesOutput = true,
    hasTransactions = true,
    fencesStorage = true,
    separatesNamespaces = true,
    features,
  }: RunOptions) {
    this.#onTrace = onTrace;
    this.gatesOutput = gatesOutput;
    this.hasTransactions = hasTransactions;
    this.fencesStorage = fencesStorage;
    this.separatesNamespaces = separatesNamespaces;
    this.features = featuresOf(new Random(seed, 5), features);
    this.wallClock = new WallClock(this.clock, new Random(seed, 6), this.features);
    this.workload = new Random(seed, 1);
    this.ids = new Random(seed, 2);
    this.#chance = new Random(seed, 3);
    this.faults = new Faults(new Random(seed, 4), this.features);
    const { groups, lostAlarms } = this.features;
    this.isBusy = lostAlarms && new Random(seed, 8).chance(0.5);
    this.#bounds = {
      maximumQueuedMessages: this.#chance.pick([10_000, 10_000, 10_000, groups ? 10_000 : 12]),
      maximumOwedMessages: this.#chance.pick([100_000, 100_000, 100_000, groups ? 100_000 : 15]),
    };
    this.maximumInFlight = this.#chance.pick([100, 4]);
    this.#topicShards = this.#chance.pick([1, 1, 2, 3]);
    this.platform = new Platform(this, {
      MAXIMUM_QUEUED_MESSAGES: this.#bounds.maximumQueuedMessages,
      MAXIMUM_OWED_MESSAGES: this.#bounds.maximumOwedMessages,
      MAXIMUM_IN_FLIGHT: this.maximumInFlight,
      TOPIC_SHARDS: this.#topicShards,
    });
    this.namespaces = this.features.namespaces ? ["default", "other"] : ["default"];
    this.#actors = this.namespaces.flatMap((namespace, index) => {
      const length = index === 0 ? this.#chance.between(4, 8) : this.#chance.between(2, 4);
      return Array.from({ length }, (_, number) => new Actor(this, number, namespace));
    });
    this.#listings = this.namespaces.map((namespace) => {
      const clients = this.#actors.map(({ client }) => client);
      const own = clients.filter(({ profile }) => profile.namespace === namespace);
      return new Listing(this, namespace, own);
    });
    this.#guesthouse = this.features.access ? new Guesthouse(this, new Random(seed, 7)) : undefined;
    this.#troubles = new Troubles(this.clock, this.#chance, this.faults, this.features, {
      hosts: () => this.platform.hosts,
      cutOne: () => this.#chance.pick(this.#actors).client.link?.cut(),
      stepClock: () => this.#stepClock(),
      loseMachine: () => {
        for (const host of this.platform.hosts) host.crash("crash of all");
        this.#stepClock();
      },
    });
    this.clock.onError = (error) => this.onUncaught(error);
    simulateGlobals(this);
  }

  /** @returns what was broken first; `undefined` for nothing */
  async run(): Promise<string | undefined> {
    for (const actor of this.#actors) actor.live();
    this.#guesthouse?.open();
    await this.#pass(this.#chance.between(0, this.features.access ? 15_000 : 3_000));
    this.trace("faults begin");
    this.faults.areOn = true;
    this.#troubles.begin();
    await this.#pass(this.#chance.between(5_000, 30_000));
    this.trace("faults end");
    this.faults.areOn = false;
    this.phase = "settling";
    if (this.features.lostAlarms) await this.#pass(alarmsFailForMs);
    await this.#untilQuiet();
    if (this.hasFullDisk) {
      // All the time nothing crashed for good. Now somebody makes room, and nothing was lost.
      for (const host of this.platform.hosts) host.makeRoom();
      await this.#untilQuiet();
    }
    for (const { client } of this.#actors) if (!client.isConnected) client.giveUp();
    this.#guesthouse?.close();
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
    return !this.hasRoomForAll || this.faults.failDisks || this.features.fullDisks;
  }

  /** For long, or for good. */
  get hasFullDisk(): boolean {
    return this.features.fullDisks && this.platform.hosts.some((host) => host.hasFullDisk);
  }

  sessionHost(namespace: string, clientId: string): Host {
    return this.platform.host("session", `${namespace}/${clientId}`);
  }

  historyOf(namespace: string): History {
    let history = this.#histories.get(namespace);
    if (history === undefined) {
      history = new History(this.moments);
      this.#histories.set(namespace, history);
    }
    return history;
  }

  /** Nothing has gone wrong so far: what is promised holds at once, and not only in the end. */
  get isCalm(): boolean {
    return this.platform.isCalm;
  }

  /** Whether these objects have been in reach, and their clocks right, since then. */
  wereInReach(hosts: readonly Host[], sinceMs: number): boolean {
    return this.#steppedAtMs < sinceMs && hosts.every(({ failedAtMs }) => failedAtMs < sinceMs);
  }

  /** @param line made only if somebody reads it */
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
  mayFail(host: Host, query: string): void {
    if (!host.refuses(query) && !this.faults.diskFails()) return;
    this.trace(`${host.label}: the disk fails at ${query}`);
    host.noteFailure();
    throw new DiskError("simulated");
  }

  /** An error that objects log: a bug of the broker, unless the simulator has made it up. */
  onConsole(line: string): void {
    this.trace(line);
    const isDeliberate = toldInTrouble.test(line);
    if (!isDeliberate && this.clock.running?.isAlive) this.violate(line.slice(0, 500));
  }

  /** An error that nobody has caught: an object that goes on after one has memory that nobody can vouch for. */
  onUncaught(error: unknown): void {
    // Code of an instance that is over may go on here, which the platform would have ended. Another may be running by now.
    if (error instanceof SupersededError || error instanceof GoneError) return;
    if (this.clock.running === undefined) throw error;
    if (this.clock.running.isAlive) this.violate(`goes on after ${(error as Error).stack}`);
  }

  #stepClock(): void {
    this.trace(`the clock is set by ${this.wallClock.step() / 1000} s`);
    this.#steppedAtMs = this.clock.nowMs;
  }

  async #pass(milliseconds: number): Promise<void> {
    await this.clock.pass(this.clock.nowMs + milliseconds, () => {
      this.moments.now += 1;
      return this.#broken === undefined;
    });
  }

  /** Everything gets its time. */
  async #untilQuiet(): Promise<void> {
    this.#wakeThoseWithoutAlarm();
    // Until whoever was cut off is taken for gone.
    await this.#pass(noticedWithinMs);
    const pass = (milliseconds: number) => this.#pass(milliseconds);
    if (!this.hasFullDisk) for (const listing of this.#listings) await listing.judge(pass);
    await this.#pass(settlingMs + this.wallClock.spreadMs);
  }

  /** The platform has given their alarms up: what they owe they find with their next event, whatever that is. */
  #wakeThoseWithoutAlarm(): void {
    for (const host of this.platform.hosts) {
      if (!host.hasLostAlarm) continue;
      this.trace(`${host.label}: any event`);
      this.clock.after(0, undefined, () => void host.receiveAnything().catch(() => {}));
    }
  }

  /** Call it when an object has done something. */
  checkAfter({ host }: Instance): void {
    const broken = brokenInvariant(host, this.#bounds);
    if (broken !== undefined) this.violate(broken);
  }

  async #judge(): Promise<void> {
    const asked = [];
    for (const namespace of this.namespaces) {
      const probe = new Probe(this, namespace);
      const retained = await probe.ask((milliseconds) => this.#pass(milliseconds));
      asked.push({ namespace, probe, retained });
    }
    if (this.#broken !== undefined) return;
    this.phase = "over";
    const clients = this.#actors.map(({ client }) => client);
    if (hasLateLeftovers(this.platform.hosts, clients)) await this.#pass(lookedAfterMs + this.wallClock.spreadMs);
    for (const { namespace, probe, retained } of asked) {
      const history = this.historyOf(namespace);
      const hosts = this.platform.hostsOf(namespace);
      const own = clients.filter(({ profile }) => profile.namespace === namespace);
      const wrong = [
        ...checkMessages(history),
        ...checkWills(history),
        ...checkRetained(history, retained),
        ...checkLeftovers(hosts, own, this.#topicShards, probe.topicNames),
      ];
      for (const each of wrong) this.violate(each);
    }
  }
}
