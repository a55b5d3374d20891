// A publisher with a session that outlives its connection, several messages under way, and an exact memory of what was
// acknowledged. After a crash it sends again what was not, as MQTT demands. MQTT 5.0 sections 4.3 and 4.4.

import type { Packet } from "mqtt-packet";
import { Changes } from "./changes.ts";
import { Client, type ClientOptions } from "./client.ts";
import type { CrashingServer } from "./crashing-server.ts";
import type { Topic } from "./ledger.ts";

type OwnTopic = Topic & { readonly retain: boolean; readonly isAcknowledged: boolean[] };
type Exchange = {
  readonly topic: OwnTopic;
  readonly number: number;
  /** PUBREC has come: PUBREL goes, and never PUBLISH again [MQTT-4.3.3-6]. */
  isReleased: boolean;
};

const isRefusal = (packet: Packet) => "reasonCode" in packet && (packet.reasonCode ?? 0) >= 0x80;

export class Publisher {
  readonly client: Client;
  readonly topics: readonly OwnTopic[];
  /** Its session was not there when it came back. */
  sessionsLost = 0;
  /** Messages that the broker refused: those it owes to nobody. */
  refused = 0;
  readonly #maximumInFlight: number;
  /** By packet identifier, in the order in which they were sent first, which is kept [MQTT-4.6.0-1]. */
  readonly #inFlight = new Map<number, Exchange>();
  #packetId = 0;
  #sent = 0;
  /** Messages that it is to begin yet. */
  #toSend = 0;
  #hasSession = false;
  readonly #changes = new Changes();

  constructor(server: CrashingServer, options: ClientOptions & { readonly maximumInFlight: number }) {
    this.#maximumInFlight = options.maximumInFlight;
    this.client = new Client(server, options, {
      onConnected: (sessionPresent) => this.#onConnected(sessionPresent),
      onPacket: (packet) => this.#onPacket(packet),
    });
    const topic = (name: string, qos: 1 | 2, retain = false): OwnTopic => {
      return { name: `load/${options.clientId}/${name}`, qos, retain, isAcknowledged: [] };
    };
    this.topics = [topic("one", 1), topic("two", 2), topic("retained-one", 1, true), topic("retained-two", 2, true)];
  }

  /** Begins this many more messages, as fast as it can. Earlier messages that were not begun are dropped. */
  publish(count: number): void {
    this.#toSend = count;
    this.#fill();
  }

  /** Begins no more messages. @returns whether all were acknowledged in time */
  finish(timeoutMs: number): Promise<boolean> {
    this.#toSend = 0;
    return this.#changes.until(() => this.#inFlight.size === 0, timeoutMs);
  }

  #onConnected(sessionPresent: boolean): void {
    if (this.#hasSession && !sessionPresent) this.sessionsLost += 1;
    this.#hasSession = true;
    for (const packetId of this.#inFlight.keys()) this.#send(packetId, true); // [MQTT-4.4.0-1]
    this.#fill();
  }

  #fill(): void {
    if (!this.client.isConnected) return;
    while (this.#toSend > 0 && this.#inFlight.size < this.#maximumInFlight) {
      this.#toSend -= 1;
      const topic = this.#nextTopic();
      const packetId = this.#nextPacketId();
      this.#inFlight.set(packetId, { topic, number: topic.isAcknowledged.length, isReleased: false });
      topic.isAcknowledged.push(false);
      this.#send(packetId, false);
    }
  }

  /** QoS 1 and 2 in turn, and now and then a retained message of each. */
  #nextTopic(): OwnTopic {
    this.#sent += 1;
    const [one, two, retainedOne, retainedTwo] = this.topics as [OwnTopic, OwnTopic, OwnTopic, OwnTopic];
    if (this.#sent % 2 === 0) return this.#sent % 20 === 0 ? retainedOne : one;
    return this.#sent % 20 === 9 ? retainedTwo : two;
  }

  #nextPacketId(): number {
    do this.#packetId = (this.#packetId % 0xffff) + 1;
    while (this.#inFlight.has(this.#packetId));
    return this.#packetId;
  }

  #send(messageId: number, dup: boolean): void {
    const exchange = this.#inFlight.get(messageId);
    if (exchange === undefined) return;
    if (exchange.isReleased) {
      this.client.send({ cmd: "pubrel", messageId });
      return;
    }
    const { qos, name, retain } = exchange.topic;
    this.client.send({ cmd: "publish", topic: name, payload: `${exchange.number}`, qos, dup, retain, messageId });
  }

  #onPacket(packet: Packet): void {
    const { messageId = 0 } = packet;
    const exchange = this.#inFlight.get(messageId);
    if (exchange === undefined) return;
    const isEnd = packet.cmd === "puback" || packet.cmd === "pubcomp";
    if (packet.cmd === "puback" || packet.cmd === "pubrec") {
      if (isRefusal(packet)) this.refused += 1;
      else exchange.topic.isAcknowledged[exchange.number] = true;
    }
    if (isEnd || isRefusal(packet)) {
      this.#inFlight.delete(messageId);
    } else if (packet.cmd === "pubrec") {
      exchange.isReleased = true;
      this.#send(messageId, false);
    }
    this.#fill();
    this.#changes.happened();
  }
}
