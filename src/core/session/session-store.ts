// What a session object keeps on disk. Synchronous, as SQLite in a Durable Object is: what leaves after a write
// leaves only once the write is confirmed. MQTT 5.0 section 4.1, Session State.

import { type Grant, nobodysGrant } from "../access/grant.ts";
import type { Delivery } from "../message/message.ts";
import type { ConnectWill } from "../packet/packet.ts";
import type { TopicSubscription } from "../topic/topic-request.ts";

/** One life of the session's state. */
export type SessionRecord = {
  /** Names this life; a clean start begins another. */
  readonly generation: string;
  /** 0: the session ends with its connection. 0xFFFFFFFF: never by time. */
  readonly expirySec: number;
  /** Where its subscriptions are registered: the epoch and the number of shards. */
  readonly layout: string;
  /** Where the client is, as far as the disk knows: after a crash it still says that the client is connected. */
  readonly client: ClientState;
  /** Outgoing messages up to this sequence may have been sent before: they go again with DUP. */
  readonly sentThrough: number;
  /** Who owns the session. */
  readonly admission: Admission;
};

/** The client of a session is connected, or the session waits for it. */
export type ClientState =
  | { readonly state: "connected" }
  /** Since when, in milliseconds since 1970. */
  | { readonly state: "away"; readonly sinceMs: number };

/** A record as it is stored, in a row or in a socket's attachment. */
export type StoredRecord = Omit<SessionRecord, "client"> & {
  readonly isConnected: boolean;
  /** In milliseconds since 1970; 0 while connected. */
  readonly disconnectedAtMs: number;
};

export function storedRecordOf(record: SessionRecord): StoredRecord {
  const { generation, expirySec, layout, client, sentThrough, admission } = record;
  const isConnected = client.state === "connected";
  const disconnectedAtMs = client.state === "connected" ? 0 : client.sinceMs;
  return { generation, expirySec, layout, isConnected, disconnectedAtMs, sentThrough, admission };
}

export function recordOf({ isConnected, disconnectedAtMs, ...record }: StoredRecord): SessionRecord {
  return { ...record, client: isConnected ? { state: "connected" } : { state: "away", sinceMs: disconnectedAtMs } };
}

/** What a client was found to be worth, and what the session needs to find it so again by itself. */
export type Admission = {
  readonly grant: Grant;
  /** Base64 of the SHA-256 of what the client showed; empty if that must not be kept. */
  readonly shownSha256: string;
  /** In milliseconds since 1970. */
  readonly learnedAtMs: number;
};

/** What a session remembers of the client that it had last, or has. */
export type LastClient = Pick<SessionRecord, "admission" | "client">;

/** For sessions stored before sessions had owners. */
export const nobodysAdmission: Admission = { grant: nobodysGrant, shownSha256: "", learnedAtMs: 0 };

/** An outgoing message, without its content. */
export type OutgoingIndex = {
  readonly sequence: number;
  readonly qos: 1 | 2;
  /** PUBREC came: only the packet identifier matters now. */
  readonly isReleased: boolean;
  readonly bytes: number;
  /** As `Message.expiresAtMs`. */
  readonly expiresAtMs: number;
  /** It came by a shared subscription. */
  readonly isShared: boolean;
};

/** With its content, which is gone once it is released. */
export type OutgoingMessage = { readonly index: OutgoingIndex; readonly delivery: Delivery | undefined };

/** A row is shared by so many messages at most: after a crash, about so many that were acknowledged are there again. */
export const maximumMessagesPerRow = 128;

export type StoredWill = WillStage & {
  readonly id: string;
  readonly will: ConnectWill;
  /** The grant of the client whose Will it is. It is checked again when the Will is published. */
  readonly grant: Grant;
};

/**
 * The state of a Will. It is stored, and never derived from a time and the clock. Otherwise a Will that is due would
 * seem to wait again when the clock is set back.
 */
export type WillStage =
  /** Its connection lives. */
  | { readonly stage: "held" }
  /** Its connection is lost, and its delay runs: a client that is back in time takes it back. */
  | ({ readonly stage: "delayed" } & LostWill)
  /** It is published, whatever happens. */
  | ({ readonly stage: "due" } & LostWill);

type LostWill = {
  /** When it is published, at the earliest; milliseconds since 1970. */
  readonly dueAtMs: number;
  /** `Message.id` of what is published; empty below QoS 2. */
  readonly messageId: string;
};

/** A QoS 2 message from the client, between PUBLISH and PUBREL. */
export type IncomingRow = {
  readonly packetId: number;
  readonly messageId: string;
  /** The topic object has it: a repeat is acknowledged, and goes nowhere. */
  readonly isReceived: boolean;
};

export interface SessionStore {
  /** Whether anything may be on disk. */
  readonly isUsed: boolean;

  /** All of it, or nothing if it throws. */
  atomically<T>(write: () => T): T;

  readRecord(): SessionRecord | undefined;
  putRecord(record: SessionRecord): void;

  wills(): StoredWill[];
  putWill(will: StoredWill): void;
  deleteWill(id: string): void;

  subscriptions(): TopicSubscription[];
  putSubscription(subscription: TopicSubscription): void;
  deleteSubscription(topicFilter: string): void;

  /** In order of sequence. */
  outgoing(): OutgoingIndex[];
  readOutgoing(sequence: number): Delivery | undefined;
  /** @param messages in order of sequence; those of QoS 1 may share a row */
  putOutgoing(messages: readonly OutgoingMessage[]): void;
  /** Drops the content. */
  releaseOutgoing(sequence: number): void;
  /** At QoS 1 a crash may bring it back, until `settleOutgoing`. */
  deleteOutgoing(sequence: number): void;
  /** Whether outgoing messages share rows. */
  readonly hasSharedRows: boolean;
  /** Whether `settleOutgoing` would write. */
  readonly isUnsettled: boolean;
  settleOutgoing(): void;

  incoming(): IncomingRow[];
  putIncoming(row: IncomingRow): void;
  deleteIncoming(packetId: number): void;

  remembersMessage(id: string): boolean;
  /** @returns false when the id is there already */
  rememberMessage(id: string): boolean;
  forgetMessagesBefore(id: string): void;

  /** A connection's snapshot that is too large for a socket's attachment. */
  readSnapshot(): string | undefined;
  putSnapshot(snapshot: string): void;

  /** Everything but the wills that are due. */
  clear(): void;
}
