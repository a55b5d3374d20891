// SUBSCRIBE and UNSUBSCRIBE: checks every filter, asks the topic objects, and answers when all have. MQTT 5.0
// sections 3.8 to 3.11.

import type { QoS } from "../../message/message.ts";
import type { SubscribePacket, SubscriptionRequest, UnsubscribePacket } from "../../packet/packet.ts";
import { isError, ReasonCode } from "../../packet/reason-code.ts";
import { ProtocolError } from "../../protocol-error.ts";
import { shardsOf } from "../../topic/shard.ts";
import { isSharedText, parseTopicFilter, type TopicFilter } from "../../topic/topic-filter.ts";
import { isSameSubscription, type TopicRequest, type TopicSubscription } from "../../topic/topic-request.ts";
import type { Context } from "../context.ts";
import type { FilterToken, SocketId } from "../effect.ts";
import { withBridgeOptions } from "../wire/bridge.ts";
import { type Connected, send } from "../wire/connection.ts";
import { topicLimitsOf } from "../wire/message-limits.ts";
import { checkSubscribeIsOffered, refusalOfFilter } from "../wire/not-offered.ts";
import { ClientRate } from "./client-rate.ts";
import { expectAnswerFits, type PendingFilters, pendingOf } from "./pending-filters.ts";

export class Subscribing {
  private readonly context: Context;
  /** By topic filter, as the client asked for them; on disk once the shards have answered. */
  private readonly subscriptions = new Map<string, TopicSubscription>();
  /** The shards that were ever asked to subscribe in this life of the session. */
  private readonly shards = new Set<number>();
  /** The subscriptions on disk, of a durable session. A client that comes back and subscribes to the same writes nothing. */
  private readonly stored = new Map<string, TopicSubscription>();
  /** The result of `all`, until the subscriptions change. */
  private list: readonly TopicSubscription[] | undefined;
  private sharedCount = 0;
  private openSubscribes = 0;
  /** Packets that wait for shards, by id. */
  private readonly pending = new Map<number, PendingFilters>();
  private lastPendingId = 0;
  /** Whether it has been logged that this connection asks for too many. */
  private isFullLogged = false;
  /** The rate of topic filters in SUBSCRIBE and UNSUBSCRIBE. */
  private readonly asked: ClientRate;

  constructor(context: Context) {
    this.context = context;
    this.asked = new ClientRate(context.settings.limits.maximumSubscribeRate, "topic filters");
    const onDisk = context.store.subscriptions();
    this.restore(onDisk);
    for (const subscription of onDisk) this.stored.set(subscription.topicFilter, subscription);
  }

  /** Whether any is a shared one. */
  get hasShared(): boolean {
    return this.sharedCount > 0;
  }

  /** All subscriptions. The list is the same object until they change. */
  all(): readonly TopicSubscription[] {
    this.list ??= [...this.subscriptions.values()];
    return this.list;
  }

  /** From the disk, or from the snapshot of a session that ends with its connection. */
  restore(subscriptions: readonly TopicSubscription[]): void {
    const isWhole = this.subscriptions.size === 0;
    for (const subscription of subscriptions) {
      this.put(subscription);
      for (const shard of this.shardsOfText(subscription.topicFilter)) this.shards.add(shard);
    }
    if (isWhole) this.list = subscriptions;
  }

  /** While true, SUBACK has to leave before anything else does. */
  get isSubscribing(): boolean {
    return this.openSubscribes > 0;
  }

  onConnected(): void {
    this.openSubscribes = 0;
    this.isFullLogged = false;
  }

  /** This life of the session is over: the shards forget its subscriptions. */
  end(): void {
    const generation = this.context.ownGeneration;
    for (const shard of this.shards) this.context.request(shard, { type: "end", generation }, undefined);
    this.shards.clear();
    this.subscriptions.clear();
    this.stored.clear();
    this.list = undefined;
    this.sharedCount = 0;
    this.openSubscribes = 0;
    this.pending.clear();
  }

