// One shard of the topic tree: who subscribes to what, which messages are retained, and whom a publish goes to.
// Does not know how a delivery travels. MQTT 5.0 sections 3.3.1.3, 3.3.4, 4.7 and 4.8.

import type { Capabilities } from "../capabilities.ts";
import type { Limits } from "../limits.ts";
import { isExpired, type Message, type QoS } from "../message/message.ts";
import { ReasonCode } from "../packet/reason-code.ts";
import { unknownHolder } from "../shares/holder.ts";
import { answerOf } from "../shares/reached.ts";
import { type ReachedNote, ReachedNotes } from "../shares/reached-notes.ts";
import type { SharedLimitUse } from "../shares/shared-limit-use.ts";
import { SharedRoom } from "../shares/shared-room.ts";
import { hashOf } from "./hash.ts";
import { type Recipient, Recipients, recipientOf } from "./recipient.ts";
import { type RetainedCursor, RetainedMessages, type RetainedPage, type RetainedSize } from "./retained.ts";
import type { RetainedDeletion, RetainedList, RetainedQuery } from "./retained-list.ts";
import { SubscriptionTree } from "./subscription-tree.ts";
import { isSharedText, parseTopicFilter, type TopicFilter } from "./topic-filter.ts";
import { levelCount } from "./topic-name.ts";
import {
  isSameSubscription,
  type RedistributeRequest,
  type Requester,
  type TopicSubscription,
} from "./topic-request.ts";
import type { RetainedTotals, Subscriber, TopicStore } from "./topic-store.ts";

/** Whom a publish goes to. */
export type Route = {
  readonly recipients: readonly Recipient[];
  /** One list per shared subscription: one of its members gets the message, the first that takes it. */
  readonly groups: readonly (readonly Recipient[])[];
};

export type TopicSettings = { readonly limits: Limits; readonly capabilities: Capabilities };

export type SubscribeOptions = {
  readonly sendRetained?: boolean;
  readonly by?: Requester | undefined;
  readonly nowMs?: number;
};

/** Groups whose next member is remembered. If there are more, all begin with their first member again. */
const maximumRoundRobins = 10_000;
/** The memory that one level uses in the tree, without its text: measured. */
const levelBytes = 280;

export class Topic {
  private readonly store: TopicStore;
  private readonly capabilities: Capabilities;
  private readonly tree = new SubscriptionTree<Subscriber>();
  /** The subscriptions of each client, by filter. */
  private readonly filtersOf = new Map<string, Map<string, Subscriber>>();
  /** The estimated memory of the tree, by the holders of its subscriptions. */
  private readonly treeBytes: SharedRoom;
  /** The position of the member that is asked first next time, by group. */
  private readonly nextMembers = new Map<string, number>();
  /** What has replaced a subscription without asking for the retained messages itself. */
  private readonly successors = new WeakMap<Subscriber, Subscriber>();
  private readonly retained: RetainedMessages;
  private readonly notes = new ReachedNotes();

  /** @param randomId a fresh identifier with every call */
  constructor(store: TopicStore, { limits, capabilities }: TopicSettings, randomId: () => string) {
    this.store = store;
    this.capabilities = capabilities;
    this.retained = new RetainedMessages(store, limits, randomId);
    this.treeBytes = new SharedRoom(limits.maximumSubscriptionBytes, limits.sharePercent);
    // All subscriptions of a holder share one text, although each row has its own.
    const holders = new Map<string, string>();
    for (const subscriber of store.subscribers()) {
      const holder = holders.get(subscriber.holder) ?? subscriber.holder;
      holders.set(holder, holder);
      this.grow(this.withinMaximumQos({ ...subscriber, holder }));
    }
  }

  get subscriptionCount(): number {
    return this.tree.size;
  }

