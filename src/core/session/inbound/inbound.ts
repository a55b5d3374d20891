// PUBLISH and PUBREL from the client. A message is forwarded to its topic object first, and acknowledged when that has
// answered, at QoS 1 and at QoS 2 alike. So PUBREC means that it is stored wherever it is owed. The states of a QoS 2 message
// are in incoming-message.ts. MQTT 5.0 section 4.3.

import { isOfBroker } from "../../access/rule-filter.ts";
import type { Message } from "../../message/message.ts";
import type { PublishPacket } from "../../packet/packet.ts";
import { isError, ReasonCode } from "../../packet/reason-code.ts";
import { ProtocolError } from "../../protocol-error.ts";
import { type Reached, textOfReached } from "../../shares/reached.ts";
import { shardOf } from "../../topic/shard.ts";
import type { Context } from "../context.ts";
import type { PublishToken, SocketId } from "../effect.ts";
import type { IncomingRow } from "../session-store.ts";
import { type Connected, send } from "../wire/connection.ts";
import { type PacketRefusal, refusalOfMessage } from "../wire/message-limits.ts";
import { checkMessageIsOffered } from "../wire/not-offered.ts";
import { resolveTopicName } from "../wire/topic-alias.ts";
import { ClientRate } from "./client-rate.ts";
import { Incoming, type IncomingEvent } from "./incoming-message.ts";

/** Packet identifiers of QoS 2 messages. */
export type KeptInbound = {
  /** Nobody is known to have taken them. */
  readonly interrupted: readonly number[];
  /** They came over an earlier connection, and take nothing of this one's Receive Maximum. */
  readonly leftOpen: readonly number[];
};

/** No socket has this number: the packet came before a restart. */
const noSocket: SocketId = 0;

function incomingOf({ packetId, messageId, isReceived }: IncomingRow): Incoming {
  return new Incoming(packetId, messageId, noSocket, isReceived ? "received, on disk" : "interrupted");
}

export class Inbound {
  private readonly context: Context;
  /** QoS 2 messages, by packet identifier. */
  private readonly incoming: Map<number, Incoming>;
  /** Messages that are in memory only. */
  private readonly unstored = new Set<Incoming>();
  /** The topic name of the last message, which was within the limits. */
  private lastTopicName: string | undefined;
  private readonly publishes: ClientRate;

  constructor(context: Context) {
    this.context = context;
    this.publishes = new ClientRate(context.settings.limits.maximumPublishRate, "messages");
    this.incoming = new Map(context.store.incoming().map((row) => [row.packetId, incomingOf(row)]));
  }

  /** QoS 2 exchanges that the client has begun and not ended. */
  get openCount(): number {
    return this.incoming.size;
  }

  /** Whether any is in memory only. */
  get hasUnstored(): boolean {
    return this.unstored.size > 0;
  }

  /** What a hibernation keeps beside the rows. */
  keptFor(socketId: SocketId): KeptInbound {
    const all = [...this.incoming.values()];
    return {
      interrupted: all.filter(({ state }) => state === "interrupted").map(({ packetId }) => packetId),
      leftOpen: all.filter((incoming) => incoming.socketId !== socketId).map(({ packetId }) => packetId),
    };
  }

  /** After a hibernation, which nothing under way lets happen; the connection over `socketId` goes on. */
  onAwoken({ interrupted, leftOpen }: KeptInbound, socketId: SocketId): void {
    for (const [packetId, incoming] of this.incoming) {
      if (!interrupted.includes(packetId)) incoming.on("found received");
      incoming.socketId = leftOpen.includes(packetId) ? noSocket : socketId;
    }
  }

  /** A new life of the session. */
  clear(): void {
    for (const incoming of this.incoming.values()) incoming.on("session over");
    this.incoming.clear();
    this.unstored.clear();
  }

