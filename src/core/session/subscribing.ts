// SUBSCRIBE and UNSUBSCRIBE: checks every filter, asks the topic objects, and answers when all have. MQTT 5.0
// sections 3.8 to 3.11.

import type { SubscribePacket, SubscriptionRequest, UnsubscribePacket } from "../packet/packet.ts";
import { isError, ReasonCode } from "../packet/reason-code.ts";
import { ProtocolError } from "../protocol-error.ts";
import { shardsOf } from "../topic/shard.ts";
import { parseTopicFilter, type TopicFilter } from "../topic/topic-filter.ts";
import { levelCount } from "../topic/topic-name.ts";
import type { TopicSubscription } from "../topic/topic-request.ts";
import { type Connected, send } from "./connection.ts";
import type { Context } from "./context.ts";
import type { SocketId } from "./effect.ts";

/** A SUBSCRIBE or UNSUBSCRIBE whose answers are on their way. */
export type PendingFilters = {
  readonly type: "SUBACK" | "UNSUBACK";
  readonly packetId: number;
  readonly socketId: SocketId;
  readonly generation: string;
  /** In the order of the filters [MQTT-3.9.3-1]. */
  readonly reasonCodes: number[];
  /** What to keep, per filter, once all its shards have answered. */
  readonly subscriptions: readonly (TopicSubscription | undefined)[];
  openRequests: number;
};

export class Subscribing {
  private readonly context: Context;
  /** By topic filter. */
  private readonly subscriptions = new Map<string, TopicSubscription>();
  /** Those that were ever asked to subscribe in this life of the session. */
  private readonly shards = new Set<number>();
  private openSubscribes = 0;

  constructor(context: Context) {
    this.context = context;
    this.restore(context.store.subscriptions());
  }

  all(): TopicSubscription[] {
    return [...this.subscriptions.values()];
  }

  /** From the disk, or from the snapshot of a session that ends with its connection. */
  restore(subscriptions: readonly TopicSubscription[]): void {
    for (const subscription of subscriptions) {
      this.subscriptions.set(subscription.topicFilter, subscription);
      for (const shard of this.shardsOfText(subscription.topicFilter)) this.shards.add(shard);
    }
  }

  /** While true, SUBACK has to leave before anything else does. */
  get isSubscribing(): boolean {
    return this.openSubscribes > 0;
  }

  onConnected(): void {
    this.openSubscribes = 0;
  }

  /** This life of the session is over: the shards forget its subscriptions. */
  end(generation: string): void {
    for (const shard of this.shards) this.context.request(shard, { type: "end", generation }, undefined);
    this.shards.clear();
    this.subscriptions.clear();
    this.openSubscribes = 0;
  }

  /** The shards have changed since they were told: tells the present ones. */
  registerAgain(generation: string): void {
    for (const subscription of this.subscriptions.values()) {
      const request = { type: "subscribe", generation, subscription, sendRetained: false } as const;
      for (const shard of this.shardsOfText(subscription.topicFilter)) this.context.request(shard, request, undefined);
    }
  }

  /** @throws {ProtocolError} 0x82 for No Local on a shared subscription [MQTT-3.8.3-4] */
  onSubscribe(connected: Connected, packet: SubscribePacket, generation: string): void {
    const asked = packet.subscriptions.map((request) => ({ request, parsed: parseTopicFilter(request.topicFilter) }));
    if (asked.some(({ request, parsed }) => request.noLocal && parsed?.shareName !== undefined)) {
      throw new ProtocolError(ReasonCode.ProtocolError, "No Local cannot be set on a shared subscription");
    }
    let count = this.subscriptions.size;
    const isNew = (filter: string, index: number) =>
      !this.subscriptions.has(filter) && packet.subscriptions.findIndex((one) => one.topicFilter === filter) === index;
    const reasonCodes = asked.map(({ request, parsed }, index) => {
      if (isNew(request.topicFilter, index)) count += 1;
      return this.refusalOf(request.topicFilter, parsed, count) ?? request.qos;
    });
    const subscriptions = asked.map(({ request }, index) =>
      isError(reasonCodes[index] ?? 0) ? undefined : subscriptionOf(request, packet.subscriptionIdentifier ?? 0),
    );
    const { socketId } = connected;
    const pending: PendingFilters = {
      type: "SUBACK",
      packetId: packet.packetId,
      socketId,
      generation,
      reasonCodes,
      subscriptions,
      openRequests: 0,
    };
    this.openSubscribes += 1;
    for (const [index, { request, parsed }] of asked.entries()) {
      const subscription = subscriptions[index];
      if (subscription === undefined || parsed === undefined) continue;
      // [MQTT-3.3.1-9] to [MQTT-3.3.1-11]
      const sendRetained =
        request.retainHandling === 0 || (request.retainHandling === 1 && isNew(request.topicFilter, index));
      for (const shard of shardsOf(parsed, this.context.settings.topicShards)) {
        pending.openRequests += 1;
        this.shards.add(shard);
        const topicRequest = { type: "subscribe", generation, subscription, sendRetained } as const;
        this.context.request(shard, topicRequest, { type: "filter", pending, index });
      }
    }
    this.answerIfComplete(connected, pending);
  }

