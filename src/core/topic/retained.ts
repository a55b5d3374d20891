// The retained messages of one shard: stored, replaced, cleared, and handed out page by page to new subscriptions.
// MQTT 5.0 section 3.3.1.3.

import type { Limits } from "../limits.ts";
import { isExpired, type Message } from "../message/message.ts";
import { decodeRetained, encodeRetained } from "../message/message-codec.ts";
import { ReasonCode } from "../packet/reason-code.ts";
import { type Recipient, recipientOf } from "./recipient.ts";
import { listRetained, type RetainedList, type RetainedQuery } from "./retained-list.ts";
import { literalPrefix, matchesTopicFilter, parseTopicFilter } from "./topic-filter.ts";
import type { Subscriber, TopicStore } from "./topic-store.ts";

/** Where the sending of retained messages to a new subscription stands. */
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

export type RetainedPage = { readonly recipients: readonly Recipient[]; readonly next: RetainedCursor | undefined };

/** A page bounds the work of a turn, and the memory. One that fills a lane's batch is sent without waiting for more. */
const pageNames = 500;
const pageMessages = 100;
const pageBytes = 1_048_576;
const sweepEveryMs = 10_000;

export class RetainedMessages {
  private readonly store: TopicStore;
  private readonly limits: Limits;
  private readonly randomId: () => string;
  /** Counted when first needed. */
  private totals: { messages: number; bytes: number } | undefined;
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
   * @returns the reason code of a refusal, after which nothing has changed
   */
  retain(message: Message, publisherId: string, nowMs: number): ReasonCode | undefined {
    let old = this.store.readRetained(message.topicName);
    if (message.payload.length === 0 || isExpired(message, nowMs)) {
      // [MQTT-3.3.1-6], [MQTT-3.3.1-7]
      if (old !== undefined) this.forget(message.topicName, old.length);
      return undefined;
    }
    const bytes = encodeRetained(message, publisherId);
    if (!this.hasRoomFor(bytes, old)) {
      this.forgetExpired(nowMs);
      old = this.store.readRetained(message.topicName);
      if (!this.hasRoomFor(bytes, old)) return ReasonCode.QuotaExceeded;
    }
    const totals = this.totalsWith(bytes, old);
    this.store.putRetained(message.topicName, bytes, message.expiresAtMs);
    this.totals = totals;
    this.retainedCount += 1;
    if (this.searches.size > 0) this.written.set(message.topicName, this.retainedCount);
    return undefined;
  }

  get size(): RetainedSize {
    return this.readTotals();
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
    const bytes = this.store.readRetained(topicName);
    if (bytes !== undefined) this.forget(topicName, bytes.length);
    return bytes !== undefined;
  }

  /** Begins a search, which goes on page by page until there is no next one, or `end`. */
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
      this.forget(topicName, bytes.length);
      return 0;
    }
    // An id of its own: who has had the message live gets it again when asking for retained ones.
    const id = message.id === "" ? "" : `${message.id} ${this.randomId()}`;
    recipients.push(recipientOf({ ...message, id }, subscriber, true));
    return bytes.length;
  }

  private hasRoomFor(bytes: Uint8Array, old: Uint8Array | undefined): boolean {
    const { maximumRetainedMessages, maximumRetainedBytes } = this.limits;
    const after = this.totalsWith(bytes, old);
    return after.messages <= maximumRetainedMessages && after.bytes <= maximumRetainedBytes;
  }

  private totalsWith(bytes: Uint8Array, old: Uint8Array | undefined): { messages: number; bytes: number } {
    const totals = this.readTotals();
    return {
      messages: totals.messages + (old === undefined ? 1 : 0),
      bytes: totals.bytes + bytes.length - (old?.length ?? 0),
    };
  }

  private forget(topicName: string, bytes: number): void {
    const totals = this.readTotals();
    this.store.deleteRetained(topicName);
    this.totals = { messages: totals.messages - 1, bytes: totals.bytes - bytes };
  }

  /** Expired messages go when somebody asks for them, or when room is needed; looking at all of them is rare. */
  private forgetExpired(nowMs: number): void {
    // In both directions: the clock may have been set back since.
    if (Math.abs(nowMs - this.sweptAtMs) < sweepEveryMs) return;
    this.sweptAtMs = nowMs;
    this.store.deleteExpiredRetained(nowMs);
    this.totals = undefined;
  }

  private readTotals(): { messages: number; bytes: number } {
    this.totals ??= this.store.retainedTotals();
    return this.totals;
  }
}

/**
 * A bridge keeps on its side what it is sent. What it has brought itself may be out of date by then: it must not get
 * that back when it subscribes again after a pause, before it could bring what is new.
 */
function isMirror({ noLocal, retainAsPublished }: Subscriber): boolean {
  return noLocal && retainAsPublished;
}

/** One that cannot be read, as one stored by a later version, is as good as none. */
function readable(bytes: Uint8Array): { message: Message; publisherId: string } | undefined {
  try {
    return decodeRetained(bytes);
  } catch {
    return undefined;
  }
}
