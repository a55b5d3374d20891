// One run: publishers and subscribers with sessions that outlive their connections, under load, and workerd killed again
// and again at moments that the seed decides. In the end everything acknowledged has to be where it belongs.

import { Random } from "../support/random.ts";
import { passed } from "../support/time.ts";
import * as cast from "./cast.ts";
import { Client } from "./client.ts";
import { type CrashingServer, startCrashingServer } from "./crashing-server.ts";
import { judge, type Receiver, type Topic, type Verdict } from "./ledger.ts";
import { hasSession, type Mortal, sendMortals } from "./mortals.ts";
import { Publisher } from "./publisher.ts";
import type { Report } from "./report.ts";
import { findOldRetained, lastAcknowledged } from "./retained.ts";
import { Subscriber } from "./subscriber.ts";

export type RunOptions = {
  readonly rounds: number;
  readonly seed: number;
  /** The most messages of each publisher per round, because subscribers that were away must catch up. */
  readonly messagesPerRound: number;
  readonly onRound?: (round: number) => void;
};

/** Load between the return of the clients and the next crash. */
const loadMs = { least: 20, most: 2_000 };
/** Now and then another crash follows, while clients are just coming back. */
const secondCrash = { probability: 0.25, leastMs: 0, mostMs: 400 };
/** The share of the clients that come and go that leaves before a crash; the others return late after it. */
const awayProbability = 0.4;
const recoverWithinMs = 30_000;
/** A Will that did not get through is tried again after 15 s, and what a topic object owes after 5 s. */
const quietWithinMs = 40_000;
const quietPollMs = 100;
/** Only a run of so many rounds lasts longer than a session takes to notice that a crash took its relayed client. */
const roundsForRelayedMortals = 40;
/** The queue holds more than a subscriber misses while it is away. */
const variables = { TOPIC_SHARDS: "2", MAXIMUM_QUEUED_MESSAGES: "60000" };

const endTopic = "end";

/** @throws {Error} when the server or a client does not come back in time */
export async function run({ rounds, seed, messagesPerRound, onRound = () => {} }: RunOptions): Promise<Report> {
  const startMs = performance.now();
  const server = await startCrashingServer(variables);
  const scene = new Scene(server, new Random(seed, 0), messagesPerRound);
  try {
    await scene.begin();
    for (let round = 1; round <= rounds; round += 1) {
      await scene.round(round, round === 1 && rounds >= roundsForRelayedMortals);
      onRound(round);
    }
    await scene.untilQuiet();
    return { seed, rounds, seconds: (performance.now() - startMs) / 1000, ...scene.findings() };
  } finally {
    scene.end();
    await server.close();
  }
}

class Scene {
  readonly #server: CrashingServer;
  readonly #random: Random;
  readonly #messagesPerRound: number;
  readonly #publishers: readonly Publisher[];
  readonly #parts: readonly { readonly part: cast.Part; readonly subscriber: Subscriber }[];
  readonly #mortals: Mortal[] = [];
  readonly #recoverySec: number[] = [];
  readonly #oldRetained: string[] = [];
  readonly #notExpired: string[] = [];
  readonly #faults: string[] = [];
  #retained = 0;
  #crashes = 0;