  onUnsubscribe(connected: Connected, packet: UnsubscribePacket, generation: string): void {
    const pending: PendingFilters = {
      type: "UNSUBACK",
      packetId: packet.packetId,
      socketId: connected.socketId,
      generation,
      reasonCodes: packet.topicFilters.map((topicFilter) => this.unsubscribedCode(topicFilter)),
      subscriptions: packet.topicFilters.map((topicFilter) => this.subscriptions.get(topicFilter)),
      openRequests: 0,
    };
    for (const [index, topicFilter] of packet.topicFilters.entries()) {
      if (!this.subscriptions.has(topicFilter)) continue;
      for (const shard of this.shardsOfText(topicFilter)) {
        pending.openRequests += 1;
        const topicRequest = { type: "unsubscribe", generation, topicFilter } as const;
        this.context.request(shard, topicRequest, { type: "filter", pending, index });
      }
    }
    this.answerIfComplete(connected, pending);
  }

  /** One shard has answered for one filter, or could not be reached. */
  onAnswer(
    connected: Connected | undefined,
    pending: PendingFilters,
    index: number,
    code: number,
    isDurable: boolean,
  ): void {
    pending.openRequests -= 1;
    if (isError(code)) pending.reasonCodes[index] = code;
    if (pending.openRequests === 0) this.keep(pending, isDurable);
    if (connected?.socketId === pending.socketId) this.answerIfComplete(connected, pending);
  }

  private answerIfComplete(connected: Connected, pending: PendingFilters): void {
    if (pending.openRequests > 0) return;
    const { type, packetId, reasonCodes } = pending;
    if (type === "SUBACK") this.openSubscribes -= 1;
    send(this.context, connected, { type, packetId, reasonCodes });
  }

  /** What was granted is kept before SUBACK leaves; what was taken back, before UNSUBACK. */
  private keep(pending: PendingFilters, isDurable: boolean): void {
    for (const [index, subscription] of pending.subscriptions.entries()) {
      if (subscription === undefined || isError(pending.reasonCodes[index] ?? 0)) continue;
      if (pending.type === "SUBACK") {
        this.subscriptions.set(subscription.topicFilter, subscription);
        if (isDurable) this.context.store.putSubscription(subscription);
      } else {
        this.subscriptions.delete(subscription.topicFilter);
        if (isDurable) this.context.store.deleteSubscription(subscription.topicFilter);
      }
    }
  }

  private unsubscribedCode(topicFilter: string): number {
    const parsed = parseTopicFilter(topicFilter);
    if (parsed === undefined) return ReasonCode.TopicFilterInvalid;
    return this.subscriptions.has(topicFilter) ? ReasonCode.Success : ReasonCode.NoSubscriptionExisted;
  }

  private refusalOf(topicFilter: string, parsed: TopicFilter | undefined, count: number): number | undefined {
    const { limits, clientId, accessControl } = this.context.settings;
    if (parsed === undefined || levelCount(topicFilter) > limits.maximumTopicLevels)
      return ReasonCode.TopicFilterInvalid;
    const decision = accessControl({ action: "subscribe", clientId, topicFilter });
    if (isError(decision)) return decision;
    return count > limits.maximumSubscriptions ? ReasonCode.QuotaExceeded : undefined;
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
