// What a topic object keeps on disk. Synchronous, as SQLite in a Durable Object is: an answer after a write
// leaves only once the write is confirmed.

import type { SessionDelivery, TopicSubscription } from "./topic-request.ts";

/** A subscription and its owner. */
export type Subscriber = TopicSubscription & {
  readonly clientId: string;
  readonly generation: string;
  /** The holder of the subscription, from `holderOf`. */
  readonly holder: string;
};

export type RetainedName = {
  readonly topicName: string;
  readonly expiresAtMs: number;
  /** A holder, from `holderOf`. */
  readonly publisher: string;
  /** When it was retained, in milliseconds since 1970; 0 if an older version stored it, which did not keep that. */
  readonly retainedAtMs: number;
};

/** Whose share a retained message counts for, and how much. */
export type RetainedHolding = { readonly publisher: string; readonly bytes: number };

/** What one publisher holds. */
export type RetainedTotals = { readonly publisher: string; readonly messages: number; readonly bytes: number };

export interface TopicStore {
  subscribers(): Iterable<Subscriber>;
  /** Replaces the subscription of the same client and filter. */
  putSubscriber(subscriber: Subscriber): void;
  deleteSubscriber(clientId: string, topicFilter: string): void;
  /** Deletes all subscriptions of the client that have this generation. */
  deleteSubscribers(clientId: string, generation: string): void;

  /** Replaces the message of the same topic. */
  putRetained(
    topicName: string,
    message: Uint8Array,
    expiresAtMs: number,
    publisher: string,
    retainedAtMs: number,
  ): void;
  deleteRetained(topicName: string): void;
  deleteExpiredRetained(nowMs: number): void;
  readRetained(topicName: string): Uint8Array | undefined;
  retainedHolding(topicName: string): RetainedHolding | undefined;
  /** Names in the order of their UTF-8 bytes, from the first that is `from` or comes after it, or only after it. */
  retainedNames(from: string, isAfter: boolean, most: number): RetainedName[];
  /** The totals of each publisher. Reads all rows. */
  retainedTotals(): RetainedTotals[];
  /** When the next retained message expires, in milliseconds since 1970; Infinity for never. */
  nextRetainedExpiryMs(): number;

  /** A delivery whose session could not be reached; kept in order, behind the others or before them. */
  putOwed(clientId: string, delivery: SessionDelivery, isFirst: boolean, atMs: number): void;
  /** When the latest owed delivery was put, in milliseconds since 1970; 0 for none. */
  lastOwedAtMs(): number;
  /** How many deliveries are owed to each client. */
  owedCounts(): { clientId: string; count: number }[];
  /** In order. `delivery` is `undefined` if it cannot be read. */
  owed(clientId: string, most: number): { sequence: number; delivery: SessionDelivery | undefined }[];
  deleteOwed(sequence: number): void;
}
