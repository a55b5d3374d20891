// Publishes as fast as the broker acknowledges.

import type { Packet } from "mqtt-packet";
import type { ServerProcess } from "./server-process.ts";
import { WireClient } from "./wire-client.ts";

export type Outgoing = {
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: 0 | 1 | 2;
  readonly retain?: boolean;
};

/** Messages between two that are acknowledged, so that none at QoS 0 is dropped on its way in. */
const paceEvery = 32;

export class Publisher {
  /** PUBACK 0x97, and others. */
  refused = 0;
  #client!: WireClient;
  readonly #window: number;
  readonly #unacknowledged = new Set<number>();
  #packetId = 0;
  #onChange: () => void = () => {};

  private constructor(window: number) {
    this.#window = window;
  }

  static async connect(server: ServerProcess, clientId: string, window = 500): Promise<Publisher> {
    const publisher = new Publisher(window);
    const onPacket = (packet: Packet) => publisher.#onPacket(packet);
    const onClosed = () => publisher.#onChange();
    const options = { clientId, path: "native WebSocket", version: 5, onPacket, onClosed } as const;
    publisher.#client = await WireClient.connect(server, options);
    return publisher;
  }

  /** Resolves when all is acknowledged that can be. */
  async publishAll(messages: Iterable<Outgoing>): Promise<void> {
    let batch: Packet[] = [];
    for (const message of messages) {
      batch.push(this.#packetOf(message));
      if (batch.length < paceEvery) continue;
      if (message.qos === 0) batch.push(this.#packetOf({ topic: "pace", payload: Buffer.alloc(0), qos: 1 }));
      await this.#client.send(...batch);
      batch = [];
      // What is not acknowledged is a batch at QoS 0, and the window at QoS 1.
      await this.#until(() => this.#unacknowledged.size < (message.qos === 0 ? 1 : this.#window));
    }
    if (batch.length > 0) await this.#client.send(...batch);
    await this.#until(() => this.#unacknowledged.size === 0);
  }

  #packetOf({ topic, payload, qos, retain = false }: Outgoing): Packet {
    const packet = { cmd: "publish", topic, payload, qos, retain, dup: false } as const;
    if (qos === 0) return packet;
    this.#packetId = (this.#packetId % 0xffff) + 1;
    this.#unacknowledged.add(this.#packetId);
    return { ...packet, messageId: this.#packetId };
  }

  #onPacket(packet: Packet): void {
    const { messageId = 0 } = packet;
    if (packet.cmd !== "puback") return;
    this.#unacknowledged.delete(messageId);
    if ((packet.reasonCode ?? 0) >= 0x80) this.refused += 1;
    this.#onChange();
  }

  async #until(isSo: () => boolean): Promise<void> {
    while (!isSo()) {
      if (this.#client.isClosed) throw new Error("the broker has closed a publisher's connection");
      await new Promise<void>((resolve) => {
        this.#onChange = resolve;
      });
    }
  }
}
