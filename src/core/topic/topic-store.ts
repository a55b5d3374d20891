// What a topic object keeps on disk. Synchronous, as SQLite in a Durable Object is: an answer given after a write
// leaves only once the write is confirmed.

import type { SessionDelivery, TopicSubscription } from "./topic-request.ts";

/** A subscription and whose it is. */
export type Subscriber = TopicSubscription & {
  readonly clientId: string;
  readonly generation: string;
  /** Who holds it, as `holderOf`. */
  readonly holder: string;
};

export type RetainedName = {
  readonly topicName: string;
  readonly expiresAtMs: number;
  /** As `holderOf`. */
  readonly publisher: string;
};

/** What a retained message counts for. */
export type RetainedHolding = { readonly publisher: string; readonly bytes: number };

/** What one publisher holds. */
export type RetainedTotals = { readonly publisher: string; readonly messages: number; readonly bytes: number };

export interface TopicStore {
  subscribers(): Iterable<Subscriber>;
  /** Replaces that of the same client and filter. */
  putSubscriber(subscriber: Subscriber): void;
  deleteSubscriber(clientId: string, topicFilter: string): void;
  /** All of a client's that have this generation. */
  deleteSubscribers(clientId: string, generation: string): void;

  /** Replaces that of the same topic. */
  putRetained(topicName: string, message: Uint8Array, expiresAtMs: number, publisher: string): void;
  deleteRetained(topicName: string): void;
  deleteExpiredRetained(nowMs: number): void;
  readRetained(topicName: string): Uint8Array | undefined;
  retainedHolding(topicName: string): RetainedHolding | undefined;
  /** Names in the order of their UTF-8 bytes, from the first that is `from` or comes after it, or only after it. */
  retainedNames(from: string, isAfter: boolean, most: number): RetainedName[];
  /** For each publisher. Looks at all of them. */
  retainedTotals(): RetainedTotals[];
  /** When the first of them expires, in milliseconds since 1970; Infinity for never. */
  nextRetainedExpiryMs(): number;

  /** A delivery that could not be handed over; kept in order, behind the others or before them. */
  putOwed(clientId: string, delivery: SessionDelivery, isFirst: boolean, atMs: number): void;
  /** When the latest of them was put, in milliseconds since 1970; 0 for none. */
  lastOwedAtMs(): number;
  /** How many there are, by client. */
  owedCounts(): { clientId: string; count: number }[];
  /** In order; `delivery` is `undefined` where it cannot be read. */
  owed(clientId: string, most: number): { sequence: number; delivery: SessionDelivery | undefined }[];
  deleteOwed(sequence: number): void;
}