  /**
   * Adds or replaces a subscription [MQTT-3.8.4-3].
   * @param options `sendRetained`: whether the caller will send it the retained messages; `by`: who asks, if that is known
   * @returns the subscriber, or the answer of a refusal (see `answerOf`), in which case nothing has changed
   */
  subscribe(
    clientId: string,
    generation: string,
    subscription: TopicSubscription,
    { sendRetained = false, by, nowMs = 0 }: SubscribeOptions = {},
  ): Subscriber | number {
    const replaced = this.filtersOf.get(clientId)?.get(subscription.topicFilter);
    const holder = by?.holder ?? replaced?.holder ?? unknownHolder;
    const granted = { ...subscription, clientId, generation, holder };
    const shortage =
      replaced === undefined ? this.treeBytes.shortageOf(holder, weightOf(subscription.topicFilter)) : undefined;
    if (shortage !== undefined) {
      const reached = { limit: "subscriptionBytes", shortage } as const;
      this.notes.onReached(reached, holder, (count) => this.treeBytes.largest(count), nowMs);
      return by === undefined ? ReasonCode.QuotaExceeded : answerOf(ReasonCode.QuotaExceeded, reached);
    }
    // If a client comes back and subscribes to the same again, nothing is written.
    const isStored =
      this.capabilities.maximumQos === 2 &&
      replaced?.generation === generation &&
      replaced.holder === holder &&
      isSameSubscription(replaced, subscription);
    if (!isStored) this.store.putSubscriber(granted);
    const subscriber = this.withinMaximumQos(granted);
    this.grow(subscriber);
    if (!sendRetained && replaced?.generation === generation) this.successors.set(replaced, subscriber);
    return subscriber;
  }

  /**
   * The subscription that retained messages asked for by this one still go to: itself, or what has replaced it with
   * no retained messages of its own. `undefined` once it was taken back, or made again with all of them to come.
   */
  heirOf(subscriber: Subscriber): Subscriber | undefined {
    let heir = subscriber;
    for (let next = this.successors.get(heir); next !== undefined; next = this.successors.get(heir)) heir = next;
    return this.filtersOf.get(heir.clientId)?.get(heir.topicFilter) === heir ? heir : undefined;
  }

  unsubscribe(clientId: string, generation: string, topicFilter: string): void {
    const filters = this.filtersOf.get(clientId);
    const subscriber = filters?.get(topicFilter);
    // A later life of the session may hold the filter now.
    if (filters === undefined || subscriber?.generation !== generation) return;
    this.store.deleteSubscriber(clientId, topicFilter);
    this.shrink(subscriber, filters);
  }

  /** Forgets the subscriptions of a life of a session that is over. */
  end(clientId: string, generation: string): void {
    const filters = this.filtersOf.get(clientId);
    const over = [...(filters?.values() ?? [])].filter((subscriber) => subscriber.generation === generation);
    if (filters === undefined || over.length === 0) return;
    // Deletes them in one statement, as there may be thousands.
    this.store.deleteSubscribers(clientId, generation);
    for (const subscriber of over) this.shrink(subscriber, filters);
  }

  /** Takes a subscription out of the tree. */
  private shrink({ clientId, topicFilter, holder }: Subscriber, filters: Map<string, Subscriber>): void {
    const { filter, shareName } = parsedFilterOf(topicFilter);
    this.tree.delete(filter, treeKey(clientId, shareName));
    filters.delete(topicFilter);
    this.treeBytes.add(holder, -weightOf(topicFilter));
    if (filters.size === 0) this.filtersOf.delete(clientId);
  }

  /**
   * Takes a message: stores or clears the retained one, and says whom it goes to.
   *
   * @param by who publishes, as far as it is known
   * @returns the route; or an answer (see `answerOf`) if there is none: of a refusal, after which nothing has
   * changed, or Success if the message has expired on its way [MQTT-3.3.2-5]
   */
  publish(publisherId: string, message: Message, nowMs: number, by?: Requester): Route | number {
    if (message.retain && this.isRetaining) {
      const refusal = this.retain(publisherId, message, by, nowMs);
      if (refusal !== undefined) return refusal;
    }
    return isExpired(message, nowMs) ? ReasonCode.Success : this.route(publisherId, message);
  }

