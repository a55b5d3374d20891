// List prices in US dollars, as of 2026-11: Cloudflare's paid plan, without the amounts that it includes, and AWS IoT
// Core in us-east-1, first tier.

export const pricesAsOf = "2026-11";

export const cloudflare = {
  /** A WebSocket is one request, however long it lives. */
  workerRequestsPerMillion: 0.3,
  /** Requests to objects: calls, `fetch`, alarms. */
  objectRequestsPerMillion: 0.15,
  /** Incoming messages that count as one request to the object. Outgoing messages are free. */
  webSocketMessagesPerRequest: 20,
  /** A delete, and each `setAlarm`, counts as a row. */
  rowsWrittenPerMillion: 1,
  rowsReadPerMillion: 0.001,
  gigabyteSecondsPerMillion: 12.5,
  /** Billed for an object while it is active or cannot hibernate, whatever memory it uses. */
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

/** From 365.25 days per year. */
export const daysPerMonth = 30.44;
export const secondsPerMonth = daysPerMonth * 86_400;
