// One shard of the topic tree: who subscribes to what, which messages are retained, and whom a publish goes to.
// Does not know how a delivery travels. MQTT 5.0 sections 3.3.1.3, 3.3.4, 4.7 and 4.8.

import type { Limits } from "../limits.ts";
import { type Delivery, isExpired, type Message, type QoS } from "../message/message.ts";
import { decodeMessage, encodeMessage } from "../message/message-codec.ts";
import { ReasonCode } from "../packet/reason-code.ts";
import { SubscriptionTree } from "./subscription-tree.ts";
import { literalPrefix, matchesTopicFilter, parseTopicFilter } from "./topic-filter.ts";
import type { TopicSubscription } from "./topic-request.ts";
import type { Subscriber, TopicStore } from "./topic-store.ts";

/** A delivery to one session. */
export type Recipient = { readonly clientId: string; readonly generation: string; readonly delivery: Delivery };

/** Whom a publish goes to. */
export type Route = {
  readonly recipients: readonly Recipient[];
  /** One list per shared subscription: one of its members gets the message, the first that takes it. */
  readonly groups: readonly (readonly Recipient[])[];
};

/** Where the sending of retained messages to a new subscription stands. */
export type RetainedCursor = {
  readonly subscriber: Subscriber;
  /** The last topic name looked at; `undefined` at the start. */
  readonly after: string | undefined;
};

export type RetainedPage = { readonly recipients: readonly Recipient[]; readonly next: RetainedCursor | undefined };

const pageNames = 500;
const pageMessages = 50;

type SharedGroup = { readonly members: Subscriber[] };

export class Topic {
  private readonly store: TopicStore;
  private readonly limits: Limits;
  private readonly tree = new SubscriptionTree<Subscriber>();
  /** Filters of each client, for the end of a session. */
  private readonly filtersOf = new Map<string, Set<string>>();
  /** Where each shared group's turn stands. */
  private readonly turns = new Map<string, number>();
  private retained: { messages: number; bytes: number } | undefined;

  constructor(store: TopicStore, limits: Limits) {
    this.store = store;
    this.limits = limits;
    for (const subscriber of store.subscribers()) this.grow(subscriber);
  }

  get subscriptionCount(): number {
    return this.tree.size;
  }

  /** Adds or replaces a subscription [MQTT-3.8.4-3]. */
  subscribe(clientId: string, generation: string, subscription: TopicSubscription): Subscriber {
    const subscriber = { ...subscription, clientId, generation };
    this.store.putSubscriber(subscriber);
    this.grow(subscriber);
    return subscriber;
  }

  unsubscribe(clientId: string, generation: string, topicFilter: string): void {
    const parsed = parseTopicFilter(topicFilter);
    if (parsed === undefined) return;
    const key = treeKey(clientId, parsed.shareName);
    const removed = this.tree.delete(parsed.filter, key);
    if (removed === undefined) return;
    if (removed.generation !== generation) {
      // A later life of the session holds the filter now.
      this.tree.set(parsed.filter, key, removed);
      return;
    }
    this.store.deleteSubscriber(clientId, topicFilter);
    const filters = this.filtersOf.get(clientId);
    filters?.delete(topicFilter);
    if (filters?.size === 0) this.filtersOf.delete(clientId);
  }

  /** Forgets the subscriptions of a life of a session that is over. */
  end(clientId: string, generation: string): void {
    for (const topicFilter of [...(this.filtersOf.get(clientId) ?? [])]) {
      this.unsubscribe(clientId, generation, topicFilter);
    }
  }

  /**
   * Takes a message: stores or clears the retained one, and says whom it goes to.
   *
   * @returns the route, or the reason code of a refusal, after which nothing has changed
   */
  publish(publisherId: string, message: Message): Route | ReasonCode {
    if (message.retain) {
      const refusal = this.retain(message);
      if (refusal !== undefined) return refusal;
    }
    return this.route(publisherId, message);
  }

  /** The next retained messages of a subscription; a page holds a bounded number, so that memory is too. */
  retainedPage(cursor: RetainedCursor, nowMs: number): RetainedPage {
    const { subscriber, after } = cursor;
    const parsed = parseTopicFilter(subscriber.topicFilter);
    // A shared subscription gets no retained messages. Section 4.8.2.
    if (parsed === undefined || parsed.shareName !== undefined) return { recipients: [], next: undefined };
    const recipients: Recipient[] = [];
    if (!parsed.isWildcard) {
      this.addRetained(recipients, subscriber, parsed.filter, nowMs);
      return { recipients, next: undefined };
    }
    const prefix = literalPrefix(parsed.filter);
    const names = this.store.retainedNames(after ?? prefix, after !== undefined, pageNames);
    for (const { topicName } of names) {
      if (!topicName.startsWith(prefix)) return { recipients, next: undefined };
      if (matchesTopicFilter(parsed.filter, topicName)) this.addRetained(recipients, subscriber, topicName, nowMs);
      if (recipients.length >= pageMessages) return { recipients, next: { subscriber, after: topicName } };
    }
    const last = names.length < pageNames ? undefined : names.at(-1)?.topicName;
    return { recipients, next: last === undefined ? undefined : { subscriber, after: last } };
  }

  private addRetained(recipients: Recipient[], subscriber: Subscriber, topicName: string, nowMs: number): void {
    const bytes = this.store.readRetained(topicName);
    if (bytes === undefined) return;
    const message = decodeMessage(bytes);
    if (isExpired(message, nowMs)) {
      this.forgetRetained(topicName, bytes.length);
      return;
    }
    // Without the id: who has had the message live gets it again when asking for retained ones.
    const delivery = deliveryOf({ ...message, id: "" }, subscriber, true);
    recipients.push({ clientId: subscriber.clientId, generation: subscriber.generation, delivery });
  }