  /**
   * The shards have changed: registers all subscriptions with the present ones.
   * @param id of the registration, which each answer belongs to
   * @returns how many answers follow
   */
  registerAgain(id: number): number {
    const generation = this.context.ownGeneration;
    let requests = 0;
    for (const subscription of this.subscriptions.values()) {
      const by = this.context.requester(false);
      const request = { type: "subscribe", generation, subscription, sendRetained: false, by } as const;
      for (const shard of this.shardsOfText(subscription.topicFilter)) {
        requests += 1;
        this.context.request(shard, request, { type: "registration", id });
      }
    }
    return requests;
  }

  /**
   * @throws {ProtocolError} 0x82 for No Local on a shared subscription [MQTT-3.8.3-4]; 0x95 if SUBACK would be
   * too large for the client; 0x96 if it subscribes too often; see checkSubscribeIsOffered
   */
  onSubscribe(connected: Connected, packet: SubscribePacket): void {
    this.asked.check(this.context.nowMs, packet.subscriptions.length);
    expectAnswerFits(connected, packet.subscriptions.length);
    const { access, settings } = this.context;
    const { limits, capabilities } = settings;
    const topicLimits = topicLimitsOf(limits);
    const asked = packet.subscriptions.map((request) => ({
      request: {
        ...withBridgeOptions(connected, request),
        // Granted as far as there is [MQTT-3.2.2-10].
        qos: Math.min(request.qos, capabilities.maximumQos, access.maximumQos) as QoS,
      },
      parsed: parseTopicFilter(request.topicFilter, topicLimits),
    }));
    if (asked.some(({ request, parsed }) => request.noLocal && parsed?.shareName !== undefined)) {
      throw new ProtocolError(ReasonCode.ProtocolError, "No Local cannot be set on a shared subscription");
    }
    const { socketId, protocolVersion } = connected;
    if (protocolVersion === 5) {
      const filters = asked.map(({ parsed }) => parsed);
      checkSubscribeIsOffered(packet, filters, capabilities);
    }
    const pending = this.begin("SUBACK", packet.packetId, socketId);
    const { generation } = pending;
    this.openSubscribes += 1;
    // As if each filter had come in a SUBSCRIBE of its own [MQTT-3.8.4-5].
    for (const { request, parsed } of asked) {
      const index = pending.reasonCodes.length;
      const replaced = this.subscriptions.get(request.topicFilter);
      const isNew = replaced === undefined;
      const refusal = this.refusalOf(request.topicFilter, parsed, isNew);
      pending.reasonCodes.push(refusal ?? request.qos);
      pending.subscriptions.push(undefined);
      if (refusal !== undefined || parsed === undefined) continue;
      const subscription = subscriptionOf(request, packet.subscriptionIdentifier ?? 0);
      pending.subscriptions[index] = subscription;
      pending.replaced[index] = replaced;
      this.put(subscription);
      // [MQTT-3.3.1-9] to [MQTT-3.3.1-11]
      const sendRetained = request.retainHandling === 0 || (request.retainHandling === 1 && isNew);
      for (const shard of shardsOf(parsed, this.context.settings.topicShards)) {
        pending.openRequests += 1;
        this.shards.add(shard);
        const by = this.context.requester(true);
        const topicRequest = { type: "subscribe", generation, subscription, sendRetained, by } as const;
        this.context.request(shard, topicRequest, { type: "filter", id: pending.id, index });
      }
    }
    this.answerIfComplete(connected, pending);
  }

