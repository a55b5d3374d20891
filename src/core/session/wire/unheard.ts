// What a client has been sent at QoS 0 without a word from it. The platform buffers what a socket's client does not
// read, without a limit, and nobody can ask how much that is. If a client says nothing, it may be everything. At QoS 1 and 2
// the acknowledgements show it. MQTT 5.0 section 4.3.1.

import type { Limits } from "../../limits.ts";

/** Since the client last sent anything. Goes through hibernation. */
export type Unheard = {
  readonly bytes: number;
  /** When the limit was reached, in milliseconds since 1970; 0 while it is not. */
  readonly fullSinceMs: number;
};

export const nothingUnheard: Unheard = { bytes: 0, fullSinceMs: 0 };

/** Whether the client must get nothing more at QoS 0 until it sends something. */
export function isFull({ bytes }: Unheard, { maximumUnheardBytes }: Limits): boolean {
  return bytes >= maximumUnheardBytes;
}

/** A message of `sentBytes` goes to the client. */
export function withSent(unheard: Unheard, sentBytes: number, limits: Limits, nowMs: number): Unheard {
  const bytes = unheard.bytes + sentBytes;
  return { bytes, fullSinceMs: bytes >= limits.maximumUnheardBytes ? nowMs : 0 };
}

/**
 * When a client at its limit counts as gone: at the longest keep alive, whatever its own is. A client that still reads,
 * but never sends, then reconnects instead of waiting for ever.
 */
export function unheardDeadlineMs({ fullSinceMs }: Unheard, { maximumKeepAliveSec }: Limits): number {
  return fullSinceMs === 0 ? Number.POSITIVE_INFINITY : fullSinceMs + maximumKeepAliveSec * 1500;
}

/**
 * On the relayed path the Worker answers PINGREQ, so the session would learn nothing of a client that only pings. The
 * Worker passes a PINGREQ on if it has relayed more than this since the last packet. Far below the limit, and far above
 * what an idle client gets.
 */
export function quietBytesOf({ maximumUnheardBytes }: Limits): number {
  return maximumUnheardBytes / 64;
}
