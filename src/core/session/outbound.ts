// Messages to the client: in flight up to its Receive Maximum, and waiting behind that, in order. Those of a durable
// session are on disk before they count as taken. MQTT 5.0 sections 4.3, 4.4, 4.6 and 4.9.

import type { Delivery } from "../message/message.ts";
import { isExpired } from "../message/message.ts";
import { isError, ReasonCode } from "../packet/reason-code.ts";
import { DeliveryAnswer, sizeOfMessage } from "../topic/topic-request.ts";
import { type Connected, send } from "./connection.ts";
import type { Context } from "./context.ts";
import { maximumPacketId, packetIdOf, RememberedIds } from "./packet-id.ts";

/** One QoS 1 or 2 message, from being taken until the client has acknowledged it. */
type Outgoing = {
  readonly sequence: number;
  readonly packetId: number;
  readonly qos: 1 | 2;
  readonly bytes: number;
  /** PUBREC came: PUBREL goes instead of PUBLISH [MQTT-4.3.3-6]. */
  isReleased: boolean;
  /** Sent over the present connection. */
  isInFlight: boolean;
  /** Absent while it is on disk only. */
  delivery: Delivery | undefined;
  /** It may have been sent over an earlier connection: DUP [MQTT-3.3.1-1]. */
  mayHaveBeenSent: boolean;
  isStored: boolean;
};

/** Waiting messages that a durable session keeps in memory as well as on disk. */
const maximumInMemory = 256;

export class Outbound {
  private readonly context: Context;
  /** By packet identifier, in order of sequence. */
  private readonly outgoing = new Map<number, Outgoing>();
  private queue: Outgoing[] = [];
  private queuedBytes = 0;
  private inFlight = 0;
  private lastSequence = 0;
  private readonly rememberedIds: RememberedIds;
  /** QoS 0 messages that wait for a SUBACK to leave first; `undefined` while nothing is held back. */
  private held: Delivery[] | undefined;

  constructor(context: Context, sentThrough: number) {
    this.context = context;
    this.rememberedIds = new RememberedIds(context);
    for (const { sequence, qos, isReleased, bytes } of context.store.outgoing()) {
      this.add({
        sequence,
        packetId: packetIdOf(sequence),
        qos,
        bytes,
        isReleased,
        isInFlight: false,
        delivery: undefined,
        mayHaveBeenSent: sequence <= sentThrough,
        isStored: true,
      });
    }
  }

  get isEmpty(): boolean {
    return this.outgoing.size === 0;
  }

  /** The highest sequence, of those not acknowledged, that was ever sent; 0 for none. */
  get sentThrough(): number {
    return this.lastOf((entry) => entry.isInFlight || entry.mayHaveBeenSent);
  }

  /** The highest sequence that is in flight; 0 for none. */
  get inFlightThrough(): number {
    return this.lastOf((entry) => entry.isInFlight);
  }

  /** A new life of the session. */
  clear(): void {
    this.outgoing.clear();
    this.queue = [];
    this.queuedBytes = 0;
    this.inFlight = 0;
    this.lastSequence = 0;
    this.held = undefined;
    this.rememberedIds.clear();
  }