  /**
   * The members that may take a message which another member's session cannot send to its client.
   * @returns the other members, in the order in which to ask them; none when it has expired
   */
  redistribute(clientId: string, request: RedistributeRequest, nowMs: number): readonly Recipient[] {
    const { generation, topicFilter, message } = request;
    if (isExpired(message, nowMs)) return [];
    const members: Subscriber[] = [];
    this.tree.forEachMatch(message.topicName, (subscriber) => {
      if (subscriber.topicFilter !== topicFilter) return;
      if (subscriber.clientId !== clientId || subscriber.generation !== generation) members.push(subscriber);
    });
    return members.length === 0 ? [] : this.roundRobin(topicFilter, members, message);
  }

  /**
   * If there is no room, and the publisher would not hear of a refusal, the message is not retained, but still goes to
   * present subscribers. The old one would be out of date, so it is discarded [MQTT-3.3.1-7].
   * @returns the answer of a refusal
   */
  private retain(publisherId: string, message: Message, by: Requester | undefined, nowMs: number): number | undefined {
    const holder = by?.holder ?? unknownHolder;
    const reached = this.retained.retain(message, publisherId, holder, nowMs);
    if (reached === undefined) return undefined;
    const room = this.retained.holdersOf(reached.limit as "retainedMessages" | "retainedBytes");
    this.notes.onReached(reached, holder, (count) => room.largest(count), nowMs);
    if (by === undefined) return ReasonCode.QuotaExceeded;
    if (by.hearsRefusals) return answerOf(ReasonCode.QuotaExceeded, reached);
    this.retained.delete(message.topicName);
    return undefined;
  }

  /** Limits that were reached, for the log. */
  takeReachedNotes(): readonly ReachedNote[] {
    return this.notes.take();
  }

  /** Begins to search the retained messages for a new subscription. Ends with the last page, or `endRetained`. */
  beginRetained(subscriber: Subscriber): RetainedCursor {
    return this.retained.begin(subscriber);
  }

  /** The next page of retained messages for a subscription. */
  retainedPage(cursor: RetainedCursor, nowMs: number): RetainedPage {
    if (this.isRetaining) return this.retained.page(cursor, nowMs);
    this.retained.end(cursor);
    return { recipients: [], next: undefined };
  }

  endRetained(cursor: RetainedCursor): void {
    this.retained.end(cursor);
  }

  /** All that there are. */
  *subscribers(): Iterable<Subscriber> {
    for (const filters of this.filtersOf.values()) yield* filters.values();
  }

  retainedSize(nowMs: number): RetainedSize {
    return this.retained.size(nowMs);
  }

  /** Who holds most of what is retained. */
  largestRetainedHolders(most: number): RetainedTotals[] {
    return this.retained.largestHolders(most);
  }

  /**
   * The shared limits that are counted here. What has expired counts until `retainedSize` is called.
   * @param holders how many of the largest holders to name for each
   */
  sharedLimitUse(holders: number): SharedLimitUse {
    return {
      retainedMessages: this.retained.holdersOf("retainedMessages").use(holders),
      retainedBytes: this.retained.holdersOf("retainedBytes").use(holders),
      subscriptionBytes: this.treeBytes.use(holders),
    };
  }

  listRetained(query: RetainedQuery, nowMs: number): RetainedList {
    return this.retained.list(query, nowMs);
  }

  /**
   * Deletes a retained message. Subscribers do not hear of it, as they would from a PUBLISH that clears it.
   * @returns whether there was one
   */
  deleteRetained(topicName: string): boolean {
    return this.retained.delete(topicName);
  }

  /** As `deleteRetained`, a page of all that match. */
  deleteRetainedMatching(query: RetainedQuery): RetainedDeletion {
    return this.retained.deleteMatching(query);
  }

  /** Whether there are retained messages at all. */
  get isRetaining(): boolean {
    return this.capabilities.retainAvailable === 1;
  }

