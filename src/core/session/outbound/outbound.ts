// Messages to the client: in flight up to its Receive Maximum, and waiting behind that, in order. A durable session has them
// on disk before they count as taken. Their states are in outgoing-message.ts. MQTT 5.0 sections 4.3, 4.4, 4.6 and 4.9.

import { type Delivery, isExpired } from "../../message/message.ts";
import { isError, ReasonCode } from "../../packet/reason-code.ts";
import { ProtocolError } from "../../protocol-error.ts";
import { sizeOfMessage } from "../../topic/topic-request.ts";
import type { Context } from "../context.ts";
import { maximumMessagesPerRow } from "../session-store.ts";
import { type Connected, send } from "../wire/connection.ts";
import { isFull, withSent } from "../wire/unheard.ts";
import { OutgoingTable } from "./outgoing.ts";
import type { Outgoing, OutgoingEvent } from "./outgoing-message.ts";
import { RememberedIds } from "./packet-id.ts";
import { Redistribution } from "./redistribution.ts";
import { sendMessage } from "./sending.ts";

/** A message is given up after this many DISCONNECTs in a row. Fewer may have another reason. */
const mostBlamed = 3;

/** Sequences; 0 for none. */
export type KeptOutbound = {
  /** Up to here, messages are in flight. */
  readonly inFlightThrough: number;
  /** Up to here, they may have been sent over an earlier connection. */
  readonly sentBeforeThrough: number;
  readonly rememberedIds: readonly string[];
};

export class Outbound {
  readonly redistribution: Redistribution;
  private readonly context: Context;
  private readonly table: OutgoingTable;
  /** What is not in flight, in order. */
  private queue: Outgoing[];
  private inFlight = 0;
  private readonly rememberedIds: RememberedIds;
  /** How often in a row the client has ended its connection over the same first message. */
  private blamed = { sequence: 0, times: 0 };
  /** QoS 0 messages that wait for a SUBACK to leave first; `undefined` while nothing is held back. */
  private held: Delivery[] | undefined;
  private heldBytes = 0;
  private closed = false;
  /** Whether anything was refused since the queue was closed. */
  private refused = false;

  constructor(context: Context, sentThrough: number) {
    this.context = context;
    this.table = new OutgoingTable(context, sentThrough);
    this.redistribution = new Redistribution(context, this.table);
    this.queue = this.table.all();
    this.rememberedIds = new RememberedIds(context);
  }

  /** The highest sequence, of those not acknowledged, that was ever sent; 0 for none. */
  get sentThrough(): number {
    return this.table.all().findLast((entry) => entry.isInFlight || entry.wasSentBefore)?.sequence ?? 0;
  }

  /** Messages that the client has to acknowledge. */
  get inFlightCount(): number {
    return this.inFlight;
  }

  /** The size of everything that the client has not acknowledged, sent or not. */
  get queueSize(): { readonly messages: number; readonly bytes: number } {
    return this.table.size;
  }

  /** Whether the queue takes nothing until its client is back, because its owner has used up its share of all queues. */
  get isClosed(): boolean {
    return this.closed;
  }

  set isClosed(isClosed: boolean) {
    this.closed = isClosed;
    this.refused = false;
  }

  /** Whether the queue has refused anything because it is closed. */
  get hasRefused(): boolean {
    return this.refused;
  }

  /** Whether a QoS 1 or 2 message that the client has not acknowledged, sent or not, is in memory only. */
  get hasUnstored(): boolean {
    return this.table.hasUnstored;
  }

  /** What a hibernation keeps beside the table. */
  get kept(): KeptOutbound {
    const all = this.table.all();
    return {
      inFlightThrough: all.findLast((entry) => entry.isInFlight)?.sequence ?? 0,
      sentBeforeThrough: all.findLast((entry) => entry.wasSentBefore)?.sequence ?? 0,
      rememberedIds: this.rememberedIds.latest,
    };
  }

  /** A new life of the session. */
  clear(): void {
    this.table.clear();
    this.queue = [];
    this.inFlight = 0;
    this.held = undefined;
    this.rememberedIds.clear();
  }

  /** Whether the limits of the queue leave room for this message, where need be in place of what has expired. */
  makeRoomFor(delivery: Delivery): boolean {
    if (delivery.qos === 0) return true;
    if (this.closed) {
      this.refused = true;
      return false;
    }
    if (this.table.hasRoomFor(delivery)) return true;
    // The queue of a client that is away, or takes nothing, would keep all that ever expired in it.
    this.dropExpired();
    return this.table.hasRoomFor(delivery);
  }

  /** Drops the messages that expired before they were sent. */
  dropExpired(): void {
    if (this.table.deleteExpired()) this.queue = this.queue.filter(({ state }) => state !== "gone");
  }

