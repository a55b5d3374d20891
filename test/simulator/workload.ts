// What clients do, as the seed decides: who there is, what each subscribes to and publishes, when it leaves, loses its
// connection and comes back.

import type { QoS } from "../../src/core/message/message.ts";
import type { Random } from "../support/random.ts";
import { Client } from "./client.ts";
import type { Profile, WillWish } from "./client-packets.ts";
import type { World } from "./world.ts";

const topicNames = ["a/1", "a/2", "b/1", "b/2"];
const plainFilters = ["a/1", "b/2", "a/+", "+/1", "a/#", "b/#", "#"];
const retainedFilters = ["r/#", "r/+"];
export const sharedTopicNames = ["s/1", "s/2/x"];
/** Granted any QoS; and QoS 2 alone, where a message has to come exactly once. */
const mixedGroup = "$share/g/s/1";
const strictGroup = "$share/h/s/2/+";
const sharedFilters = [mixedGroup, strictGroup];

export const allTopicNames = [...topicNames, ...sharedTopicNames];

/** How a client treats its session. */
type Habit =
  /** Keeps it to the end: what it was promised is judged. */
  | "keeps"
  /** Keeps it too, in a shared subscription, with nothing else. */
  | "shares"
  /** Ends it with every connection. */
  | "visits"
  /** Outlives its connections for a while; starts a new session now and then, and is away at the end. */
  | "drifts";

const habits: readonly Habit[] = ["keeps", "keeps", "shares", "shares", "visits", "drifts"];

/** The pace of a client that only checks whether it is still connected. */
const quietPaceMs = 15_000;

export class Actor {
  readonly client: Client;
  readonly habit: Habit;
  readonly #world: World;
  readonly #random: Random;
  readonly #filters: readonly string[];
  readonly #paceMs: number;

  constructor(world: World, number: number, namespace: string) {
    this.#world = world;
    this.#random = world.workload;
    this.habit = world.features.groups ? "shares" : (habits[number] ?? this.#random.pick(habits));
    this.client = new Client(world, this.#profile(namespace, `${this.habit}${number}`));
    this.#filters = this.#chosenFilters();
    this.#paceMs = this.#random.pick([200, 500, 2_000]);
  }

  /** Does something, and again after a while, as long as the run is not over. */
  live(paceMs = this.#paceMs): void {
    this.#world.clock.after(this.#random.between(1, paceMs * 2), undefined, () => {
      if (this.#world.phase === "over") return;
      if (this.#world.phase === "eventful") {
        this.#act();
        this.live();
      } else {
        this.live(this.#comeBack() && !this.#world.hasFullDisk ? this.#paceMs : quietPaceMs);
      }
    });
  }

  #act(): void {
    const { client } = this;
    if (!client.isBusy) {
      if (this.#random.chance(0.3)) this.#connect();
    } else if (client.isConnected) {
      this.#doSomething();
    } else if (this.#random.chance(0.02)) {
      this.#connect();
    }
  }

  /**
   * Once faults have stopped, clients that come back do so, and publish no more.
   * @returns whether there was, or may soon be, anything to do
   */
  #comeBack(): boolean {
    const { client } = this;
    const staysAway = this.habit === "drifts" || this.habit === "visits";
    if (staysAway) {
      if (client.isConnected) client.disconnect({ withWill: this.#random.chance(0.3) });
      return client.isBusy;
    }
    if (!client.isBusy) this.#connect();
    return !client.isConnected || this.#subscribeToMissing();
  }

  #doSomething(): void {
    const { client } = this;
    const random = this.#random;
    if (this.#subscribeToMissing()) return;
    const dice = random.next();
    if (dice < 0.7) this.#publishSome();
    else if (dice < 0.76) this.#subscribe(random.pick(this.#filters));
    else if (dice < 0.8) this.#unsubscribe();
    else if (dice < 0.83) this.#connect();
    else if (dice < 0.87) client.disconnect({ withWill: random.chance(0.3), endsSession: this.#mayEnd(0.3) });
    else if (dice < 0.89) client.link?.cut();
  }

  #connect(): void {
    const random = this.#random;
    const will: WillWish = { qos: this.#qos(), delaySec: random.pick([0, 0, 5, 60]), retain: random.chance(0.2) };
    this.client.connect({ cleanStart: this.#mayEnd(0.2), will: random.chance(0.6) ? will : undefined });
  }

  #publishSome(): void {
    const random = this.#random;
    const { client } = this;
    const { clientId } = client.profile;
    const isForGroups = this.#world.features.groups;
    const topicName = random.pick(isForGroups ? sharedTopicNames : [...topicNames, ...sharedTopicNames, "r"]);
    const isFull = (client.session?.outgoing.size ?? 0) > 20;
    if (isFull) return;
    if (topicName === "r") {
      // One after the other: what is retained in the end is then known.
      const isOpen = [...(client.session?.outgoing.values() ?? [])].some(({ publication }) => publication.retain);
      if (!isOpen) client.publish(`r/${clientId}`, this.#qos(), { retain: true, isEmpty: random.chance(0.1) });
      return;
    }
    const qos = this.#qos();
    for (let count = random.pick([1, 1, 3, 8]); count > 0; count -= 1) {
      client.publish(topicName, qos, random.chance(0.05) ? { expirySec: random.between(1, 20) } : {});
    }
  }

  /** @returns whether there was anything to do */
  #subscribeToMissing(): boolean {
    const { session } = this.client;
    const isMissing = (filter: string) => !session?.granted.has(filter) || session.uncertain.has(filter);
    const missing = this.#filters.find((filter) => isMissing(filter) && !session?.isChanging(filter));
    if (missing === undefined) return false;
    this.#subscribe(missing);
    return true;
  }

  #subscribe(topicFilter: string): void {
    const random = this.#random;
    const options = { rap: random.chance(0.3), rh: random.pick([0, 0, 1, 2]) };
    this.client.subscribe(topicFilter, topicFilter === strictGroup ? 2 : this.#qos(), options);
  }

  #unsubscribe(): void {
    if (this.habit !== "shares") this.client.unsubscribe(this.#random.pick(this.#filters));
  }

  #qos(): QoS {
    return this.#random.pick<QoS>([0, 1, 1, 2, 2]);
  }

  #mayEnd(probability: number): boolean {
    return this.habit === "drifts" && this.#random.chance(probability);
  }

  #chosenFilters(): readonly string[] {
    const random = this.#random;
    if (this.habit === "shares") return sharedFilters.filter((filter) => filter === strictGroup || random.chance(0.5));
    const filters = [...plainFilters, ...retainedFilters, "w/#"].filter(() => random.chance(0.3));
    if (this.habit === "keeps") return filters.length === 0 ? ["a/#"] : filters;
    return random.chance(0.3) ? [...filters, ...sharedFilters] : [...filters, "w/#"];
  }

  #profile(namespace: string, clientId: string): Profile {
    const random = this.#random;
    const version = this.habit === "drifts" ? 5 : random.pick<3 | 4 | 5>([3, 4, 5, 5, 5]);
    const expirySec = { keeps: 86_400, shares: 86_400, visits: 0, drifts: random.between(5, 300) }[this.habit];
    return {
      namespace,
      clientId,
      version,
      isRelayed: random.chance(0.4),
      keepAliveSec: random.pick([30, 60]),
      expirySec,
      receiveMaximum: random.pick([1, 2, 5, 100]),
      topicAliasMaximum: random.pick([0, 0, 3]),
      slownessMs: random.pick([1, 50, 1_000, 8_000]),
    };
  }
}