  /**
   * Takes a message for the client; `flush` sends what it can.
   * @returns one of `DeliveryAnswer`
   */
  accept(delivery: Delivery, connected: Connected | undefined, isDurable: boolean): number {
    if (isExpired(delivery.message, this.context.nowMs)) return DeliveryAnswer.Accepted;
    if (delivery.qos === 0) {
      this.sendQos0(delivery, connected);
      return DeliveryAnswer.Accepted;
    }
    const bytes = sizeOfMessage(delivery.message);
    const { maximumQueuedMessages, maximumQueuedBytes } = this.context.settings.limits;
    if (this.outgoing.size >= maximumQueuedMessages || this.queuedBytes + bytes > maximumQueuedBytes) {
      this.context.droppedMessages += 1;
      return DeliveryAnswer.QueueFull;
    }
    // Told apart by the published QoS: a QoS 2 message may come at a lower one.
    const { id } = delivery.message;
    if (id !== "" && !this.rememberedIds.add(id, isDurable)) return DeliveryAnswer.Accepted;
    const sequence = this.nextSequence();
    const entry: Outgoing = {
      sequence,
      packetId: packetIdOf(sequence),
      qos: delivery.qos,
      bytes,
      isReleased: false,
      isInFlight: false,
      delivery: isDurable && this.queue.length >= maximumInMemory ? undefined : delivery,
      mayHaveBeenSent: false,
      isStored: isDurable,
    };
    if (isDurable) this.context.store.putOutgoing({ sequence, qos: entry.qos, isReleased: false, bytes }, delivery);
    this.add(entry);
    return DeliveryAnswer.Accepted;
  }

  /** A client is connected: everything unacknowledged goes again, in order [MQTT-4.4.0-1]. */
  onConnected(): void {
    this.inFlight = 0;
    this.held = undefined;
    this.queue = [...this.outgoing.values()];
  }

  /** The connection is gone: what was sent may be sent again. */
  onDisconnected(): void {
    this.inFlight = 0;
    this.held = undefined;
    for (const entry of this.outgoing.values()) {
      if (entry.isInFlight) entry.mayHaveBeenSent = true;
      entry.isInFlight = false;
    }
  }

  /** A crash took the connection: what the disk does not tell is how much of the first window was sent. */
  onCrashed(): void {
    let count = this.context.settings.limits.maximumInFlight;
    for (const entry of this.outgoing.values()) {
      if (count === 0) return;
      count -= 1;
      entry.mayHaveBeenSent = true;
    }
  }

  /** After a hibernation the connection goes on: what was in flight still is. */
  onAwoken(inFlightThrough: number): void {
    this.queue = [];
    for (const entry of this.outgoing.values()) {
      entry.isInFlight = entry.sequence <= inFlightThrough;
      if (entry.isInFlight) this.inFlight += 1;
      else this.queue.push(entry);
    }
  }

  /** Holds everything back until `release`. */
  hold(): void {
    this.held ??= [];
  }

  release(connected: Connected): void {
    const held = this.held ?? [];
    this.held = undefined;
    for (const delivery of held) this.sendQos0(delivery, connected);
    this.flush(connected);
  }

  /** Sends what the client's Receive Maximum lets through. */
  flush(connected: Connected): void {
    if (this.held !== undefined) return;
    let taken = 0;
    for (const entry of this.queue) {
      if (this.inFlight >= connected.receiveMaximum) break;
      taken += 1;
      if (this.outgoing.get(entry.packetId) === entry) this.sendNext(entry, connected);
    }
    if (taken > 0) this.queue.splice(0, taken);
  }

  onPuback(packetId: number, connected: Connected): void {
    const entry = this.outgoing.get(packetId);
    if (entry?.qos === 1 && entry.isInFlight) this.complete(entry, connected);
  }

  onPubrec(packetId: number, reasonCode: number, connected: Connected): void {
    const entry = this.outgoing.get(packetId);
    if (entry?.qos !== 2 || !(entry.isInFlight || entry.mayHaveBeenSent)) {
      if (isError(reasonCode)) return;
      send(this.context, connected, { type: "PUBREL", packetId, reasonCode: ReasonCode.PacketIdentifierNotFound });
      return;
    }
    if (isError(reasonCode)) {
      this.complete(entry, connected); // [MQTT-4.4.0-2]
      return;
    }
    if (!entry.isReleased) {
      entry.isReleased = true;
      entry.delivery = undefined;
      if (entry.isStored) this.context.store.releaseOutgoing(entry.sequence);
    }
    send(this.context, connected, { type: "PUBREL", packetId, reasonCode: ReasonCode.Success });
  }