  /** @throws {ProtocolError} which ends the connection */
  onPublish(connected: Connected, packet: PublishPacket): void {
    const { settings, counts } = this.context;
    const { packetId, qos } = packet;
    counts.messagesReceived += 1;
    counts.bytesReceived += packet.payload.length;
    this.publishes.check(this.context.nowMs);
    checkMessageIsOffered(packet, settings.capabilities);
    const topicName = resolveTopicName(
      connected.incomingAliases,
      packet.topicName,
      packet.topicAlias,
      settings.limits.topicAliasMaximum,
    );
    const again = qos === 2 ? this.incoming.get(packetId) : undefined;
    if (again !== undefined && again.state !== "interrupted") {
      // [MQTT-4.3.3-10]; while it is being forwarded, PUBREC follows by itself.
      again.on("PUBLISH again");
      again.socketId = connected.socketId;
      if (again.isReceived) send(this.context, connected, { type: "PUBREC", packetId, reasonCode: 0 });
      return;
    }
    const refusal = this.refusalOf(topicName, packet, connected.isBridge);
    if (refusal !== undefined) {
      if (again !== undefined) this.forget(again, "PUBLISH refused");
      if (isOfBroker(topicName)) this.context.warn("a message below $SYS is refused", refusal.why);
      refuse(this.context, connected, packet, refusal);
      return;
    }
    // Receive Maximum is not checked at QoS 1: only this broker delays the acknowledgement, and the lane bounds what waits.
    if (qos === 2 && again === undefined) this.checkReceiveMaximum(connected);
    const id = qos === 2 ? this.remember(connected, packetId, again) : "";
    const message = messageOf(packet, id, topicName, this.context.nowMs);
    const by = packet.retain ? this.context.requester(connected.protocolVersion === 5 && qos > 0) : undefined;
    this.context.request(
      shardOf(topicName, settings.topicShards),
      { type: again === undefined ? "publish" : "publish again", message, by },
      qos === 0 ? undefined : { type: "publish", packetId, qos, socketId: connected.socketId, messageId: id },
    );
  }

  /**
   * The topic object answered: every session that the message is owed to has it.
   * @param reached the limit that is behind a refusal
   */
  onForwarded(connected: Connected | undefined, token: PublishToken, reasonCode: number, reached?: Reached): void {
    const { packetId } = token;
    const reasonString = reached && textOfReached(reached);
    if (token.qos === 1) {
      if (connected?.socketId !== token.socketId) return;
      send(this.context, connected, { type: "PUBACK", packetId, reasonCode, reasonString });
      return;
    }
    const incoming = this.exchangeOf(token);
    if (incoming === undefined) return;
    const isHeard = connected?.socketId === incoming.socketId;
    if (!isError(reasonCode)) incoming.on("answered");
    // With nobody to hear of the refusal, the client sends it again: as the same message, which some may have.
    else if (isHeard) this.forget(incoming, "refused");
    else incoming.on("refused unheard");
    if (isHeard) send(this.context, connected, { type: "PUBREC", packetId, reasonCode, reasonString });
    else if (!this.unstored.has(incoming)) this.put(incoming);
  }

  /**
   * Nobody knows whether the topic object has it.
   * @returns the connection that waits for the acknowledgement
   */
  onUnanswered(token: PublishToken): SocketId {
    const incoming = token.qos === 2 ? this.exchangeOf(token) : undefined;
    if (incoming === undefined) return token.socketId;
    incoming.on("unanswered");
    return incoming.socketId;
  }

  /** The client ends a QoS 2 exchange [MQTT-4.3.3-11]. */
  onPubrel(connected: Connected, packetId: number): void {
    const incoming = this.incoming.get(packetId);
    if (incoming !== undefined) this.forget(incoming, "PUBREL");
    const reasonCode = incoming === undefined ? ReasonCode.PacketIdentifierNotFound : ReasonCode.Success;
    send(this.context, connected, { type: "PUBCOMP", packetId, reasonCode });
  }

  /** Before a hibernation: what is in memory only goes to disk. */
  spill(): void {
    for (const incoming of this.unstored) this.put(incoming);
  }

  /**
   * The connection of a durable session is gone. That a message was received is written only now: most exchanges
   * never come to this, and an open one may go on after the message's id is forgotten everywhere.
   */
  onDisconnected(): void {
    for (const incoming of this.incoming.values()) if (incoming.state === "received") this.put(incoming);
  }

  private put(incoming: Incoming): void {
    const { packetId, messageId, isReceived } = incoming;
    this.context.store.putIncoming({ packetId, messageId, isReceived });
    this.unstored.delete(incoming);
    if (incoming.takes("written")) incoming.on("written");
  }

