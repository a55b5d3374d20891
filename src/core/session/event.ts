// What happens to a session. The shell reports it with the time, and runs the effects that it gets back.

import type { Grant } from "../access/grant.ts";
import type { ClientFacts, LoginResult } from "../access/login-attempt.ts";
import type { SessionDelivery } from "../topic/topic-request.ts";
import type { RequestToken, SocketId } from "./effect.ts";
import type { KeptSession } from "./life/snapshot.ts";

/** Plain data, apart from bytes: a list of events can be stored, and replays to the same effects. */
export type SessionEvent =
  // The object
  /** The object starts, and no socket of a connected client came through. */
  | { readonly type: "started" }
  /** The object is back from a hibernation, with the socket of its client. */
  | { readonly type: "awoke"; readonly kept: KeptSession }
  /** The object may hibernate: what is in memory only has to be on disk, or in what `Session.hibernation` returns. */
  | { readonly type: "hibernating" }

  // Sockets
  | {
      readonly type: "opened";
      readonly socketId: SocketId;
      /** A Worker stands between the client and the object. */
      readonly isRelayed: boolean;
      readonly facts: ClientFacts;
    }
  /** In the order in which they came, over any of the sockets: their answers leave together. */
  | { readonly type: "frames"; readonly frames: readonly Frame[] }
  /** The client closed its socket, or its network did. */
  | { readonly type: "closed"; readonly socketId: SocketId }
  /** CONNECT has not come in time, or the proof of who the client is has not. */
  | { readonly type: "connect timeout"; readonly socketId: SocketId }
  /** A packet was begun, and not completed for so long that the object must not stay awake for it. */
  | { readonly type: "stalled" }
  /** The answer to the effect "login". */
  | { readonly type: "login answered"; readonly socketId: SocketId; readonly result: LoginResult }

  // Topic objects
  /** The effect "deliveries answered" follows. */
  | { readonly type: "deliveries"; readonly items: readonly SessionDelivery[] }
  /** Requests were answered, in order: each with a reason code, or as `answerOf`. `null` if nobody waits for the answer. */
  | {
      readonly type: "requests answered";
      readonly tokens: readonly (RequestToken | null)[];
      readonly answers: readonly number[];
    }
  /** A topic object could not be reached for some time, so nobody knows whether it has these requests. */
  | {
      readonly type: "requests unanswered";
      readonly tokens: readonly RequestToken[];
      /** QoS 0 messages among the requests, for which nobody waits. */
      readonly messagesDropped: number;
    }

  // The directory
  /** Reports were answered: each with one of `ReportAnswer`. */
  | { readonly type: "reports answered"; readonly answers: readonly number[] }
  /** The directory has to learn the present state, whatever was reported before. */
  | { readonly type: "report due" }

  // Time
  | {
      readonly type: "alarm";
      /**
       * How late the alarm is by the clock. The platform waits for real time to pass, so the clock may have been set forward:
       * that must not make a client count as gone.
       */
      readonly lateMs: number;
    }

  // The operator, and others who ask
  /** Somebody is about to read `Session.view` or `Session.whereabouts`. What has expired goes first. */
  | { readonly type: "asked"; readonly by: "operator" | "directory" }
  /** The connection has to end. The session stays, as after any loss. The effect "command answered" follows. */
  | { readonly type: "disconnect" }
  /** The session has to end, with its connection. The effect "command answered" follows. */
  | { readonly type: "remove" }
  /** What an identity may do has changed. Repeated, it does no more. */
  | {
      readonly type: "revise";
      readonly identity: string;
      /**
       * What a login is worth now; `null` if it is worth nothing: the session ends, and its Will is not published. If it is
       * for another username or secret, a connected client has to show that.
       */
      readonly grant: Grant | null;
    };

/** A WebSocket frame: bytes of MQTT packets, or text, which MQTT does not use. */
export type Frame = { readonly socketId: SocketId; readonly data: Uint8Array | string };