  /** Lowers the QoS of a subscription that was granted when the maximum was higher. */
  private withinMaximumQos(subscriber: Subscriber): Subscriber {
    const qos = Math.min(subscriber.qos, this.capabilities.maximumQos) as QoS;
    return qos === subscriber.qos ? subscriber : { ...subscriber, qos };
  }

  private grow(subscriber: Subscriber): void {
    const { filter, shareName } = parsedFilterOf(subscriber.topicFilter);
    this.tree.set(filter, treeKey(subscriber.clientId, shareName), subscriber);
    let filters = this.filtersOf.get(subscriber.clientId);
    if (filters === undefined) {
      filters = new Map();
      this.filtersOf.set(subscriber.clientId, filters);
    }
    const weight = weightOf(subscriber.topicFilter);
    const replaced = filters.get(subscriber.topicFilter);
    if (replaced !== undefined) this.treeBytes.add(replaced.holder, -weight);
    this.treeBytes.add(subscriber.holder, weight);
    filters.set(subscriber.topicFilter, subscriber);
  }

  private route(publisherId: string, message: Message): Route {
    const recipients = new Recipients();
    let groups: Map<string, Subscriber[]> | undefined;
    this.tree.forEachMatch(message.topicName, (subscriber) => {
      if (isSharedText(subscriber.topicFilter)) {
        groups ??= new Map();
        addMember(groups, subscriber);
        return;
      }
      if (subscriber.noLocal && subscriber.clientId === publisherId) return; // [MQTT-3.8.3-3]
      recipients.add(recipientOf(message, subscriber, message.retain && subscriber.retainAsPublished));
    });
    return {
      recipients: recipients.all,
      groups:
        groups === undefined
          ? []
          : [...groups].map(([name, members]) => this.roundRobin(name, members, groupMessage(name, message))),
    };
  }

  /**
   * The members of a shared subscription in the order in which to ask them. At QoS 0 and 1 the first changes with each
   * message. At QoS 2 the message itself decides, so that a repeat of it goes to the same member.
   */
  private roundRobin(name: string, members: Subscriber[], message: Message): Recipient[] {
    let first: number;
    if (message.qos === 2) {
      // The tree's order changes with a restart.
      members.sort((one, other) => (one.clientId < other.clientId ? -1 : 1));
      first = hashOf(message.id) % members.length;
    } else {
      first = (this.nextMembers.get(name) ?? 0) % members.length;
      if (this.nextMembers.size >= maximumRoundRobins) this.nextMembers.clear();
      this.nextMembers.set(name, first + 1);
    }
    return members.map((_, index) => {
      const subscriber = members[(first + index) % members.length] as Subscriber;
      return recipientOf(message, subscriber, message.retain && subscriber.retainAsPublished);
    });
  }
}

/** With an id of its own: a member may get the same message through a subscription that is not shared. */
function groupMessage(name: string, message: Message): Message {
  return message.id === "" ? message : { ...message, id: `${message.id} ${hashOf(name).toString(36)}` };
}

/** For a granted subscription, whose filter is valid. */
function parsedFilterOf(topicFilter: string): TopicFilter {
  const parsed = parseTopicFilter(topicFilter);
  if (parsed === undefined) throw new Error(`not a topic filter: ${topicFilter}`);
  return parsed;
}

function weightOf(topicFilter: string): number {
  return topicFilter.length + levelCount(topicFilter) * levelBytes;
}

/** A client may hold a filter plainly and in several shared groups. No MQTT string holds U+0000. */
function treeKey(clientId: string, shareName: string | undefined): string {
  return shareName === undefined ? clientId : `${shareName}\u0000${clientId}`;
}

function addMember(groups: Map<string, Subscriber[]>, subscriber: Subscriber): void {
  const members = groups.get(subscriber.topicFilter);
  if (members === undefined) groups.set(subscriber.topicFilter, [subscriber]);
  else members.push(subscriber);
}
