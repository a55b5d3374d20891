// Well-behaved clients beside the attackers: what they publish arrives, all of it and in order, within bounded time, and
// nobody ends their connections.

import type { IPublishPacket, MqttClient } from "mqtt";
import { type Broker, type Path, paths } from "../support/broker.ts";
import { connectMqttJs, type Version } from "../support/mqttjs.ts";

const quotaExceeded = 0x97;

export class Witnesses {
  /** Messages that arrived as they should. */
  received = 0;
  slowestMs = 0;
  readonly #onFinding: (finding: string) => void;
  readonly #patienceMs: number;
  readonly #clients: MqttClient[] = [];
  #isEnding = false;
  readonly #pairs: Promise<void>[] = [];

  constructor(onFinding: (finding: string) => void, patienceMs: number) {
    this.#onFinding = onFinding;
    this.#patienceMs = patienceMs;
  }

  /** Pairs on all paths and of all versions. */
  async start(broker: Broker): Promise<void> {
    const kinds: [Path, Version][] = [
      ["TCP", 3],
      ["native WebSocket", 4],
      ...paths.map((path): [Path, Version] => [path, 5]),
    ];
    for (const [path, version] of kinds) await this.#startPair(broker, path, version);
  }

  async stop(): Promise<void> {
    this.#isEnding = true;
    await Promise.all(this.#pairs);
    await Promise.all(this.#clients.map((client) => client.endAsync(true)));
  }

  async #startPair(broker: Broker, path: Path, version: Version): Promise<void> {
    const name = `${path} ${version}`;
    const [publisher, subscriber] = await Promise.all(
      ["publisher", "subscriber"].map((role) => this.#connect(broker, path, version, `${name} ${role}`)),
    );
    const topic = `witness/${name.replaceAll(" ", "-")}`;
    await (subscriber as MqttClient).subscribeAsync(`${topic}/+`, { qos: 2 });
    this.#pairs.push(this.#converse(name, topic, publisher as MqttClient, subscriber as MqttClient));
  }

  async #connect(broker: Broker, path: Path, version: Version, name: string): Promise<MqttClient> {
    const clientId = `witness ${name}`;
    const url = broker.url(path, clientId).replace("tcp:", "mqtt:");
    const client = await connectMqttJs(url, version, { clientId, keepalive: 5 });
    client.on("close", () => {
      if (!this.#isEnding) this.#onFinding(`the connection of ${clientId} was closed`);
    });
    client.on("error", (error) => this.#onFinding(`${clientId}: ${error.message}`));
    this.#clients.push(client);
    return client;
  }

  /** One message at a time at each QoS: each has to arrive as the next, and soon. */
  async #converse(name: string, topic: string, publisher: MqttClient, subscriber: MqttClient): Promise<void> {
    const arrivals = new Arrivals(subscriber);
    for (let number = 0; !this.#isEnding && publisher.connected && subscriber.connected; number += 1) {
      const qos = (number % 3) as 0 | 1 | 2;
      const startedMs = performance.now();
      const arrived = arrivals.next(this.#patienceMs);
      publisher.publish(`${topic}/${qos}`, `${number}`, { qos }, (error) => {
        // The queue of an attacker that listens to everything is full: this subscriber has it all the same.
        const code = (error as { code?: number } | undefined)?.code;
        if (error && code !== quotaExceeded && !this.#isEnding) this.#onFinding(`${name}: ${error.message}`);
      });
      const message = await arrived;
      this.slowestMs = Math.max(this.slowestMs, performance.now() - startedMs);
      if (message?.payload.toString() !== `${number}` || message.qos !== qos) {
        const heard =
          message === undefined ? `nothing within ${this.#patienceMs} ms` : `${message.payload} q${message.qos}`;
        if (!this.#isEnding)
          this.#onFinding(`${name}: message ${number} at QoS ${qos} was sent, and ${heard} was heard`);
        return;
      }
      this.received += 1;
    }
  }
}

/** Messages of one client, in order. */
class Arrivals {
  readonly #arrived: IPublishPacket[] = [];
  #waiting: ((message: IPublishPacket | undefined) => void) | undefined;

  constructor(client: MqttClient) {
    client.on("message", (_topic, _payload, packet) => {
      const waiting = this.#waiting;
      this.#waiting = undefined;
      if (waiting === undefined) this.#arrived.push(packet);
      else waiting(packet);
    });
  }

  /** The next message, or `undefined` when the time is over. */
  next(timeoutMs: number): Promise<IPublishPacket | undefined> {
    const { promise, resolve } = Promise.withResolvers<IPublishPacket | undefined>();
    const timer = setTimeout(() => resolve(undefined), timeoutMs);
    this.#waiting = resolve;
    const first = this.#arrived.shift();
    if (first !== undefined) {
      this.#waiting = undefined;
      resolve(first);
    }
    return promise.finally(() => clearTimeout(timer));
  }
}
