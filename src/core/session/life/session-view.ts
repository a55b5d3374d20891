// A session as the operator sees it: no contents of messages, and nothing that the client has shown of who it is.

import type { ProtocolVersion } from "../../packet/packet.ts";
import type { TopicSubscription } from "../../topic/topic-request.ts";
import type { Context } from "../context.ts";
import type { Counts } from "../counters.ts";
import type { Connected } from "../wire/connection.ts";
import type { SessionState } from "./session-state.ts";

/** Plain data: it travels to whoever asks. Times are in milliseconds since 1970. */
export type SessionView = {
  /** As `Grant.identity` and `Grant.username`. */
  readonly identity: string;
  readonly username: string;
  /** `undefined` while its client is away. */
  readonly connection: ConnectionView | undefined;
  /** When its client left; 0 while it is connected. */
  readonly disconnectedAtMs: number;
  readonly expirySec: number;
  /** When it ends, if its client stays away; `undefined` while it is connected, or for never. */
  readonly endsAtMs: number | undefined;
  /** QoS 1 and 2 messages that the client has not acknowledged, sent or not. */
  readonly queue: { readonly messages: number; readonly bytes: number };
  /** How many of them were sent over this connection. */
  readonly inFlightMessages: number;
  /** QoS 2 messages from the client, between PUBLISH and PUBREL. */
  readonly incomingMessages: number;
  /** What this connection has counted. While its client is away: since it left, as far as the object was awake. */
  readonly counts: Readonly<Counts>;
  readonly subscriptions: readonly TopicSubscription[];
};

export type ConnectionView = {
  readonly protocolVersion: ProtocolVersion;
  readonly keepAliveSec: number;
  readonly isRelayed: boolean;
  /** As `ClientFacts.address`. */
  readonly address?: string;
  readonly connectedAtMs: number;
};

/** @returns `undefined` if there is no session */
export function viewOf(context: Context, state: SessionState, current: Connected | undefined): SessionView | undefined {
  const { admission, outbound, inbound } = state;
  if (admission === undefined) return undefined;
  const { identity, username } = admission.grant;
  return {
    identity,
    username,
    connection: current && connectionViewOf(current),
    disconnectedAtMs: state.disconnectedAtMs,
    expirySec: state.expirySec,
    endsAtMs: Number.isFinite(state.endMs) ? state.endMs : undefined,
    queue: outbound.queueSize,
    inFlightMessages: outbound.inFlightCount,
    incomingMessages: inbound.openCount,
    counts: context.counters.account.counts,
    subscriptions: state.subscribing.all(),
  };
}

function connectionViewOf({
  protocolVersion,
  keepAliveSec,
  isRelayed,
  address,
  connectedAtMs,
}: Connected): ConnectionView {
  return { protocolVersion, keepAliveSec, isRelayed, connectedAtMs, ...(address === undefined ? {} : { address }) };
}