  /** @throws {ProtocolError} 0x95 if UNSUBACK would be too large for the client; 0x96 as with SUBSCRIBE */
  onUnsubscribe(connected: Connected, packet: UnsubscribePacket): void {
    this.asked.check(this.context.nowMs, packet.topicFilters.length);
    expectAnswerFits(connected, packet.topicFilters.length);
    const pending = this.begin("UNSUBACK", packet.packetId, connected.socketId);
    const { generation } = pending;
    // As if each filter had come in an UNSUBSCRIBE of its own [MQTT-3.10.4-6].
    for (const topicFilter of packet.topicFilters) {
      const index = pending.reasonCodes.length;
      const subscription = this.subscriptions.get(topicFilter);
      pending.reasonCodes.push(this.unsubscribedCode(topicFilter));
      pending.subscriptions.push(subscription);
      if (subscription === undefined) continue;
      this.delete(topicFilter);
      for (const shard of this.shardsOfText(topicFilter)) {
        pending.openRequests += 1;
        const topicRequest = { type: "unsubscribe", generation, topicFilter } as const;
        this.context.request(shard, topicRequest, { type: "filter", id: pending.id, index });
      }
    }
    this.answerIfComplete(connected, pending);
  }

  /** The session's rules may have changed: what they do not allow is taken back, or lowered. */
  revise(): void {
    const { access, isDurable, ownGeneration: generation } = this.context;
    for (const subscription of this.all()) {
      const { topicFilter } = subscription;
      if (!access.maySubscribe(topicFilter)) {
        this.delete(topicFilter);
        if (isDurable) this.deleteStored(topicFilter);
        this.send(topicFilter, { type: "unsubscribe", generation, topicFilter });
      } else if (subscription.qos > access.maximumQos) {
        const lowered = { ...subscription, qos: access.maximumQos };
        this.put(lowered);
        if (isDurable) this.putStored(lowered);
        this.send(topicFilter, { type: "subscribe", generation, subscription: lowered, sendRetained: false });
      }
    }
  }

  /** Sends a request whose answer changes nothing. */
  private send(topicFilter: string, request: TopicRequest): void {
    for (const shard of this.shardsOfText(topicFilter)) this.context.request(shard, request, undefined);
  }

  private begin(type: PendingFilters["type"], packetId: number, socketId: SocketId): PendingFilters {
    const generation = this.context.ownGeneration;
    this.lastPendingId += 1;
    const pending = pendingOf(this.lastPendingId, type, packetId, socketId, generation);
    this.pending.set(pending.id, pending);
    return pending;
  }

  /**
   * One shard has answered for one filter, or could not be reached.
   * @returns false if the life of the session that asked is over
   */
  onAnswer(connected: Connected | undefined, { id, index }: FilterToken, code: number): boolean {
    const pending = this.pending.get(id);
    if (pending === undefined) return false;
    pending.openRequests -= 1;
    // UNSUBACK has fewer codes: none for a lane that is full, say. MQTT 5.0 section 3.11.3.
    if (isError(code)) pending.reasonCodes[index] = pending.type === "SUBACK" ? code : ReasonCode.UnspecifiedError;
    if (pending.openRequests === 0) this.keep(pending);
    if (pending.openRequests === 0) this.pending.delete(id);
    if (connected?.socketId === pending.socketId) this.answerIfComplete(connected, pending);
    return true;
  }

  private answerIfComplete(connected: Connected, pending: PendingFilters): void {
    if (pending.openRequests > 0) return;
    const { id, type, packetId, reasonCodes } = pending;
    this.pending.delete(id);
    if (type === "SUBACK") this.openSubscribes -= 1;
    send(this.context, connected, { type, packetId, reasonCodes });
  }

  /** What was granted is on disk before SUBACK leaves; what was taken back is gone before UNSUBACK does. */
  private keep(pending: PendingFilters): void {
    const { isDurable } = this.context;
    for (const [index, subscription] of pending.subscriptions.entries()) {
      if (subscription === undefined) continue;
      const { topicFilter } = subscription;
      if (isError(pending.reasonCodes[index] ?? 0)) {
        this.takeBack(pending, index, subscription);
      } else if (isDurable) {
        if (pending.type === "SUBACK") this.putStored(subscription);
        else this.deleteStored(topicFilter);
      }
    }
  }

