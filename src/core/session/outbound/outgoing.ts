// The QoS 1 and 2 messages of a session that its client has not acknowledged, in order, each with its packet
// identifier. Keeps the table, and its rows on disk; when what is sent is outbound.ts. MQTT 5.0 section 4.6.

import { type Delivery, isExpired } from "../../message/message.ts";
import { sizeOfDelivery } from "../../topic/topic-request.ts";
import type { Context } from "../context.ts";
import type { OutgoingIndex } from "../session-store.ts";
import { maximumPacketId, packetIdOf } from "./packet-id.ts";

/** One message, from being taken until the client has acknowledged it. */
export type Outgoing = {
  readonly sequence: number;
  readonly packetId: number;
  readonly qos: 1 | 2;
  readonly bytes: number;
  readonly expiresAtMs: number;
  /** It came by a shared subscription: another member may get it. */
  readonly isShared: boolean;
  /** Other members are asked to take it: until they have answered it is not sent. */
  isOffered: boolean;
  /** PUBREC came: PUBREL goes instead of PUBLISH [MQTT-4.3.3-6]. */
  isReleased: boolean;
  /** Sent over the present connection. */
  isInFlight: boolean;
  /** It may have been sent over an earlier connection: DUP [MQTT-3.3.1-1]. */
  mayHaveBeenSent: boolean;
  /** Absent while it is on disk only. */
  delivery: Delivery | undefined;
  isStored: boolean;
};

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
  /** Messages of a durable session that are not on disk yet. */
  private taken: Outgoing[] = [];

  /** Reads what is on disk. */
  constructor(context: Context, sentThrough: number) {
    this.context = context;
    for (const index of context.store.outgoing()) {
      this.put(index, undefined, true).mayHaveBeenSent = index.sequence <= sentThrough;
    }
  }

  /** Whether any is in memory only. */
  get hasUnstored(): boolean {
    for (const { isStored } of this.table.values()) if (!isStored) return true;
    return false;
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

  has(entry: Outgoing): boolean {
    return this.table.get(entry.packetId) === entry;
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
    const entry = this.put(index, isStoredNow && isOnDiskOnly ? undefined : ownCopy(delivery), isStoredNow);
    if (isDurable && !isStoredNow) this.taken.push(entry);
    return entry;
  }

  /** What has come with one call is written together; without an id, for that one is written in its own moment. */
  storeTaken(): void {
    if (this.taken.length === 0) return;
    const messages = this.taken.filter((entry) => this.has(entry));
    this.taken = [];
    this.context.store.putOutgoing(messages.map((entry) => ({ index: entry, delivery: entry.delivery })));
    // As many as may be in memory are those that wait behind fewer than that.
    const inMemory = Math.max(0, maximumInMemory - (this.table.size - messages.length));
    for (const [place, entry] of messages.entries()) {
      entry.isStored = true;
      if (place >= inMemory) entry.delivery = undefined;
    }
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
      entry.delivery !== undefined && !entry.mayHaveBeenSent && isExpired(entry.delivery.message, this.context.nowMs);
    return isOver ? undefined : entry.delivery;
  }

  /** PUBREC came: the content is the client's now. */
  release(entry: Outgoing): void {
    if (entry.isReleased) return;
    entry.isReleased = true;
    entry.delivery = undefined;
    if (entry.isStored) this.context.store.releaseOutgoing(entry.sequence);
  }

  delete(entry: Outgoing): void {
    this.table.delete(entry.packetId);
    this.bytes -= entry.bytes;
    if (entry.isStored) this.context.store.deleteOutgoing(entry.sequence);
  }

  /**
   * What waits and has expired goes when its turn comes, or here, when it is in the way of others [MQTT-3.3.2-5].
   * @returns whether there was any
   */
  deleteExpired(): boolean {
    const { nowMs } = this.context;
    if (nowMs < this.firstExpiryMs) return false;
    const sizeBefore = this.table.size;
    this.firstExpiryMs = Number.POSITIVE_INFINITY;
    for (const entry of this.table.values()) {
      const { expiresAtMs, isInFlight, mayHaveBeenSent, isReleased } = entry;
      if (expiresAtMs === 0 || isInFlight || mayHaveBeenSent || isReleased) continue;
      if (expiresAtMs > nowMs) {
        this.firstExpiryMs = Math.min(this.firstExpiryMs, expiresAtMs);
      } else {
        this.context.counts.messagesDropped += 1;
        this.delete(entry);
      }
    }
    return this.table.size < sizeBefore;
  }

  /** A new life of the session; the disk is cleared as a whole. */
  clear(): void {
    this.table.clear();
    this.taken = [];
    this.bytes = 0;
    this.lastSequence = 0;
  }

  /** Before a hibernation: what is in memory only goes to disk. */
  spill(): void {
    for (const entry of this.table.values()) {
      if (entry.isStored) continue;
      this.context.store.putOutgoing([{ index: entry, delivery: entry.delivery }]);
      entry.isStored = true;
    }
    this.context.store.settleOutgoing();
  }

  private put(index: OutgoingIndex, delivery: Delivery | undefined, isStored: boolean): Outgoing {
    const { sequence, qos, bytes, expiresAtMs, isShared, isReleased } = index;
    const packetId = packetIdOf(sequence);
    const state = { isReleased, isInFlight: false, mayHaveBeenSent: false, isOffered: false };
    const entry: Outgoing = { sequence, packetId, qos, bytes, expiresAtMs, isShared, ...state, delivery, isStored };
    this.table.set(packetId, entry);
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
