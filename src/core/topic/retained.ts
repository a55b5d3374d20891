// The retained messages of one shard: stored, replaced, cleared, and sent page by page to new subscriptions.
// MQTT 5.0 section 3.3.1.3.

import type { Limits } from "../limits.ts";
import { isExpired, type Message } from "../message/message.ts";
import { decodeRetained, encodeRetained } from "../message/message-codec.ts";
import type { Reached } from "../shares/reached.ts";
import { SharedRoom } from "../shares/shared-room.ts";
import { type Recipient, recipientOf } from "./recipient.ts";
import {
  listRetained,
  type RetainedDeletion,
  type RetainedList,
  type RetainedQuery,
  selectRetained,
} from "./retained-list.ts";
import { literalPrefix, matchesTopicFilter, parseTopicFilter } from "./topic-filter.ts";
import type { RetainedHolding, RetainedTotals, Subscriber, TopicStore } from "./topic-store.ts";

/** The progress of sending retained messages to a new subscription. */
export type RetainedCursor = {
  readonly subscriber: Subscriber;
  /** The last topic name looked at; `undefined` at the start. */
  readonly after: string | undefined;
  readonly search: RetainedSearch;
};

/** What a new subscription asks for: the messages that were there when it was made. Later ones come live. */
export type RetainedSearch = {
  /** How many messages this object had retained by then. */
  readonly since: number;
};

export type RetainedSize = { readonly messages: number; readonly bytes: number };

/** Who holds how much of the two limits. */
type Rooms = { readonly messages: SharedRoom; readonly bytes: SharedRoom };

export type RetainedPage = { readonly recipients: readonly Recipient[]; readonly next: RetainedCursor | undefined };

/** A page bounds the work of one event, and the memory. If it fills a lane's batch, it is sent without waiting for more. */
const pageNames = 500;
const pageMessages = 100;
const pageBytes = 1_048_576;
const sweepEveryMs = 10_000;
/** Per millisecond that a sweep is put off, it may look at this many messages. That takes about a hundredth of the time. */
const messagesPerMs = 10;

export class RetainedMessages {
  private readonly store: TopicStore;
  private readonly limits: Limits;
  private readonly randomId: () => string;
  /** Counted when first needed. */
  private counted: Rooms | undefined;
  /** No message expires before this. Known while `counted` is set. */
  private nextExpiryMs = Number.POSITIVE_INFINITY;
  private sweptAtMs = 0;
  private readonly searches = new Set<RetainedSearch>();
  private retainedCount = 0;
  /** Topics written while there are searches, each with the count at its last time. */
  private readonly written = new Map<string, number>();

  constructor(store: TopicStore, limits: Limits, randomId: () => string) {
    this.store = store;
    this.limits = limits;
    this.randomId = randomId;
  }

  /**
   * Keeps a message that was published with the RETAIN flag, or clears the one there is: one that has expired on
   * its way has replaced it all the same [MQTT-3.3.1-5].
   * @param publisherId the client identifier of whoever published it
   * @param publisher see `holderOf`
   * @returns which limit leaves no room for it; then nothing has changed
   */
  retain(message: Message, publisherId: string, publisher: string, nowMs: number): Reached | undefined {
    const { topicName } = message;
    if (message.payload.length === 0 || isExpired(message, nowMs)) {
      this.delete(topicName); // [MQTT-3.3.1-6], [MQTT-3.3.1-7]
      return undefined;
    }
    const bytes = encodeRetained(message, publisherId);
    let old = this.store.retainedHolding(topicName);
    if (this.reachedBy(publisher, bytes.length, old) !== undefined) {
      this.forgetExpired(nowMs);
      old = this.store.retainedHolding(topicName);
      const reached = this.reachedBy(publisher, bytes.length, old);
      if (reached !== undefined) return reached;
    }
    const { rooms } = this;
    this.store.putRetained(topicName, bytes, message.expiresAtMs, publisher, nowMs);
    if (old !== undefined) count(rooms, old.publisher, -1, -old.bytes);
    count(rooms, publisher, 1, bytes.length);
    if (message.expiresAtMs !== 0) this.nextExpiryMs = Math.min(this.nextExpiryMs, message.expiresAtMs);
    this.retainedCount += 1;
    if (this.searches.size > 0) this.written.set(message.topicName, this.retainedCount);
    return undefined;
  }

