// The QoS 1 and 2 messages of a session that its client has not acknowledged, in order, each with its packet
// identifier. Keeps the table, and its rows on disk; outbound.ts says when which is sent. MQTT 5.0 section 4.6.

import { type Delivery, isExpired } from "../../message/message.ts";
import { sizeOfDelivery } from "../../topic/topic-request.ts";
import type { Context } from "../context.ts";
import { Outgoing, type OutgoingEvent } from "./outgoing-message.ts";
import { maximumPacketId, packetIdOf } from "./packet-id.ts";

/** Messages that a durable session keeps in memory as well as on disk. */
const maximumInMemory = 256;

export class OutgoingTable {
  private readonly context: Context;
  /** By packet identifier, in order of sequence. */
  private readonly table = new Map<number, Outgoing>();
  private bytes = 0;
  /** Before this, none expires. */
  private firstExpiryMs = Number.POSITIVE_INFINITY;
  private lastSequence = 0;
  /** Messages that are in memory only, in order. In a durable session they go to disk before they count as taken. */
  private readonly unstored = new Set<Outgoing>();

  /** Reads what is on disk. */
  constructor(context: Context, sentThrough: number) {
    this.context = context;
    for (const index of context.store.outgoing()) {
      const entry = this.put(new Outgoing(index));
      if (index.sequence <= sentThrough) entry.on("found sent");
    }
  }

  /** Whether any is in memory only. */
  get hasUnstored(): boolean {
    return this.unstored.size > 0;
  }

  get size(): { readonly messages: number; readonly bytes: number } {
    return { messages: this.table.size, bytes: this.bytes };
  }

  /** In order. */
  all(): Outgoing[] {
    return [...this.table.values()];
  }

  get(packetId: number): Outgoing | undefined {
    return this.table.get(packetId);
  }

  /** Whether the limits of the queue leave room for this message: an empty queue has room for any. */
  hasRoomFor(delivery: Delivery): boolean {
    const { maximumQueuedMessages, maximumQueuedBytes } = this.context.settings.limits;
    if (this.table.size === 0) return true;
    return this.table.size < maximumQueuedMessages && this.bytes + sizeOfDelivery(delivery) <= maximumQueuedBytes;
  }

  add(delivery: Delivery, qos: 1 | 2): Outgoing {
    const { isDurable } = this.context;
    const bytes = sizeOfDelivery(delivery);
    const { expiresAtMs } = delivery.message;
    const isShared = delivery.sharedFilter !== "";
    const index = { sequence: this.nextSequence(), qos, isReleased: false, bytes, expiresAtMs, isShared };
    // With an id, which is written in the same moment: see `Outbound.accept`.
    const isStoredNow = isDurable && delivery.message.id !== "";
    if (isStoredNow) this.context.store.putOutgoing([{ index, delivery }]);
    const isOnDiskOnly = isDurable && this.table.size >= maximumInMemory;
    const entry = this.put(new Outgoing(index, isStoredNow && isOnDiskOnly ? undefined : ownCopy(delivery)));
    if (!isStoredNow) this.unstored.add(entry);
    return entry;
  }

  /** What has come with one call is written together; without an id, for that one is written in its own moment. */
  storeTaken(): void {
    if (!this.context.isDurable || this.unstored.size === 0) return;
    const messages = [...this.unstored];
    this.unstored.clear();
    this.context.store.putOutgoing(messages.map((entry) => ({ index: entry, delivery: entry.delivery })));
    // As many as may be in memory are those that wait behind fewer than that.
    const inMemory = Math.max(0, maximumInMemory - (this.table.size - messages.length));
    for (const entry of messages.slice(inMemory)) entry.delivery = undefined;
  }

  /** The content, from disk if it is nowhere else; `undefined` once the message is released. */
  contentOf(entry: Outgoing): Delivery | undefined {
    return entry.delivery ?? this.context.store.readOutgoing(entry.sequence);
  }

  /** The content, to be sent, and kept in memory until it is acknowledged; `undefined` when it has expired unsent. */
  deliveryOf(entry: Outgoing): Delivery | undefined {
    entry.delivery = this.contentOf(entry);
    // Expiry no longer counts once the message may have been sent [MQTT-4.3.3-7].
    const isOver =
      entry.delivery !== undefined && entry.takes("expired") && isExpired(entry.delivery.message, this.context.nowMs);
    return isOver ? undefined : entry.delivery;
  }

  /** PUBREC came: the content is the client's now. */
  release(entry: Outgoing): void {
    const isAgain = entry.isReleased;
    entry.on("PUBREC");
    if (isAgain) return;
    entry.delivery = undefined;
    if (!this.unstored.has(entry)) this.context.store.releaseOutgoing(entry.sequence);
  }

  /** @param event after it the message is gone */
  delete(entry: Outgoing, event: OutgoingEvent): void {
    entry.on(event);
    this.table.delete(entry.packetId);
    this.bytes -= entry.bytes;
    if (!this.unstored.delete(entry)) this.context.store.deleteOutgoing(entry.sequence);
  }

  /**
   * An expired message is dropped when it would be sent next, or here, if it is in the way of others [MQTT-3.3.2-5].
   * @returns whether there was any
   */
  deleteExpired(): boolean {
    const { nowMs } = this.context;
    if (nowMs < this.firstExpiryMs) return false;
    const sizeBefore = this.table.size;
    this.firstExpiryMs = Number.POSITIVE_INFINITY;
    for (const entry of this.table.values()) {
      const { expiresAtMs } = entry;
      if (expiresAtMs === 0 || !entry.takes("expired")) continue;
      if (expiresAtMs > nowMs) {
        this.firstExpiryMs = Math.min(this.firstExpiryMs, expiresAtMs);
      } else {
        this.context.counts.messagesDropped += 1;
        this.delete(entry, "expired");
      }
    }
    return this.table.size < sizeBefore;
  }

  /** A new life of the session; the disk is cleared as a whole. */
  clear(): void {
    for (const entry of this.table.values()) entry.on("session over");
    this.table.clear();
    this.unstored.clear();
    this.bytes = 0;
    this.lastSequence = 0;
  }

  /** Before a hibernation: what is in memory only goes to disk. */
  spill(): void {
    for (const entry of this.unstored) this.context.store.putOutgoing([{ index: entry, delivery: entry.delivery }]);
    this.unstored.clear();
    this.context.store.settleOutgoing();
  }

  private put(entry: Outgoing): Outgoing {
    const { sequence, bytes, expiresAtMs } = entry;
    this.table.set(entry.packetId, entry);
    this.bytes += bytes;
    this.lastSequence = Math.max(this.lastSequence, sequence);
    if (expiresAtMs !== 0) this.firstExpiryMs = Math.min(this.firstExpiryMs, expiresAtMs);
    return entry;
  }

  /** The next one whose packet identifier is free [MQTT-2.2.1-4]; there are fewer messages than identifiers. */
  private nextSequence(): number {
    let sequence = this.lastSequence + 1;
    for (let tries = 0; this.table.has(packetIdOf(sequence)); tries += 1) {
      if (tries > maximumPacketId) throw new Error("more outgoing messages than packet identifiers");
      sequence += 1;
    }
    return sequence;
  }
}

/** What waits must not keep the whole batch in memory that it came in. */
function ownCopy(delivery: Delivery): Delivery {
  const { message } = delivery;
  const { properties, payload } = message;
  return { ...delivery, message: { ...message, properties: properties.slice(), payload: payload.slice() } };
}
