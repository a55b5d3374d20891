// When publishers send: as soon as the window has room (closed loop), or at a given rate.

import { setTimeout as passed } from "node:timers/promises";
import type { Connection } from "./connection.ts";
import type { Publisher } from "./publisher.ts";
import type { Subscriber, Tally } from "./subscriber.ts";

export type Clients = {
  readonly publishers: readonly Publisher[];
  readonly subscribers: readonly Subscriber[];
  readonly connections: readonly Connection[];
};

const pingEveryMs = 1_000;
const stalledAfterMs = 3_000;
const lookEveryMs = 20;
const tickMs = 1;

export class Loop {
  readonly #clients: Clients;
  readonly #tally: Tally;
  readonly #offeredPerSec: number | undefined;
  readonly #timers: NodeJS.Timeout[] = [];
  #isStopping = false;
  /** Messages of all publishers together, at the given rate. */
  #offered = 0;
  #startMs = 0;

  /** @param offeredPerSec messages of all publishers together; a closed loop if undefined */
  constructor(clients: Clients, tally: Tally, offeredPerSec: number | undefined) {
    this.#clients = clients;
    this.#tally = tally;
    this.#offeredPerSec = offeredPerSec;
  }

  start(): void {
    const { connections, subscribers } = this.#clients;
    const ping = () => {
      for (const subscriber of subscribers) subscriber.ping();
    };
    this.#timers.push(setInterval(ping, pingEveryMs));
    this.#startMs = performance.now();
    if (this.#offeredPerSec === undefined) {
      for (const connection of connections) connection.onReadEnd = () => this.#send();
    } else {
      this.#timers.push(setInterval(() => this.#send(), tickMs));
    }
    this.#send();
  }

  /** @throws {Error} if the broker closes a connection */
  async during(ms: number): Promise<void> {
    const endMs = performance.now() + ms;
    let heard = this.#heard();
    let heardMs = performance.now();
    while (performance.now() < endMs) {
      await passed(Math.min(lookEveryMs, Math.max(0, endMs - performance.now())));
      if (this.#clients.connections.some(({ isClosed }) => isClosed)) {
        throw new Error("the broker has closed a connection");
      }
      if (heard !== this.#heard()) {
        heard = this.#heard();
        heardMs = performance.now();
      } else if (performance.now() - heardMs > stalledAfterMs) {
        this.#giveUp();
        this.#send();
      }
    }
  }

  /** Resolves when everything sent has arrived, or when nothing has arrived for some seconds. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    let heard = -1;
    let endMs = 0;
    while (this.#clients.publishers.some(({ open }) => open > 0)) {
      if (heard !== this.#heard()) endMs = performance.now() + stalledAfterMs;
      heard = this.#heard();
      if (performance.now() > endMs) break;
      await passed(lookEveryMs);
    }
    this.#giveUp();
    for (const timer of this.#timers) clearInterval(timer);
  }

  #heard(): number {
    return this.#tally.received + this.#tally.lost;
  }

  #send(): void {
    if (this.#isStopping) return;
    if (this.#offeredPerSec === undefined) {
      const nowMs = performance.now();
      for (const publisher of this.#clients.publishers) publisher.fill(nowMs);
    } else {
      this.#sendDue(this.#offeredPerSec);
    }
  }

  /** A message that is sent late has waited: its latency counts from when it was due. */
  #sendDue(perSec: number): void {
    const { publishers } = this.#clients;
    const due = ((performance.now() - this.#startMs) * perSec) / 1000;
    for (; this.#offered < due; this.#offered += 1) {
      const publisher = publishers[this.#offered % publishers.length] as Publisher;
      if (!publisher.hasPlace) return;
      publisher.send(1, this.#startMs + (this.#offered * 1000) / perSec);
    }
  }

  #giveUp(): void {
    for (const subscriber of this.#clients.subscribers) subscriber.giveUp();
    for (const publisher of this.#clients.publishers) publisher.giveUp();
  }
}
