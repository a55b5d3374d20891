// Durable sessions that are all cut off at once, as by a deploy. Their clients come back at the same time and without
// back-off. Measures how long that takes, what it costs in calls between objects, and whether anything is lost.

import { countingBundle, readCounts } from "../../tools/cost/counts.ts";
import { Changes } from "../crash/changes.ts";
import { Client } from "../crash/client.ts";
import { type CrashingServer, startCrashingServer } from "../crash/crashing-server.ts";
import type { Path } from "../support/broker.ts";
import { Sleeper } from "./sleeper.ts";

export type StormReport = {
  readonly sessions: number;
  /** From the moment at which the server can be reached again, in the order in which they came. */
  readonly resumedSec: readonly number[];
  readonly heardSec: readonly number[];
  readonly queued: number;
  readonly lost: readonly string[];
  /** Calls of all objects since the crash, by "caller to binding.method". */
  readonly calls: Readonly<Record<string, number>>;
};

const paths: readonly Path[] = ["native WebSocket", "relayed WebSocket"];
const queuedPerSession = 5;
const patienceMs = 120_000;
const probeAfterMs = 10;

/** @throws {Error} when a client does not come back */
export async function run(sessions: number): Promise<StormReport> {
  const server = await startCrashingServer({}, await countingBundle());
  const sleepers = Array.from({ length: sessions }, (_, index) => sleeper(server, index));
  const publisher = new Publisher(server);
  try {
    for (const { client } of sleepers) client.start();
    await Promise.all(sleepers.map((each) => each.subscribed(patienceMs)));
    await publisher.connected();
    const holders = sleepers.filter(({ acknowledges }) => !acknowledges);
    const queued = holders.flatMap((holder) => payloadsOf(holder).map((payload) => ({ holder, payload })));
    for (const { holder, payload } of queued) publisher.publish(ownTopic(holder), payload);
    await publisher.acknowledged();

    await cutOff(server, [...sleepers.map(({ client }) => client), publisher.client]);
    const startMs = performance.now();
    for (const each of sleepers) {
      each.acknowledges = true;
      each.heardAtMs.clear();
      each.client.start();
    }
    await Promise.all(sleepers.map((each) => each.resumed(patienceMs)));
    await publisher.connected();
    publisher.publish("storm/all", "again");
    await Promise.all(sleepers.map((each) => each.heard("again", patienceMs)));
    const isLost = ({ holder, payload }: (typeof queued)[number]) => !holder.heardAtMs.has(payload);
    const secondsOf = (times: readonly number[]) => times.map((ms) => (ms - startMs) / 1000).sort((a, b) => a - b);
    return {
      sessions,
      resumedSec: secondsOf(sleepers.map(({ resumedAtMs }) => resumedAtMs ?? Number.NaN)),
      heardSec: secondsOf(sleepers.map(({ heardAtMs }) => heardAtMs.get("again") ?? Number.NaN)),
      queued: queued.length,
      lost: queued.filter(isLost).map(({ payload }) => payload),
      calls: (await readCounts(server.http)).calls,
    };
  } finally {
    for (const { client } of [...sleepers, publisher]) client.vanish();
    await server.close();
  }
}

/** Both versions on both paths; every fourth holds on to what it gets. */
function sleeper(server: CrashingServer, index: number): Sleeper {
  const clientId = `sleeper-${index}`;
  const path = paths[index % 2] as Path;
  const options = { clientId, path, version: index % 4 < 2 ? 4 : 5, connackWithinMs: patienceMs } as const;
  const filters = ["storm/all", `storm/own/${clientId}`, `storm/+/of/${index % 10}`];
  return new Sleeper(server, options, filters, index % 4 !== 3);
}

const ownTopic = ({ client }: Sleeper) => `storm/own/${client.options.clientId}`;

function payloadsOf({ client }: Sleeper): string[] {
  return Array.from({ length: queuedPerSession }, (_, index) => `${client.options.clientId} ${index}`);
}

/** Resolves when all connections are lost and the server is there again; nobody has come back. */
async function cutOff(server: CrashingServer, clients: readonly Client[]): Promise<void> {
  for (const client of clients) client.giveUp();
  await server.crash();
  await Promise.all(clients.map((client) => client.cutOff()));
  for (;;) {
    const isThere = await readCounts(server.http).then(
      () => true,
      () => false,
    );
    if (isThere) return;
    await new Promise((resolve) => setTimeout(resolve, probeAfterMs));
  }
}

class Publisher {
  readonly client: Client;
  #unacknowledged = 0;
  #sent = 0;
  readonly #changes = new Changes();

  constructor(server: CrashingServer) {
    const options = { clientId: "publisher", path: "native WebSocket", version: 5 } as const;
    this.client = new Client(server, options, {
      onConnected: () => {},
      onPacket: ({ cmd }) => {
        if (cmd === "puback") this.#unacknowledged -= 1;
        this.#changes.happened();
      },
    });
  }

  async connected(): Promise<void> {
    this.client.start();
    await this.client.connected(patienceMs);
  }

  publish(topic: string, payload: string): void {
    this.#sent += 1;
    this.#unacknowledged += 1;
    this.client.send({ cmd: "publish", topic, payload, qos: 1, dup: false, retain: false, messageId: this.#sent });
  }

  async acknowledged(): Promise<void> {
    if (await this.#changes.until(() => this.#unacknowledged === 0, patienceMs)) return;
    throw new Error(`${this.#unacknowledged} messages are not acknowledged`);
  }
}