  /** Expired messages are not counted: they are deleted first, unless the last look at all messages was too recent. */
  size(nowMs: number): RetainedSize {
    const { held } = this.rooms.messages;
    if (nowMs >= this.nextExpiryMs) this.forgetExpired(nowMs, Math.min(held / messagesPerMs, sweepEveryMs));
    const { messages, bytes } = this.rooms;
    return { messages: messages.held, bytes: bytes.held };
  }

  /** Who holds most, of either limit. */
  largestHolders(most: number): RetainedTotals[] {
    const { messages, bytes } = this.rooms;
    const largest = [...messages.largest(most), ...bytes.largest(most)].map(({ holder }) => holder);
    const totals = [...new Set(largest)].map((publisher) => ({
      publisher,
      messages: messages.heldBy(publisher),
      bytes: bytes.heldBy(publisher),
    }));
    const { maximumRetainedMessages, maximumRetainedBytes } = this.limits;
    const part = (one: RetainedTotals) =>
      Math.max(one.messages / maximumRetainedMessages, one.bytes / maximumRetainedBytes);
    return totals.sort((one, other) => part(other) - part(one)).slice(0, most);
  }

  /** Who holds how much of a limit. */
  holdersOf(limit: "retainedMessages" | "retainedBytes"): SharedRoom {
    return limit === "retainedMessages" ? this.rooms.messages : this.rooms.bytes;
  }

  /** Reads a page of them; nothing is sent, or changed. */
  list(query: RetainedQuery, nowMs: number): RetainedList {
    const read = (topicName: string) => {
      const bytes = this.store.readRetained(topicName);
      return bytes === undefined ? undefined : readable(bytes)?.message;
    };
    return listRetained(this.store, read, query, nowMs);
  }

  /** @returns whether there was one */
  delete(topicName: string): boolean {
    const old = this.store.retainedHolding(topicName);
    if (old !== undefined) this.forget(topicName, old);
    return old !== undefined;
  }

  /** Deletes a page of them. Whoever goes on at `after` deletes all that match. */
  deleteMatching(query: RetainedQuery): RetainedDeletion {
    const { names, after } = selectRetained(this.store, query);
    for (const { topicName } of names) this.delete(topicName);
    return { deleted: names.length, after };
  }

  /** Begins a search, which goes on page by page until there is no next page, or `end` is called. */
  begin(subscriber: Subscriber): RetainedCursor {
    const search = { since: this.retainedCount };
    this.searches.add(search);
    return { subscriber, after: undefined, search };
  }

  end({ search }: RetainedCursor): void {
    this.searches.delete(search);
    if (this.searches.size === 0) this.written.clear();
  }

  /** The next messages for a subscription. */
  page(cursor: RetainedCursor, nowMs: number): RetainedPage {
    const page = this.nextPage(cursor, nowMs);
    if (page.next === undefined) this.end(cursor);
    return page;
  }

  private nextPage({ subscriber, after, search }: RetainedCursor, nowMs: number): RetainedPage {
    const parsed = parseTopicFilter(subscriber.topicFilter);
    // A shared subscription gets no retained messages. Section 4.8.2.
    if (parsed === undefined || parsed.shareName !== undefined) return { recipients: [], next: undefined };
    const recipients: Recipient[] = [];
    if (!parsed.isWildcard) {
      this.add(recipients, subscriber, search, parsed.filter, nowMs);
      return { recipients, next: undefined };
    }
    const prefix = literalPrefix(parsed.filter);
    const names = this.store.retainedNames(after ?? prefix, after !== undefined, pageNames);
    let bytes = 0;
    for (const { topicName } of names) {
      if (!topicName.startsWith(prefix)) return { recipients, next: undefined };
      if (matchesTopicFilter(parsed.filter, topicName))
        bytes += this.add(recipients, subscriber, search, topicName, nowMs);
      const isFull = recipients.length >= pageMessages || bytes >= pageBytes;
      if (isFull) return { recipients, next: { subscriber, after: topicName, search } };
    }
    const last = names.length < pageNames ? undefined : names.at(-1)?.topicName;
    return { recipients, next: last === undefined ? undefined : { subscriber, after: last, search } };
  }

