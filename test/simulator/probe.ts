// A client that comes at the very end. It publishes to every topic, so that shards find the subscriptions of ended
// sessions, and asks for everything that is retained.

import { Client } from "./client.ts";
import type { Profile } from "./client-packets.ts";
import { allTopicNames, sharedTopicNames } from "./workload.ts";
import type { World } from "./world.ts";

const profile: Omit<Profile, "namespace"> = {
  clientId: "probe",
  version: 5,
  isRelayed: true,
  keepAliveSec: 60,
  expirySec: 0,
  receiveMaximum: 100,
  topicAliasMaximum: 0,
  slownessMs: 1,
};

/** What this client publishes may find a queue full, and be owed: it is tried again after five minutes at the latest. */
const owedWithinMs = 400_000;

export class Probe {
  readonly #client: Client;
  readonly topicNames: readonly string[];

  constructor(world: World, namespace: string) {
    this.#client = new Client(world, { ...profile, namespace });
    const clientIds = world.platform
      .hostsOf(namespace)
      .filter(({ kind }) => kind === "session")
      .map(({ name }) => name.slice(namespace.length + 1));
    this.topicNames = [...allTopicNames, ...clientIds.flatMap((clientId) => [`r/${clientId}`, `w/${clientId}`])];
  }

  /** @returns the retained messages: payload by topic name */
  async ask(pass: (milliseconds: number) => Promise<void>): Promise<ReadonlyMap<string, string>> {
    this.#client.connect({ cleanStart: true, will: undefined });
    await pass(1_000);
    for (const topicName of this.topicNames) this.#client.publish(topicName, 1);
    // Often enough for every member of a shared subscription to have its turn.
    for (const topicName of sharedTopicNames.flatMap((each) => new Array<string>(10).fill(each))) {
      this.#client.publish(topicName, 1);
    }
    await pass(100_000);
    this.#client.subscribe("#", 1);
    await pass(10_000);
    const { session } = this.#client;
    const retained = (session?.life.receipts ?? []).filter((receipt) => receipt.retain);
    this.#client.disconnect();
    await pass(owedWithinMs);
    return new Map(retained.map(({ topicName, payload }) => [topicName, payload]));
  }
}
