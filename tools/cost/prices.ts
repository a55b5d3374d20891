// List prices in US dollars, as of 2026-11: Cloudflare's paid plan, without the amounts that it includes, and AWS IoT
// Core in us-east-1, first tier.

export const pricesAsOf = "2026-11";

export const cloudflare = {
  /** A WebSocket is one, however long it lives. */
  workerRequestsPerMillion: 0.3,
  /** To objects: calls, `fetch`, alarms. */
  objectRequestsPerMillion: 0.15,
  /** Incoming ones that count as one request to the object; outgoing ones are free. */
  webSocketMessagesPerRequest: 20,
  /** A delete, and each `setAlarm`, counts as a row. */
  rowsWrittenPerMillion: 1,
  rowsReadPerMillion: 0.001,
  gigabyteSecondsPerMillion: 12.5,
  /** Whatever an object takes, while it is active or kept from hibernating. */
  objectGigabytes: 0.128,
} as const;

export const aws = {
  /**
   * CONNECT, SUBSCRIBE, PUBLISH each way, and PUBACK from a device, each up to 5 KB. PINGREQ, DISCONNECT and the
   * broker's acknowledgements are free.
   */
  messagesPerMillion: 1,
  connectionMinutesPerMillion: 0.08,
} as const;

/** From 365.25 days a year. */
export const daysPerMonth = 30.44;
export const secondsPerMonth = daysPerMonth * 86_400;
