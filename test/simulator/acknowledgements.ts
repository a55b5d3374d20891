// A client's side of the messages that it gets over one connection. It records each, checks that the broker respects
// Receive Maximum and packet identifiers, and acknowledges in order, some time later.

import type { IPublishPacket } from "mqtt-packet";
import type { Profile } from "./client-packets.ts";
import type { ClientSession } from "./client-session.ts";
import type { World } from "./world.ts";

export class Acknowledgements {
  readonly #world: World;
  readonly #profile: Profile;
  readonly #send: (packet: object) => void;
  /** Packet identifiers that the broker has in use over this connection, as far as the client knows. */
  readonly #inFlight = new Set<number>();
  readonly #topicNames = new Map<number, string>();
  #lastMs = 0;
  #isStopped = false;

  constructor(world: World, profile: Profile, send: (packet: object) => void) {
    this.#world = world;
    this.#profile = profile;
    this.#send = send;
  }

  /** The connection is gone. */
  stop(): void {
    this.#isStopped = true;
  }

  /** @returns what is wrong with it, if anything */
  onPublish(session: ClientSession, packet: IPublishPacket): string | undefined {
    const { qos, dup, retain, messageId = 0 } = packet;
    const topicName = this.#topicNameOf(packet);
    const payload = packet.payload.toString();
    if (topicName === undefined) return "got a topic alias that it was not told";
    const isRepeat = qos === 2 && session.received.has(messageId);
    if (isRepeat && !dup) return `got packet identifier ${messageId} for a new message, which is in use [MQTT-2.2.1-4]`;
    if (!isRepeat) session.life.receipts.push({ payload, topicName, qos, retain, at: this.#world.moments.now });
    if (qos === 0) return undefined;
    if (this.#inFlight.has(messageId)) return `got packet identifier ${messageId} twice over one connection`;
    this.#inFlight.add(messageId);
    const most = this.#profile.version === 5 ? this.#profile.receiveMaximum : this.#world.maximumInFlight;
    if (this.#inFlight.size > most) return `got more than its Receive Maximum of ${most} [MQTT-3.3.4-9]`;
    if (qos === 2) session.received.add(messageId);
    this.#later(() => {
      if (qos === 1) this.#inFlight.delete(messageId);
      this.#send({ cmd: qos === 1 ? "puback" : "pubrec", messageId });
    });
    return undefined;
  }

  onPubrel(session: ClientSession, messageId: number): void {
    session.received.delete(messageId);
    this.#later(() => {
      this.#inFlight.delete(messageId);
      this.#send({ cmd: "pubcomp", messageId });
    });
  }

  #topicNameOf({ topic, properties }: IPublishPacket): string | undefined {
    const alias = properties?.topicAlias;
    if (alias === undefined) return topic;
    if (topic !== "") this.#topicNames.set(alias, topic);
    return this.#topicNames.get(alias);
  }

  #later(act: () => void): void {
    const { clock, workload, phase } = this.#world;
    const slownessMs = phase === "eventful" ? this.#profile.slownessMs : 1;
    this.#lastMs = Math.max(this.#lastMs, clock.nowMs + workload.skewed(0, slownessMs));
    clock.after(this.#lastMs - clock.nowMs, undefined, () => {
      if (!this.#isStopped) act();
    });
  }
}
