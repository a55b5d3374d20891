// The stage of a run: a counting server, and a namespace of its own in it, so that simultaneous runs do not count each
// other.

import { startServer } from "../local-server/server.ts";
import { alarmsBeyond } from "./bill.ts";
import { Client, type ClientOptions } from "./client.ts";
import { type Counts, countingBundle, difference, readCounts, type World } from "./counts.ts";

/** Alarms of a session that are further apart than this are rare: see `alarmsBeyond`. */
const rareAfterMs = 3_600_000;
/**
 * How long after an alarm a window begins: what the alarm started is over, and the PINGREQ half a keep alive later is
 * still to come.
 */
const afterAlarmMs = 15_000;

export type CountingServer = { readonly url: string; readonly world: World; close(): Promise<void> };

/** What was counted between two moments. */
export type Window = {
  readonly counts: Counts;
  /** See `alarmsBeyond`. */
  readonly rareAlarms: number;
  /** Milliseconds of the Worker's clock. */
  readonly ms: number;
};

/** Keeps its data in a temporary folder. */
export async function startCountingServer(world: World): Promise<CountingServer> {
  const server = await startServer({
    host: "127.0.0.1",
    port: 0,
    tcpPort: undefined,
    dataDir: undefined,
    // With a fast clock, the usual ten seconds would be too short for a busy machine.
    variables: { ALLOW_ANONYMOUS: "1", CONNECT_TIMEOUT_SEC: "60" },
    bundle: await countingBundle(world),
  });
  return { url: server.url, world, close: () => server.close() };
}

export class Stage {
  readonly #server: CountingServer;
  readonly #namespace: string;
  readonly #clients: Client[] = [];

  constructor(server: CountingServer, namespace: string) {
    this.#server = server;
    this.#namespace = namespace;
  }

  async connect(clientId: string, options: ClientOptions = {}): Promise<Client> {
    const { url, world } = this.#server;
    const address = `${url.replace("http", "ws")}/ns/${this.#namespace}/mqtt`;
    const client = await Client.connect(address, clientId, options, world.clockRate);
    this.#clients.push(client);
    return client;
  }

  /** @param ms of the Worker's clock */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, ms / this.#server.world.clockRate));
  }

  /**
   * Sleeps for this time, and then until just after the session's next alarm, if it has one. So the time between two
   * such moments has whole periods of whatever repeats.
   */
  async sleepToAlarm(ms: number): Promise<void> {
    await this.sleep(ms);
    const { nowMs, pendingAlarms } = await readCounts(this.#server.url, this.#namespace);
    const nextMs = Math.min(...(pendingAlarms.SESSION ?? []).map(({ atMs }) => atMs - nowMs));
    if (nextMs < rareAfterMs) await this.sleep(nextMs + afterAlarmMs);
  }

  /** Does something periodically, when it is due by the Worker's clock. */
  async every(intervalMs: number, times: number, act: (index: number) => void): Promise<void> {
    const startMs = performance.now();
    for (let index = 0; index < times; index += 1) {
      act(index);
      const dueMs = startMs + ((index + 1) * intervalMs) / this.#server.world.clockRate;
      await new Promise((resolve) => setTimeout(resolve, dueMs - performance.now()));
    }
  }

  /** Counts what happens during `act`. */
  async window(act: () => Promise<void>): Promise<Window> {
    const before = await readCounts(this.#server.url, this.#namespace);
    await act();
    const after = await readCounts(this.#server.url, this.#namespace);
    return {
      counts: difference(before, after),
      rareAlarms: alarmsBeyond(before, after),
      ms: after.nowMs - before.nowMs,
    };
  }

  async end(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.drop()));
  }
}