  onPubcomp(packetId: number, connected: Connected): void {
    const entry = this.outgoing.get(packetId);
    if (entry?.isReleased) this.complete(entry, connected);
  }

  /** Before a hibernation: what is in memory only goes to disk. */
  spill(): void {
    for (const entry of this.outgoing.values()) {
      if (entry.isStored) continue;
      const { sequence, qos, bytes, isReleased, delivery } = entry;
      this.context.store.putOutgoing({ sequence, qos, bytes, isReleased }, delivery);
      entry.isStored = true;
    }
  }

  private lastOf(isWanted: (entry: Outgoing) => boolean): number {
    let last = 0;
    for (const entry of this.outgoing.values()) if (isWanted(entry)) last = entry.sequence;
    return last;
  }

  private add(entry: Outgoing): void {
    this.outgoing.set(entry.packetId, entry);
    this.queue.push(entry);
    this.queuedBytes += entry.bytes;
    this.lastSequence = Math.max(this.lastSequence, entry.sequence);
  }

  /** The next one whose packet identifier is free [MQTT-2.2.1-4]; there are fewer messages than identifiers. */
  private nextSequence(): number {
    let sequence = this.lastSequence + 1;
    for (let tries = 0; this.outgoing.has(packetIdOf(sequence)); tries += 1) {
      if (tries > maximumPacketId) throw new Error("more outgoing messages than packet identifiers");
      sequence += 1;
    }
    return sequence;
  }

  private sendNext(entry: Outgoing, connected: Connected): void {
    if (entry.isReleased) {
      this.putInFlight(entry);
      send(this.context, connected, { type: "PUBREL", packetId: entry.packetId, reasonCode: ReasonCode.Success });
      return;
    }
    entry.delivery ??= this.context.store.readOutgoing(entry.sequence);
    const { delivery } = entry;
    // Expiry no longer counts once the message may have been sent [MQTT-4.3.3-7].
    const isOver =
      delivery === undefined || (!entry.mayHaveBeenSent && isExpired(delivery.message, this.context.nowMs));
    if (isOver || !this.sendPublish(delivery, entry, connected)) {
      this.context.droppedMessages += 1;
      this.forget(entry);
      return;
    }
    this.putInFlight(entry);
  }

  private putInFlight(entry: Outgoing): void {
    entry.isInFlight = true;
    this.inFlight += 1;
  }

  /** @returns false when the packet is too large for the client [MQTT-3.1.2-25] */
  private sendPublish(
    delivery: Delivery,
    { packetId, mayHaveBeenSent }: { packetId: number; mayHaveBeenSent: boolean },
    connected: Connected,
  ): boolean {
    const { topicName } = delivery.message;
    const topicAlias = connected.outgoingAliases.find(topicName);
    const packet = { type: "DELIVER", delivery, packetId, dup: mayHaveBeenSent, topicAlias } as const;
    const isSent = send(this.context, connected, packet);
    if (isSent && topicAlias !== undefined) connected.outgoingAliases.learn(topicName);
    return isSent;
  }

  private sendQos0(delivery: Delivery, connected: Connected | undefined): void {
    if (connected === undefined) {
      this.context.droppedMessages += 1;
      return;
    }
    if (this.held !== undefined && this.held.length < this.context.settings.limits.maximumQueuedMessages) {
      this.held.push(delivery);
      return;
    }
    const isSent =
      this.held === undefined && this.sendPublish(delivery, { packetId: 0, mayHaveBeenSent: false }, connected);
    if (!isSent) this.context.droppedMessages += 1;
  }

  private complete(entry: Outgoing, connected: Connected): void {
    if (entry.isInFlight) this.inFlight -= 1;
    this.forget(entry);
    this.flush(connected);
  }

  private forget(entry: Outgoing): void {
    this.outgoing.delete(entry.packetId);
    this.queuedBytes -= entry.bytes;
    if (entry.isStored) this.context.store.deleteOutgoing(entry.sequence);
  }
}