  /** A shard could not be reached, though others may have done their part. What was granted before stays granted. */
  private takeBack(pending: PendingFilters, index: number, subscription: TopicSubscription): void {
    const { type, generation } = pending;
    const { topicFilter } = subscription;
    const present = this.subscriptions.get(topicFilter);
    if (type === "UNSUBACK") {
      // It counts as subscribed still: the client can try again.
      if (present === undefined) this.put(subscription);
      return;
    }
    if (present !== subscription) return;
    const before = this.context.isDurable ? this.stored.get(topicFilter) : pending.replaced[index];
    if (before === undefined) {
      this.delete(topicFilter);
      this.send(topicFilter, { type: "unsubscribe", generation, topicFilter });
      return;
    }
    this.put(before);
    const by = this.context.requester(false);
    this.send(topicFilter, { type: "subscribe", generation, subscription: before, sendRetained: false, by });
  }

  private put(subscription: TopicSubscription): void {
    const { topicFilter } = subscription;
    if (!this.subscriptions.has(topicFilter) && isSharedText(topicFilter)) this.sharedCount += 1;
    this.subscriptions.set(topicFilter, subscription);
    this.list = undefined;
  }

  private delete(topicFilter: string): void {
    if (this.subscriptions.delete(topicFilter) && isSharedText(topicFilter)) this.sharedCount -= 1;
    this.list = undefined;
  }

  private putStored(subscription: TopicSubscription): void {
    const { topicFilter } = subscription;
    const before = this.stored.get(topicFilter);
    if (before !== undefined && isSameSubscription(before, subscription)) return;
    this.context.store.putSubscription(subscription);
    this.stored.set(topicFilter, subscription);
  }

  private deleteStored(topicFilter: string): void {
    this.context.store.deleteSubscription(topicFilter);
    this.stored.delete(topicFilter);
  }

  private unsubscribedCode(topicFilter: string): number {
    if (parseTopicFilter(topicFilter) === undefined) return ReasonCode.TopicFilterInvalid;
    return this.subscriptions.has(topicFilter) ? ReasonCode.Success : ReasonCode.NoSubscriptionExisted;
  }

  private refusalOf(topicFilter: string, parsed: TopicFilter | undefined, isNew: boolean): number | undefined {
    const { access, settings } = this.context;
    const { limits, capabilities } = settings;
    if (parsed === undefined) return ReasonCode.TopicFilterInvalid;
    const notOffered = refusalOfFilter(parsed, capabilities);
    if (notOffered !== undefined) return notOffered.reasonCode;
    if (!access.maySubscribe(topicFilter)) return ReasonCode.NotAuthorized;
    if (!isNew || this.subscriptions.size < limits.maximumSubscriptions) return undefined;
    this.logFull(limits.maximumSubscriptions);
    return ReasonCode.QuotaExceeded;
  }

  /** Logs it once for each connection, for the operator, because many MQTT 3.x clients ignore SUBACK. */
  private logFull(most: number): void {
    if (this.isFullLogged) return;
    this.isFullLogged = true;
    const reason = `it holds ${most}: raise MAXIMUM_SUBSCRIPTIONS, or have it use wildcards`;
    this.context.effect({ type: "log", event: "a session is refused more subscriptions", reason });
  }

  private shardsOfText(topicFilter: string): number[] {
    const parsed = parseTopicFilter(topicFilter);
    return parsed === undefined ? [] : shardsOf(parsed, this.context.settings.topicShards);
  }
}

function subscriptionOf(request: SubscriptionRequest, subscriptionIdentifier: number): TopicSubscription {
  const { topicFilter, qos, noLocal, retainAsPublished } = request;
  return { topicFilter, qos, noLocal, retainAsPublished, subscriptionIdentifier };
}