  /** @returns the bytes added */
  private add(
    recipients: Recipient[],
    subscriber: Subscriber,
    search: RetainedSearch,
    topicName: string,
    nowMs: number,
  ): number {
    // It came live: a second copy would be a repeat.
    if ((this.written.get(topicName) ?? 0) > search.since) return 0;
    const bytes = this.store.readRetained(topicName);
    const retained = bytes === undefined ? undefined : readable(bytes);
    if (bytes === undefined || retained === undefined) return 0;
    const { message, publisherId } = retained;
    if (isMirror(subscriber) && publisherId === subscriber.clientId) return 0;
    if (isExpired(message, nowMs)) {
      this.delete(topicName);
      return 0;
    }
    // An id of its own: who has had the message live gets it again when asking for retained ones.
    const id = message.id === "" ? "" : `${message.id} ${this.randomId()}`;
    recipients.push(recipientOf({ ...message, id }, subscriber, true));
    return bytes.length;
  }

  /** @param old what the message takes the place of */
  private reachedBy(publisher: string, bytes: number, old: RetainedHolding | undefined): Reached | undefined {
    const { rooms } = this;
    const isOwn = old?.publisher === publisher;
    const ofOther = { messages: old === undefined || isOwn ? 0 : 1, bytes: old === undefined || isOwn ? 0 : old.bytes };
    const messages = rooms.messages.shortageOf(publisher, isOwn ? 0 : 1, ofOther.messages);
    if (messages !== undefined) return { limit: "retainedMessages", shortage: messages };
    const shortage = rooms.bytes.shortageOf(publisher, isOwn ? bytes - old.bytes : bytes, ofOther.bytes);
    return shortage && { limit: "retainedBytes", shortage };
  }

  private forget(topicName: string, { publisher, bytes }: RetainedHolding): void {
    const { rooms } = this;
    this.store.deleteRetained(topicName);
    count(rooms, publisher, -1, -bytes);
  }

  /** Expired messages go when somebody asks for them, or when room is needed; looking at all of them is rare. */
  private forgetExpired(nowMs: number, waitMs = sweepEveryMs): void {
    // In both directions: the clock may have been set back since.
    if (Math.abs(nowMs - this.sweptAtMs) < waitMs) return;
    this.sweptAtMs = nowMs;
    this.store.deleteExpiredRetained(nowMs);
    this.counted = undefined;
  }

  private get rooms(): Rooms {
    if (this.counted !== undefined) return this.counted;
    const { maximumRetainedMessages, maximumRetainedBytes, sharePercent } = this.limits;
    const rooms = {
      messages: new SharedRoom(maximumRetainedMessages, sharePercent),
      bytes: new SharedRoom(maximumRetainedBytes, sharePercent),
    };
    for (const { publisher, messages, bytes } of this.store.retainedTotals()) count(rooms, publisher, messages, bytes);
    this.counted = rooms;
    this.nextExpiryMs = this.store.nextRetainedExpiryMs();
    return rooms;
  }
}

function count(rooms: Rooms, publisher: string, messages: number, bytes: number): void {
  rooms.messages.add(publisher, messages);
  rooms.bytes.add(publisher, bytes);
}

/**
 * A bridge keeps on its side what it is sent. What it brought itself may be out of date when it subscribes again after a
 * pause: it must not get that back before it could bring what is new.
 */
function isMirror({ noLocal, retainAsPublished }: Subscriber): boolean {
  return noLocal && retainAsPublished;
}

/** A message that cannot be read, for example from a later version, counts as none. */
function readable(bytes: Uint8Array): { message: Message; publisherId: string } | undefined {
  try {
    return decodeRetained(bytes);
  } catch {
    return undefined;
  }
}
