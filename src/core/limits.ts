// Every limit that an operator can set, but for the rate of connects in wrangler.toml. Each has what it protects, its
// default, and the variable that sets it: upper case with underscores, `maximumPacketBytes` is MAXIMUM_PACKET_BYTES.
// `settings.ts` reads and checks the variables.

import { initialsOf, type Range, type WholeNumbers } from "./whole-numbers.ts";

/** `[default, least, most]` of each limit. */
export const limitRanges = {
  /** Protects memory, and rows: a message is stored in one SQLite row, of 2 MB at most. Sent in CONNACK. */
  maximumPacketBytes: [1_900_000, 1_024, 1_900_000],
  /** The client identifier is part of an object's name. MQTT requires at least 23 [MQTT-3.1.3-5]. */
  maximumClientIdBytes: [256, 23, 900],
  /** Matching walks one node per level. */
  maximumTopicLevels: [200, 8, 65_535],
  maximumTopicBytes: [65_535, 64, 65_535],
  /** User properties of one PUBLISH or Will. */
  maximumUserProperties: [128, 0, 10_000],
  /** Subscriptions of one session: each is a row at the topic objects. */
  maximumSubscriptions: [10_000, 1, 100_000],
  /**
   * Memory that the subscriptions of one topic object use, estimated, of its 128 MB.
   * Share: `sharePercent` for the sessions of one identity, or for one anonymous client.
   */
  maximumSubscriptionBytes: [50_331_648, 65_536, 1_073_741_824],
  /** PUBLISH packets of one client a second: its object and the topics' objects are busy with them. 0 is no limit. */
  maximumPublishRate: [5_000, 0, 1_000_000],
  /**
   * Topic filters in SUBSCRIBE and UNSUBSCRIBE of one client a second: each is a write, and may be a search through the
   * retained messages. The default is that of `maximumSubscriptions`, for clients that reconnect and subscribe to everything
   * again each second. Others wait only for one batch of the lane at a time, not for all the filters. 0 is no limit.
   */
  maximumSubscribeRate: [10_000, 0, 1_000_000],
  /** CONNECT packets accepted for one client identifier: each takes over the connection before, and writes. 0 is no limit. */
  maximumConnectsPerMinute: [600, 0, 60_000],
  /** QoS 2 messages from a client between PUBLISH and PUBREL. Sent in CONNACK. */
  receiveMaximum: [1_000, 1, 65_535],
  /** QoS 1 and 2 messages in flight to a client, if it does not ask for fewer. */
  maximumInFlight: [100, 1, 65_535],
  /**
   * QoS 1 and 2 messages that wait for one session, in flight ones included.
   * Share: whoever may publish to that session may fill it.
   */
  maximumQueuedMessages: [10_000, 1, 60_000],
  /** The same in bytes. Share: whoever may publish to that session may fill it. */
  maximumQueuedBytes: [16_777_216, 1_024, 1_073_741_824],
  /**
   * Sessions of a namespace, whether their clients are connected or away. Each is a database, and a row of the directory,
   * which keeps them all in memory.
   * Share: `sharePercent` for the sessions of one identity, or for all anonymous clients.
   */
  maximumSessions: [200_000, 1, 10_000_000],
  /**
   * Bytes of QoS 1 and 2 messages that wait for clients of a namespace that are away, as far as their sessions have reported.
   * Share: `sharePercent` for the sessions of one identity, or for one anonymous client.
   */
  maximumNamespaceQueuedBytes: [4_294_967_296, 65_536, 1_099_511_627_776],
  /** Bytes of QoS 0 messages sent to a client since it last sent anything: the platform buffers what it does not read. */
  maximumUnheardBytes: [67_108_864, 65_536, 1_099_511_627_776],
  /** Topic aliases of a client that its connection remembers. Sent in CONNACK. */
  topicAliasMaximum: [32, 0, 1_000],
  /** With MQTT 5.0 a client that asks for more, or for none, gets this one: clouds close silent sockets. */
  maximumKeepAliveSec: [60, 5, 65_535],
  /** How late a lost idle client may be noticed. Noticing it in time costs a row each keep alive, and rarely matters. */
  maximumLookDelaySec: [1_200, 0, 86_400],
  /** MQTT 3.x sessions that are not clean get it too, because they cannot name an expiry. 90 days. */
  maximumSessionExpirySec: [7_776_000, 0, 0xffff_ffff],
  /** How long a durable session lets its client in again without asking the access object. 0 asks each time. */
  loginReuseSec: [600, 0, 86_400],
  connectTimeoutSec: [10, 1, 60],
  /** Counted from the last byte of an incomplete packet, which keeps the object awake, and billed. */
  packetTimeoutSec: [30, 5, 600],
  /**
   * Sockets of one session object whose clients are not connected yet.
   * Share: whoever names the client identifier may fill it; then the socket that has been silent for longest is closed.
   */
  maximumPendingSockets: [8, 1, 1_000],
  /** Per topic object. Share: `sharePercent` for one publisher. */
  maximumRetainedMessages: [100_000, 0, 10_000_000],
  /** Per topic object. Share: `sharePercent` for one publisher. */
  maximumRetainedBytes: [1_073_741_824, 0, 9_000_000_000],
  /**
   * How much of what the others leave free one holder may use, of each limit that all clients of a namespace share. A holder
   * is an identity, or an anonymous client. All anonymous clients together may use as much. 100 is everything.
   */
  sharePercent: [75, 1, 100],
  /** Deliveries that a topic object keeps for sessions it cannot reach. Share: `sharePercent` for one session. */
  maximumOwedMessages: [100_000, 0, 10_000_000],
  /** How long a session remembers the QoS 2 messages it got, to recognise a repeat. */
  deduplicationSec: [86_400, 60, 2_592_000],
} as const satisfies Record<string, Range>;

export type Limits = WholeNumbers<keyof typeof limitRanges>;

export const defaultLimits: Limits = initialsOf(limitRanges);
