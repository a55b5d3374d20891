// A subscriber with a session that outlives its connection. At QoS 2 it counts a message when PUBLISH comes with a
// packet identifier that it does not hold. A repeat before PUBREL is the same message, as for every good client.
// Section 4.3.3.

import type { IPublishPacket, Packet } from "mqtt-packet";
import { Changes } from "./changes.ts";
import { Client, type ClientOptions } from "./client.ts";
import type { CrashingServer } from "./crashing-server.ts";
import { Tally } from "./ledger.ts";

export type SubscriberOptions = ClientOptions & { readonly filters: readonly string[]; readonly qos: 1 | 2 };

export class Subscriber {
  readonly client: Client;
  readonly options: SubscriberOptions;
  readonly tally = new Tally();
  /** Its session was not there when it came back. */
  sessionsLost = 0;
  readonly #unreleased = new Set<number>();
  #hasSession = false;
  #isSubscribed = false;
  readonly #changes = new Changes();

  constructor(server: CrashingServer, options: SubscriberOptions) {
    this.options = options;
    this.client = new Client(server, options, {
      onConnected: (sessionPresent) => this.#onConnected(sessionPresent),
      onPacket: (packet) => this.#onPacket(packet),
    });
  }

  /** Connects for the first time. @returns whether the subscriptions were there in time */
  start(timeoutMs: number): Promise<boolean> {
    this.client.start();
    return this.#changes.until(() => this.#isSubscribed, timeoutMs);
  }

  /** @returns whether it has had something of each topic in time */
  has(topicNames: readonly string[], timeoutMs: number): Promise<boolean> {
    return this.#changes.until(() => topicNames.every((name) => this.tally.lowest(name) >= 0), timeoutMs);
  }

  #onConnected(sessionPresent: boolean): void {
    if (sessionPresent) return;
    if (this.#hasSession) this.sessionsLost += 1;
    this.#hasSession = true;
    this.#unreleased.clear();
    const { filters, qos } = this.options;
    this.client.send({ cmd: "subscribe", messageId: 1, subscriptions: filters.map((topic) => ({ topic, qos })) });
  }

  #onPacket(packet: Packet): void {
    const { messageId = 0 } = packet;
    if (packet.cmd === "suback") {
      this.#isSubscribed = true;
    } else if (packet.cmd === "publish") {
      this.#onPublish(packet, messageId);
    } else if (packet.cmd === "pubrel") {
      this.#unreleased.delete(messageId);
      this.client.send({ cmd: "pubcomp", messageId });
    }
    this.#changes.happened();
  }

  #onPublish({ qos, topic, payload }: IPublishPacket, messageId: number): void {
    const isRepeat = qos === 2 && this.#unreleased.has(messageId);
    if (qos === 2) this.#unreleased.add(messageId);
    if (!isRepeat) this.tally.add(topic, Number(payload.toString()));
    this.client.send({ cmd: qos === 1 ? "puback" : "pubrec", messageId });
  }
}
