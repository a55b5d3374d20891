// The unit that travels through the broker: what a PUBLISH or a Will becomes. MQTT 5.0 sections 3.3 and 3.1.3.

export type QoS = 0 | 1 | 2;

/** An Application Message: immutable from the moment it is accepted. */
export type Message = {
  /**
   * Names the message across retries, so that receivers recognise a repeat of a QoS 2 message: 9 characters of
   * time that sort, and what makes it unique. Empty below QoS 2.
   */
  readonly id: string;
  readonly topicName: string;
  /** The QoS it was published with. */
  readonly qos: QoS;
  /** The RETAIN flag it was published with. */
  readonly retain: boolean;
  /** When it expires, in milliseconds since 1970; 0 for never. Section 3.3.2.3.3. */
  readonly expiresAtMs: number;
  /**
   * The MQTT 5.0 properties that a server forwards unaltered, as the publisher encoded them: Payload Format
   * Indicator, Content Type, Response Topic, Correlation Data and User Properties, in order [MQTT-3.3.2-18].
   * Kept as bytes, so that nothing can be altered by decoding and encoding again.
   */
  readonly properties: Uint8Array;
  readonly payload: Uint8Array;
};

/** A message on its way to one session, with the options of that session's subscriptions. */
export type Delivery = {
  readonly message: Message;
  /** min(published, granted) [MQTT-3.8.4-8]. */
  readonly qos: QoS;
  /** The RETAIN flag to send: Retain As Published, or a retained message on subscribe. */
  readonly retain: boolean;
  /** The identifiers of all matching subscriptions [MQTT-3.3.4-4]; empty if none has one. */
  readonly subscriptionIdentifiers: readonly number[];
  /** The filter of the shared subscription that it matched, `$share/…`; empty for an ordinary subscription. */
  readonly sharedFilter: string;
};

/** The message by another clock, which is ahead of the clock that the message comes from by this many milliseconds. */
export function withSkew(message: Message, skewMs: number): Message {
  return message.expiresAtMs === 0 || skewMs === 0
    ? message
    : { ...message, expiresAtMs: Math.max(1, message.expiresAtMs + skewMs) };
}

/** Whether the message may no longer be delivered [MQTT-3.3.2-5]. */
export function isExpired({ expiresAtMs }: Pick<Message, "expiresAtMs">, nowMs: number): boolean {
  return expiresAtMs !== 0 && expiresAtMs <= nowMs;
}