  /** The exchange that the token belongs to: another may have its packet identifier by now. */
  private exchangeOf({ packetId, messageId }: PublishToken): Incoming | undefined {
    const incoming = this.incoming.get(packetId);
    return incoming?.messageId === messageId ? incoming : undefined;
  }

  private remember({ socketId }: Connected, packetId: number, again: Incoming | undefined): string {
    if (again !== undefined) {
      again.on("PUBLISH again");
      again.socketId = socketId;
      return again.messageId;
    }
    const messageId = this.context.newMessageId(this.context.ownGeneration);
    const incoming = new Incoming(packetId, messageId, socketId, "forwarding");
    this.incoming.set(packetId, incoming);
    // The identifiers of a durable session are on disk before PUBREC.
    if (this.context.isDurable) this.put(incoming);
    else this.unstored.add(incoming);
    return messageId;
  }

  /** @param event after it the message is over */
  private forget(incoming: Incoming, event: IncomingEvent): void {
    const { packetId } = incoming;
    incoming.on(event);
    this.incoming.delete(packetId);
    if (!this.unstored.delete(incoming)) this.context.store.deleteIncoming(packetId);
  }

  private checkReceiveMaximum(connected: Connected): void {
    // Before MQTT 5.0 no packet announces a maximum. The number of packet identifiers is the limit.
    if (connected.protocolVersion !== 5) return;
    const { receiveMaximum } = this.context.settings.limits;
    // The client's quota is full again with each connection: what an earlier one left open takes none of it.
    const isSuspect = this.incoming.size >= receiveMaximum;
    if (isSuspect && this.openOver(connected.socketId) >= receiveMaximum) {
      // [MQTT-3.3.4-7]
      const message = `more than ${receiveMaximum} messages are not acknowledged yet`;
      throw new ProtocolError(ReasonCode.ReceiveMaximumExceeded, message);
    }
  }

  private openOver(socketId: SocketId): number {
    let count = 0;
    for (const incoming of this.incoming.values()) if (incoming.socketId === socketId) count += 1;
    return count;
  }

  private refusalOf(topicName: string, packet: PublishPacket, isBridge: boolean): PacketRefusal | undefined {
    const { access, settings } = this.context;
    // Most clients go on with the topic that they began with.
    const isKnownToFit = topicName === this.lastTopicName && packet.properties.length === 0;
    const refusal = isKnownToFit ? undefined : refusalOfMessage(topicName, packet.properties, settings.limits);
    if (refusal !== undefined) return refusal;
    this.lastTopicName = topicName;
    if (!packet.isPayloadAsIndicated) {
      return { reasonCode: ReasonCode.PayloadFormatInvalid, why: "the payload is not UTF-8, as its indicator says" };
    }
    const { qos, retain } = packet;
    const whyNot = access.whyNotPublish({ topicName, qos, retain }, isBridge);
    return whyNot === undefined ? undefined : { reasonCode: ReasonCode.NotAuthorized, why: whyNot };
  }
}

/**
 * MQTT 3.x has no way to refuse a message: it is acknowledged and goes nowhere. QoS 0 is dropped in silence, but for a
 * payload that is not what it says: there the standard has DISCONNECT. Section 3.3.2.3.2.
 */
function refuse(context: Context, connected: Connected, packet: PublishPacket, refusal: PacketRefusal): void {
  context.counts.messagesDropped += 1;
  if (packet.qos === 0) {
    if (refusal.reasonCode === ReasonCode.PayloadFormatInvalid)
      throw new ProtocolError(refusal.reasonCode, refusal.why);
    return;
  }
  const type = packet.qos === 1 ? "PUBACK" : "PUBREC";
  const { packetId } = packet;
  send(context, connected, { type, packetId, reasonCode: refusal.reasonCode, reasonString: refusal.why });
}

function messageOf(packet: PublishPacket, id: string, topicName: string, nowMs: number): Message {
  const { qos, retain, messageExpirySec, properties, payload } = packet;
  const expiresAtMs = messageExpirySec === undefined ? 0 : nowMs + messageExpirySec * 1000;
  return { id, topicName, qos, retain, expiresAtMs, properties, payload };
}
