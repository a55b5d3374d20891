// What the session core wants done outside of it. The shell runs effects in order; what must survive was written
// to the store before they were returned.

import type { LoginAttempt } from "../access/login-attempt.ts";
import type { TopicRequest } from "../topic/topic-request.ts";
import type { Account } from "./counters.ts";
import type { ConnectedClient } from "./life/whereabouts.ts";

/** Numbers the sockets of one session object. */
export type SocketId = number;

/** A PUBLISH that waits for its acknowledgement. */
export type PublishToken = {
  readonly type: "publish";
  readonly packetId: number;
  readonly qos: 1 | 2;
  readonly socketId: SocketId;
  /** As `Message.id`. */
  readonly messageId: string;
};

/** A topic filter of a SUBSCRIBE or UNSUBSCRIBE, `id` in pending-filters.ts. */
export type FilterToken = { readonly type: "filter"; readonly id: number; readonly index: number };

/** What the answer of a topic object is for. Plain data: what it stands for stays in the core, by its id. */
export type RequestToken =
  | PublishToken
  | FilterToken
  | { readonly type: "will"; readonly id: string }
  /** See registering.ts. */
  | { readonly type: "registration"; readonly id: number }
  /** See redistribution.ts. */
  | { readonly type: "redistribution"; readonly id: number };

export type Effect =
  | { readonly type: "send"; readonly socketId: SocketId; readonly bytes: Uint8Array }
  | { readonly type: "close"; readonly socketId: SocketId; readonly code: number; readonly reason: string }
  | {
      readonly type: "request";
      readonly shard: number;
      readonly request: TopicRequest;
      readonly bytes: number;
      /** `undefined` if nobody waits for the answer. */
      readonly token: RequestToken | undefined;
    }
  /** The event "login answered" follows. */
  | { readonly type: "login"; readonly socketId: SocketId; readonly attempt: LoginAttempt }
  | { readonly type: "report"; readonly report: Report }
  /** For the caller of "deliveries": one of `DeliveryAnswer` for each. */
  | { readonly type: "deliveries answered"; readonly answers: readonly number[] }
  /** For the caller of "disconnect" or "remove": whether there was a connection, or a session. */
  | { readonly type: "command answered"; readonly isDone: boolean }
  /** For the operator: what went wrong for the client, which may not get it in words. */
  | { readonly type: "log"; readonly event: string; readonly reason: string };

/**
 * The effect that answers an event, for its caller.
 * @throws {Error} if there is none, which would be a bug
 */
export function effectOf<Type extends Effect["type"]>(
  type: Type,
  effects: readonly Effect[],
): Extract<Effect, { type: Type }> {
  const found = effects.find((effect) => effect.type === type);
  if (found === undefined) throw new Error(`no effect is of the type ${type}`);
  return found as Extract<Effect, { type: Type }>;
}

/** What a session reports to the directory. */
export type Report =
  | ({ readonly type: "connected" } & ConnectedClient)
  | {
      readonly type: "disconnected";
      readonly atMs: number;
      /** `undefined` if it is no longer known, as after a crash. */
      readonly account: Account | undefined;
      /** What waits for the client in its session; `undefined` if the session has ended. */
      readonly queuedMessages: number | undefined;
      /** The same in bytes; missing from an object of an earlier version. */
      readonly queuedBytes?: number;
      /** The owner of the session; missing from an object of an earlier version. */
      readonly identity?: string;
      /** The connection that has ended, as `Account.connection`; missing after a crash, or from an earlier version. */
      readonly connection?: string;
    }
  /** The session of a client that is away has ended. */
  | { readonly type: "ended"; readonly isExpired: boolean }
  /** The size of the queue for a client that is away. */
  | {
      readonly type: "queued";
      readonly messages: number;
      /** Missing from an object of an earlier version. */
      readonly bytes?: number;
    };

/** The directory's answer to a report, sent as a number. An earlier version always answers 0, and ignores answers. */
export const ReportAnswer = {
  Noted: 0,
  /** The owner of the session has no room for another one: the session must end. */
  NoSession: 1,
  /** The queues of the session's owner have used up their room: this one must take no more. */
  NoQueue: 2,
} as const;

/** WebSocket close codes, RFC 6455 section 7.4.1. */
export const CloseCode = {
  Normal: 1000,
  UnsupportedData: 1003,
  PolicyViolation: 1008,
  TryAgainLater: 1013,
} as const;
