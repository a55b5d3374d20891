// Every limit of the broker: what it protects, its default, and the variable that sets it (upper case with
// underscores, `maximumPacketBytes` is MAXIMUM_PACKET_BYTES). `settings.ts` reads and checks the variables.

import { initialsOf, type Range, type WholeNumbers } from "./whole-numbers.ts";

/** `[default, least, most]` of each limit. */
export const limitRanges = {
  /** Protects memory, and rows: a message is stored in one SQLite row, of 2 MB at most. Sent in CONNACK. */
  maximumPacketBytes: [1_900_000, 1_024, 1_900_000],
  /** An object's name holds it. MQTT asks for 23 at least [MQTT-3.1.3-5]. */
  maximumClientIdBytes: [256, 23, 900],
  /** Matching walks one node per level. */
  maximumTopicLevels: [200, 8, 65_535],
  maximumTopicBytes: [65_535, 64, 65_535],
  /** User properties of one PUBLISH or Will. */
  maximumUserProperties: [128, 0, 10_000],
  /** Rows of one session at the topic objects. */
  maximumSubscriptions: [10_000, 1, 100_000],
  /**
   * About what the subscriptions of one topic object take of its 128 MB.
   * Share: `sharePercent` for the sessions of one identity, or for one anonymous client.
   */
  maximumSubscriptionBytes: [50_331_648, 65_536, 1_073_741_824],
  /** PUBLISH packets of one client a second: its object and the topics' objects are busy with them. 0 is no limit. */
  maximumPublishRate: [5_000, 0, 1_000_000],
  /**
   * Topic filters in SUBSCRIBE and UNSUBSCRIBE of one client a second: each is a write, and may be a search through the
   * retained messages. As many as `maximumSubscriptions`: whoever comes back each second, and subscribes to everything
   * again, must not be hit. Others do not wait for all of them, only for one batch of the lane at a time. 0 is no limit.
   */
  maximumSubscribeRate: [10_000, 0, 1_000_000],
  /** CONNECT packets accepted of one client identifier: each takes the one before over, and writes. 0 is no limit. */
  maximumConnectsPerMinute: [600, 0, 60_000],
  /** QoS 2 messages from a client between PUBLISH and PUBREL. Sent in CONNACK. */
  receiveMaximum: [1_000, 1, 65_535],
  /** The same towards a client, where it does not ask for less. */
  maximumInFlight: [100, 1, 65_535],
  /**
   * QoS 1 and 2 messages that wait for one session, in flight ones included.
   * Share: all of it, for whoever may publish to that session.
   */
  maximumQueuedMessages: [10_000, 1, 60_000],
  /** The same in bytes. Share: all of it, for whoever may publish to that session. */
  maximumQueuedBytes: [16_777_216, 1_024, 1_073_741_824],
  /**
   * Sessions of a namespace, whose clients are connected or away: each is a database, and a row of the directory, which
   * keeps them all in memory.
   * Share: `sharePercent` for the sessions of one identity, or for all anonymous clients.
   */
  maximumSessions: [200_000, 1, 10_000_000],
  /**
   * QoS 1 and 2 messages that wait for all clients of a namespace that are away, as far as their sessions have told.
   * Share: `sharePercent` for the sessions of one identity, or for one anonymous client.
   */
  maximumNamespaceQueuedBytes: [4_294_967_296, 65_536, 1_099_511_627_776],
  /** Of QoS 0 messages to a client since it last sent anything: the platform buffers what it does not read. */
  maximumUnheardBytes: [67_108_864, 65_536, 1_099_511_627_776],
  /** What a connection remembers of the client's topic aliases. Sent in CONNACK. */
  topicAliasMaximum: [32, 0, 1_000],
  /** A client that asks for more, or for none, is told this one in MQTT 5.0: a cloud closes silent sockets. */
  maximumKeepAliveSec: [60, 5, 65_535],
  /** Finding in time that an idle client is gone costs a row each keep alive, and mostly nobody would notice. */
  maximumLookDelaySec: [1_200, 0, 86_400],
  /** Also what MQTT 3.x sessions that are not clean get, which can name no expiry. 90 days. */
  maximumSessionExpirySec: [7_776_000, 0, 0xffff_ffff],
  /** How long a durable session lets its client in as it did before, without asking. 0 asks each time. */
  loginReuseSec: [600, 0, 86_400],
  connectTimeoutSec: [10, 1, 60],
  /** From the last byte of a packet that is not complete: it keeps the object awake, and billed. */
  packetTimeoutSec: [30, 5, 600],
  /**
   * Sockets of one session object whose client is not connected yet.
   * Share: all of it, for whoever names the same client identifier; the one that is silent for longest goes.
   */
  maximumPendingSockets: [8, 1, 1_000],
  /** Of one topic object. Share: `sharePercent` for one publisher. */
  maximumRetainedMessages: [100_000, 0, 10_000_000],
  /** Of one topic object. Share: `sharePercent` for one publisher. */
  maximumRetainedBytes: [1_073_741_824, 0, 9_000_000_000],
  /**
   * Of each limit that all clients of a namespace share, what one holder may have of what the others leave: an identity,
   * or an anonymous client. All anonymous clients together may have as much. 100 is all of it.
   */
  sharePercent: [75, 1, 100],
  /** Deliveries that a topic object keeps for sessions it cannot reach. Share: `sharePercent` for one session. */
  maximumOwedMessages: [100_000, 0, 10_000_000],
  /** How long a session remembers the QoS 2 messages it got, to recognise a repeat. */
  deduplicationSec: [86_400, 60, 2_592_000],
} as const satisfies Record<string, Range>;

export type Limits = WholeNumbers<keyof typeof limitRanges>;

export const defaultLimits: Limits = initialsOf(limitRanges);