  constructor(server: CrashingServer, random: Random, messagesPerRound: number) {
    this.#server = server;
    this.#random = random;
    this.#messagesPerRound = messagesPerRound;
    this.#publishers = cast.publishers.map((options) => new Publisher(server, options));
    this.#parts = [...cast.subscribers, ...cast.members, cast.mourner].map((part) => {
      return { part, subscriber: new Subscriber(server, { ...part, filters: [...part.filters, endTopic] }) };
    });
  }

  get #subscribers(): Subscriber[] {
    return this.#parts.map(({ subscriber }) => subscriber);
  }

  get #clients(): Client[] {
    return [...this.#publishers, ...this.#subscribers].map(({ client }) => client);
  }

  async begin(): Promise<void> {
    const subscribed = await Promise.all(this.#subscribers.map((subscriber) => subscriber.start(recoverWithinMs)));
    if (subscribed.includes(false)) throw new Error("a subscriber does not get its SUBACK");
    for (const { client } of this.#publishers) client.start();
    await this.#connected();
  }

  async round(round: number, withRelayedMortals: boolean): Promise<void> {
    const guests = this.#parts.filter(({ part }) => part.comesAndGoes).map(({ subscriber }) => subscriber.client);
    const leaving = guests.filter(() => this.#random.chance(awayProbability));
    await Promise.all(leaving.map((client) => client.leave()));
    this.#mortals.push(...(await sendMortals(this.#server, round, withRelayedMortals)));
    for (const publisher of this.#publishers) publisher.publish(this.#messagesPerRound);
    await passed(this.#random.between(loadMs.least, loadMs.most));
    const kept = lastAcknowledged(this.#publishers);
    // Some of the clients that were connected come back only after others have.
    const late = guests.filter((client) => client.isWanted && this.#random.chance(awayProbability));
    for (const client of late) client.giveUp();
    await this.#crash();
    if (this.#random.chance(secondCrash.probability)) {
      await this.#publishers[0]?.client.connected(recoverWithinMs);
      await passed(this.#random.between(secondCrash.leastMs, secondCrash.mostMs));
      await this.#crash();
    }
    const crashedMs = performance.now();
    await this.#connected();
    this.#recoverySec.push((performance.now() - crashedMs) / 1000);
    this.#retained += kept.length;
    this.#oldRetained.push(...(await findOldRetained(this.#server, kept, round)));
    for (const client of [...leaving, ...late]) client.start();
    await this.#connected();
  }

  async #crash(): Promise<void> {
    await this.#server.crash();
    this.#crashes += 1;
    // Not to take a connection that has died for one to the server that is back.
    await Promise.all(this.#clients.map((client) => client.cutOff()));
  }

  /** All but those that are away. */
  async #connected(): Promise<void> {
    const wanted = this.#clients.filter(({ isWanted }) => isWanted);
    await Promise.all(wanted.map((client) => client.connected(recoverWithinMs)));
  }

  /** Publishers end what they have begun, subscribers get what is theirs, and time does the rest. */
  async untilQuiet(): Promise<void> {
    for (const publisher of this.#publishers) {
      const { clientId } = publisher.client.options;
      if (!(await publisher.finish(quietWithinMs))) this.#faults.push(`${clientId} gets no acknowledgement`);
      if (publisher.refused > 0) this.#faults.push(`${clientId} was refused ${publisher.refused} messages`);
    }
    const endMs = performance.now() + quietWithinMs;
    const isMissing = () => [this.#load(), this.#wills()].some(({ lost }) => lost.length > 0);
    while (isMissing() && performance.now() < endMs) await passed(quietPollMs);
    // What is on its way still, doubled, arrives before this.
    const end = await sendEnd(this.#server);
    for (const subscriber of this.#subscribers) {
      const { clientId } = subscriber.options;
      if (!(await subscriber.has([endTopic], quietWithinMs))) this.#faults.push(`${clientId} does not hear the end`);
    }
    await end.leave();
    for (const mortal of this.#mortals.filter(({ expires }) => expires)) {
      if (await hasSession(this.#server, mortal)) this.#notExpired.push(mortal.topic.name);
    }
    for (const { client, sessionsLost } of [...this.#publishers, ...this.#subscribers]) {
      if (sessionsLost > 0) this.#faults.push(`${client.options.clientId} did not find its session`);
    }
  }

  findings(): Omit<Report, "seed" | "rounds" | "seconds"> {
    const topics = this.#publishers.flatMap((publisher) => publisher.topics);
    const acknowledgedAt = (qos: 1 | 2) =>
      topics
        .filter((topic) => topic.qos === qos)
        .reduce((sum, { isAcknowledged }) => sum + isAcknowledged.filter(Boolean).length, 0);
    return {
      crashes: this.#crashes,
      acknowledged: { qos1: acknowledgedAt(1), qos2: acknowledgedAt(2) },
      load: this.#load(),
      wills: this.#wills(),
      oldRetained: this.#oldRetained,
      retained: this.#retained,
      expired: this.#mortals.filter(({ expires }) => expires).length - this.#notExpired.length,
      notExpired: this.#notExpired,
      faults: this.#faults,
      recoverySec: this.#recoverySec,
    };
  }

  /** Ends all clients, whatever has happened. */
  end(): void {
    for (const client of [...this.#clients, ...this.#mortals.map(({ client }) => client)]) client.vanish();
  }

  #load(): Verdict {
    const topics = this.#publishers.flatMap((publisher) => publisher.topics);
    return judge(topics, [...this.#receivers(cast.subscribers), this.#group()]);
  }

  #wills(): Verdict {
    const topics: Topic[] = this.#mortals.map(({ topic }) => topic);
    return judge(topics, this.#receivers([cast.mourner]));
  }

  #receivers(parts: readonly cast.Part[]): Receiver[] {
    return this.#parts
      .filter(({ part }) => parts.includes(part))
      .map(({ part: { clientId, qos, wants }, subscriber: { tally } }) => {
        return { name: clientId, qos, wants, tallies: [tally] };
      });
  }

  /** The members of the shared subscription. */
  #group(): Receiver {
    const receivers = this.#receivers(cast.members);
    const { qos, wants } = receivers[0] as Receiver;
    return { name: "group", qos, wants, tallies: receivers.flatMap(({ tallies }) => tallies) };
  }
}

/** A message to every subscriber, behind all others. */
async function sendEnd(server: CrashingServer): Promise<Client> {
  const client = new Client(
    server,
    { clientId: "end", version: 5, path: "native WebSocket" },
    { onConnected: () => {}, onPacket: () => {} },
  );
  client.start();
  await client.connected(recoverWithinMs);
  client.send({ cmd: "publish", topic: endTopic, payload: "0", qos: 1, dup: false, retain: false, messageId: 1 });
  return client;
}