  private grow(subscriber: Subscriber): void {
    const parsed = parseTopicFilter(subscriber.topicFilter);
    if (parsed === undefined) throw new Error(`not a topic filter: ${subscriber.topicFilter}`);
    this.tree.set(parsed.filter, treeKey(subscriber.clientId, parsed.shareName), subscriber);
    const filters = this.filtersOf.get(subscriber.clientId);
    if (filters === undefined) this.filtersOf.set(subscriber.clientId, new Set([subscriber.topicFilter]));
    else filters.add(subscriber.topicFilter);
  }

  private route(publisherId: string, message: Message): Route {
    const recipients = new Map<string, Recipient>();
    let groups: Map<string, SharedGroup> | undefined;
    this.tree.forEachMatch(message.topicName, (subscriber) => {
      if (subscriber.topicFilter.startsWith("$share/")) {
        groups ??= new Map();
        addMember(groups, subscriber);
        return;
      }
      if (subscriber.noLocal && subscriber.clientId === publisherId) return; // [MQTT-3.8.3-3]
      const key = subscriber.clientId + subscriber.generation;
      const other = recipients.get(key);
      const delivery = deliveryOf(message, subscriber, message.retain && subscriber.retainAsPublished);
      recipients.set(key, {
        clientId: subscriber.clientId,
        generation: subscriber.generation,
        delivery: other === undefined ? delivery : merge(other.delivery, delivery),
      });
    });
    return {
      recipients: [...recipients.values()],
      groups: groups === undefined ? [] : [...groups].map(([name, group]) => this.inTurn(name, group, message)),
    };
  }

  /**
   * The members of a shared subscription in the order in which they are to be asked. At QoS 0 and 1 they take
   * turns; at QoS 2 the message itself decides, so that a repeat of it goes to the same member.
   */
  private inTurn(name: string, group: SharedGroup, message: Message): Recipient[] {
    const { members } = group;
    let first: number;
    if (message.qos === 2) {
      // The tree's order changes with a restart.
      members.sort((one, other) => (one.clientId < other.clientId ? -1 : 1));
      first = hash(message.id) % members.length;
    } else {
      first = (this.turns.get(name) ?? 0) % members.length;
      this.turns.set(name, first + 1);
    }
    // An id of its own: a member may get the same message through a subscription that is not shared.
    const shared = message.id === "" ? message : { ...message, id: `${message.id} ${name}` };
    return members.map((_, index) => {
      const subscriber = members[(first + index) % members.length] as Subscriber;
      const delivery = deliveryOf(shared, subscriber, message.retain && subscriber.retainAsPublished);
      return { clientId: subscriber.clientId, generation: subscriber.generation, delivery };
    });
  }

  /** @returns the reason code of a refusal */
  private retain(message: Message): ReasonCode | undefined {
    const totals = this.retainedTotals();
    const old = this.store.readRetained(message.topicName);
    if (message.payload.length === 0) {
      // [MQTT-3.3.1-6], [MQTT-3.3.1-7]
      if (old !== undefined) this.forgetRetained(message.topicName, old.length);
      return undefined;
    }
    const bytes = encodeMessage(message);
    const messagesAfter = totals.messages + (old === undefined ? 1 : 0);
    const bytesAfter = totals.bytes + bytes.length - (old?.length ?? 0);
    if (messagesAfter > this.limits.maximumRetainedMessages || bytesAfter > this.limits.maximumRetainedBytes) {
      return ReasonCode.QuotaExceeded;
    }
    this.store.putRetained(message.topicName, bytes, message.expiresAtMs);
    this.retained = { messages: messagesAfter, bytes: bytesAfter };
    return undefined;
  }

  private forgetRetained(topicName: string, bytes: number): void {
    const totals = this.retainedTotals();
    this.store.deleteRetained(topicName);
    this.retained = { messages: totals.messages - 1, bytes: totals.bytes - bytes };
  }

  private retainedTotals(): { messages: number; bytes: number } {
    this.retained ??= this.store.retainedTotals();
    return this.retained;
  }
}

/** A client may hold a filter plainly and in several shared groups. No MQTT string holds U+0000. */
function treeKey(clientId: string, shareName: string | undefined): string {
  return shareName === undefined ? clientId : `${shareName}\u0000${clientId}`;
}

function addMember(groups: Map<string, SharedGroup>, subscriber: Subscriber): void {
  const group = groups.get(subscriber.topicFilter);
  if (group === undefined) groups.set(subscriber.topicFilter, { members: [subscriber] });
  else group.members.push(subscriber);
}

function deliveryOf(message: Message, subscriber: Subscriber, retain: boolean): Delivery {
  const { qos, subscriptionIdentifier } = subscriber;
  return {
    message,
    qos: Math.min(message.qos, qos) as QoS,
    retain,
    subscriptionIdentifiers: subscriptionIdentifier === 0 ? [] : [subscriptionIdentifier],
  };
}

/** Overlapping subscriptions of one session become one delivery [MQTT-3.3.4-2], [MQTT-3.3.4-4]. */
function merge(one: Delivery, other: Delivery): Delivery {
  return {
    message: one.message,
    qos: Math.max(one.qos, other.qos) as QoS,
    retain: one.retain || other.retain,
    subscriptionIdentifiers: [...one.subscriptionIdentifiers, ...other.subscriptionIdentifiers],
  };
}

function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  }
  return value >>> 0;
}
