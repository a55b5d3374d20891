// A control packet that nobody has decoded yet, and what can be read from it all the same.

/** One whole control packet, undecoded. */
export type RawPacket = {
  /** Packet type and flags. */
  readonly firstByte: number;
  /** The whole packet, fixed header included. It may be a view of the chunk that it arrived in. */
  readonly bytes: Uint8Array;
  /** The position at which the fixed header ends. */
  readonly bodyOffset: number;
};

/** Packet types of what answers a PUBLISH or PUBREL of the server. Table 2-1. */
const ANSWERS: ReadonlySet<number> = new Set([4, 5, 7]);

/** Whether a packet that begins with this byte is a PUBACK, PUBREC or PUBCOMP, whatever its flags are. */
export function isAnswer(firstByte: number): boolean {
  return ANSWERS.has(firstByte >> 4);
}

/** The packet identifier that an answer names, however broken the rest of it is; 0 if it names none. */
export function answeredPacketId({ bytes, bodyOffset }: RawPacket): number {
  return ((bytes[bodyOffset] ?? 0) << 8) | (bytes[bodyOffset + 1] ?? 0);
}