  /** Whether it is the repeat of a message that this session took. */
  hasAccepted({ message: { id } }: Delivery): boolean {
    return id !== "" && this.rememberedIds.has(id);
  }

  /**
   * Takes a message for the client; `flush` sends what it can.
   */
  accept(delivery: Delivery, connected: Connected | undefined): "accepted" | "accepted before" | "expired" | "no room" {
    if (isExpired(delivery.message, this.context.nowMs)) return "expired";
    if (delivery.qos === 0) {
      this.sendQos0(delivery, connected);
      return "accepted";
    }
    if (!this.makeRoomFor(delivery)) {
      // The answer to it was lost, and the queue is full by now: maybe with this very message.
      return this.hasAccepted(delivery) ? "accepted before" : "no room";
    }
    const { qos } = delivery;
    // An id and the message that it stands for are written together, or neither is.
    const isTwoRows = this.context.isDurable && delivery.message.id !== "";
    const entry = isTwoRows ? this.context.store.atomically(() => this.add(delivery, qos)) : this.add(delivery, qos);
    if (entry === undefined) return "accepted before";
    this.queue.push(entry);
    return "accepted";
  }

  /** @returns undefined for a repeat. A message has an id if it was published at QoS 2, also if it is delivered at QoS 1 */
  private add(delivery: Delivery, qos: 1 | 2): Outgoing | undefined {
    const { id } = delivery.message;
    if (id !== "" && !this.rememberedIds.add(id)) return undefined;
    return this.table.add(delivery, qos);
  }

  /** A client is connected: everything unacknowledged goes again, in order [MQTT-4.4.0-1]. */
  onConnected(): void {
    this.isClosed = false;
    this.inFlight = 0;
    this.held = undefined;
    this.queue = this.table.all();
  }

  /** The connection is gone: what was sent may be sent again. */
  onDisconnected(): void {
    this.inFlight = 0;
    this.context.counts.messagesDropped += this.held?.length ?? 0;
    this.held = undefined;
    for (const entry of this.table.all()) if (entry.isInFlight) entry.on("connection lost");
  }

  /** A crash took the connection. The disk does not say how much of the first window was sent. */
  onCrashed(): void {
    const { settings, store } = this.context;
    // A shared row brings back messages that were acknowledged, before those that were in flight.
    const most = settings.limits.maximumInFlight + (store.hasSharedRows ? maximumMessagesPerRow : 0);
    for (const entry of this.table.all().slice(0, most)) entry.on("found sent");
  }

  /** After a hibernation the connection goes on: what was in flight still is. */
  onAwoken({ inFlightThrough, sentBeforeThrough, rememberedIds }: KeptOutbound): void {
    this.rememberedIds.restore(rememberedIds);
    const all = this.table.all();
    for (const entry of all) {
      if (entry.sequence <= inFlightThrough) entry.on("found in flight");
      else if (entry.sequence <= sentBeforeThrough) entry.on("found sent");
    }
    this.queue = all.filter((entry) => !entry.isInFlight);
    this.inFlight = all.length - this.queue.length;
  }

  /** Holds everything back until `release`. */
  hold(): void {
    if (this.held !== undefined) return;
    this.held = [];
    this.heldBytes = 0;
  }

  release(connected: Connected): void {
    const held = this.held ?? [];
    this.held = undefined;
    for (const delivery of held) {
      if (isExpired(delivery.message, this.context.nowMs)) this.context.counts.messagesDropped += 1;
      else this.sendQos0(delivery, connected);
    }
    this.flush(connected);
  }

  /** Sends what the client's Receive Maximum lets through [MQTT-3.3.4-9]. */
  flush(connected: Connected): void {
    if (this.held !== undefined) return;
    let taken = 0;
    for (const entry of this.queue) {
      if (this.inFlight >= connected.receiveMaximum) break;
      if (entry.takes("sent")) this.sendNext(entry, connected);
      // What waits for the answer of other members holds up what follows: the order must hold [MQTT-4.6.0-5].
      else if (entry.state !== "gone") break;
      taken += 1;
    }
    if (taken > 0) this.queue.splice(0, taken);
  }

  /**
   * The other members of a shared subscription have answered, or cannot be asked.
   * @returns as `Redistribution.onAnswer`
   */
  onRedistributed(id: number, isTaken: boolean, connected: Connected | undefined): boolean {
    const hasLeft = this.redistribution.onAnswer(id, isTaken);
    if (connected !== undefined) this.flush(connected);
    return hasLeft;
  }

  onPuback(packetId: number, connected: Connected): void {
    const entry = this.table.get(packetId);
    if (!entry?.isInFlight) return;
    expectAnswer("PUBACK", entry.qos === 1);
    this.complete(entry, "PUBACK", connected);
  }

  onPubrec(packetId: number, reasonCode: number, connected: Connected): void {
    const entry = this.table.get(packetId);
    if (entry?.isInFlight) expectAnswer("PUBREC", entry.qos === 2);
    const isSent = entry?.qos === 2 && entry.takes("PUBREC");
    if (isError(reasonCode)) {
      if (isSent) this.complete(entry, "PUBREC with an error", connected);
      return;
    }
    if (isSent) this.table.release(entry);
    const pubrelCode = isSent ? ReasonCode.Success : ReasonCode.PacketIdentifierNotFound;
    send(this.context, connected, { type: "PUBREL", packetId, reasonCode: pubrelCode });
  }

  onPubcomp(packetId: number, connected: Connected): void {
    const entry = this.table.get(packetId);
    if (entry?.isInFlight) expectAnswer("PUBCOMP", entry.isReleased);
    if (entry?.takes("PUBCOMP")) this.complete(entry, "PUBCOMP", connected);
  }

  /**
   * An answer of the client ends its connection. It counts all the same, or its message would come again with every
   * connection, and end that too. It counts for the message in flight that it names, or if it names none, for the first.
   *
   * @param packetId 0 if the answer names none
   */
  onBrokenAnswer(packetId: number): void {
    const named = this.table.get(packetId);
    const entry = named?.isInFlight ? named : this.table.all().find(({ isInFlight }) => isInFlight);
    if (entry === undefined) return;
    this.inFlight -= 1;
    this.table.delete(entry, "given up");
  }

  /**
   * The client has ended its connection because it cannot use something that it was sent. It does not say which message. So
   * when this happens a few times in a row with the same message as the first unacknowledged one, that message is given up.
   */
  onRefusedByDisconnect(): void {
    const entry = this.table.all().find(({ isInFlight }) => isInFlight);
    if (entry === undefined) return;
    const { sequence } = entry;
    this.blamed = { sequence, times: this.blamed.sequence === sequence ? this.blamed.times + 1 : 1 };
    if (this.blamed.times < mostBlamed) return;
    this.inFlight -= 1;
    this.table.delete(entry, "given up");
    this.context.counts.messagesDropped += 1;
    this.context.warn("a message is given up", "its client has ended its connection over it three times in a row");
  }

  /** What `accept` has taken for a durable session goes to disk; before that nobody may get the answer that it was taken. */
  store(): void {
    this.table.storeTaken();
  }

  /** Before a hibernation: what is in memory only goes to disk. */
  spill(): void {
    this.table.spill();
  }

  private sendNext(entry: Outgoing, connected: Connected): void {
    const { packetId, state } = entry;
    if (state === "released") {
      send(this.context, connected, { type: "PUBREL", packetId, reasonCode: ReasonCode.Success });
    } else {
      const delivery = this.table.deliveryOf(entry);
      const dup = state === "sent before";
      if (delivery === undefined || sendMessage(this.context, connected, delivery, packetId, dup) === 0) {
        this.context.counts.messagesDropped += 1;
        this.table.delete(entry, "dropped");
        return;
      }
    }
    entry.on("sent");
    this.inFlight += 1;
  }

  private sendQos0(delivery: Delivery, connected: Connected | undefined): void {
    const { maximumQueuedMessages, maximumQueuedBytes } = this.context.settings.limits;
    const hasRoom = this.heldBytes < maximumQueuedBytes && (this.held?.length ?? 0) < maximumQueuedMessages;
    if (connected !== undefined && this.held !== undefined && hasRoom) {
      this.held.push(delivery);
      this.heldBytes += sizeOfMessage(delivery.message);
      return;
    }
    const isSent = connected !== undefined && this.held === undefined && this.sendUnheard(delivery, connected);
    if (!isSent) this.context.counts.messagesDropped += 1;
  }

  /** @returns false if the client has to be heard of first, and when the packet is too large for it */
  private sendUnheard(delivery: Delivery, connected: Connected): boolean {
    const { limits } = this.context.settings;
    if (isFull(connected.unheard, limits)) return false;
    // What the relay of a client counts too: its PINGREQ packets come through in time.
    const sentBytes = sendMessage(this.context, connected, delivery, 0, false);
    connected.unheard = withSent(connected.unheard, sentBytes, limits, this.context.nowMs);
    return sentBytes > 0;
  }

  private complete(entry: Outgoing, event: OutgoingEvent, connected: Connected): void {
    if (entry.isInFlight) this.inFlight -= 1;
    this.table.delete(entry, event);
    this.flush(connected);
  }
}

/**
 * What waits for one packet is not acknowledged by another, which ends the connection: see `onBrokenAnswer`. Section 4.3.
 */
function expectAnswer(type: string, isExpected: boolean): void {
  if (!isExpected)
    throw new ProtocolError(ReasonCode.ProtocolError, `${type} is not what this packet identifier waits for`);
}
