// Splits a stream of bytes into whole control packets. MQTT 5.0 section 2.1.1 (the fixed header) and chapter 6: a
// WebSocket frame holds parts of packets or several of them, as it happens [MQTT-6.0.0-2].
//
// What is inside a packet is the codec's business.

import { ProtocolError } from "../protocol-error.ts";
import { isAnswer, type RawPacket } from "./raw-packet.ts";
import { ReasonCode } from "./reason-code.ts";

export type PushResult = {
  /** The packets that are whole, in order; those before a bad one are still to be handled. */
  readonly packets: RawPacket[];
  /** The stream is broken from here on: the connection ends once `packets` are handled. */
  readonly error: ProtocolError | undefined;
};

/** How much of an answer too large is read: its packet identifier, which says what it answers. */
const PACKET_ID_BYTES = 2;

/** The type byte, and the Remaining Length of at most four bytes. */
const MAXIMUM_FIXED_HEADER_BYTES = 5;

type FixedHeader = { readonly bodyOffset: number; readonly packetBytes: number };

export class PacketReader {
  /** The largest packet accepted, fixed header included. May change between chunks. Section 3.2.2.3.6. */
  maximumPacketBytes: number;

  /** The beginning of a packet whose end has not arrived: the first `#heldBytes` bytes of `#held`. */
  #held = new Uint8Array(MAXIMUM_FIXED_HEADER_BYTES);
  #heldBytes = 0;
  /** The fixed header of that packet, once it is whole. */
  #header: FixedHeader | undefined;
  #error: ProtocolError | undefined;
  /** How the packet that broke the stream begins. */
  #broken: RawPacket | undefined;

  constructor(maximumPacketBytes: number) {
    this.maximumPacketBytes = maximumPacketBytes;
  }

  /** How many bytes wait for the rest of their packet. */
  get bufferedBytes(): number {
    return this.#heldBytes;
  }

  /** How a packet begins that never became whole: the one that broke the stream, or the one that waits for its rest. */
  get unfinished(): RawPacket | undefined {
    return this.#broken ?? (this.#heldBytes === 0 ? undefined : beginningOf(this.#held.subarray(0, this.#heldBytes)));
  }

  /** Takes the next bytes of the stream. After an error it takes no more, and answers that error again. */
  push(chunk: Uint8Array): PushResult {
    const packets: RawPacket[] = [];
    if (this.#error !== undefined) return { packets, error: this.#error };
    try {
      this.#split(plain(chunk), packets);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#error = error;
      this.#release();
    }
    return { packets, error: this.#error };
  }

  #split(chunk: Uint8Array, packets: RawPacket[]): void {
    let position = 0;
    while (position < chunk.length) {
      if (this.#heldBytes > 0) {
        position = this.#resume(chunk, position, packets);
        continue;
      }
      const header = this.#headerOf(chunk.subarray(position));
      if (header === undefined || chunk.length - position < header.packetBytes) {
        this.#header = header;
        this.#hold(chunk.subarray(position));
        return;
      }
      packets.push({
        firstByte: chunk[position] as number,
        bytes: chunk.subarray(position, position + header.packetBytes),
        bodyOffset: header.bodyOffset,
      });
      position += header.packetBytes;
    }
  }

  /** Goes on with the packet that is held. Answers the position up to which `chunk` is used. */
  #resume(chunk: Uint8Array, position: number, packets: RawPacket[]): number {
    if (this.#header === undefined) {
      this.#hold(chunk.subarray(position, position + 1));
      this.#header = this.#headerOf(this.#held.subarray(0, this.#heldBytes));
      if (this.#header !== undefined) this.#finishIfWhole(this.#header, packets);
      return position + 1;
    }
    const end = Math.min(chunk.length, position + this.#header.packetBytes - this.#heldBytes);
    this.#hold(chunk.subarray(position, end));
    this.#finishIfWhole(this.#header, packets);
    return end;
  }

  /**
   * The fixed header that `bytes` begin with.
   *
   * @returns undefined while it is not whole, or more has to come before the packet can be refused
   * @throws {ProtocolError} 0x81 when the Remaining Length is none [MQTT-1.5.5-1], 0x95 when the packet is too large
   */
  #headerOf(bytes: Uint8Array): FixedHeader | undefined {
    try {
      const header = readFixedHeader(bytes);
      if (header === undefined || header.packetBytes <= this.maximumPacketBytes) return header;
      const isNamed = !isAnswer(bytes[0] as number) || bytes.length >= header.bodyOffset + PACKET_ID_BYTES;
      if (!isNamed) return undefined;
      const message = `a packet of ${header.packetBytes} bytes, over ${this.maximumPacketBytes}`;
      throw new ProtocolError(ReasonCode.PacketTooLarge, message);
    } catch (error) {
      this.#broken = beginningOf(bytes);
      throw error;
    }
  }

  #finishIfWhole({ bodyOffset, packetBytes }: FixedHeader, packets: RawPacket[]): void {
    if (this.#heldBytes < packetBytes) return;
    packets.push({ firstByte: this.#held[0] as number, bytes: this.#held.subarray(0, packetBytes), bodyOffset });
    this.#release();
  }

  /**
   * Copies what must wait. The buffer doubles as bytes arrive, so that many small chunks cost no more than a few
   * large ones. It is not made as large as the packet announces, because announcing costs the client nothing.
   */
  #hold(bytes: Uint8Array): void {
    const needed = this.#heldBytes + bytes.length;
    if (needed > this.#held.length) {
      const packetBytes = this.#header?.packetBytes ?? MAXIMUM_FIXED_HEADER_BYTES;
      const grown = new Uint8Array(Math.max(needed, Math.min(packetBytes, this.#held.length * 2)));
      grown.set(this.#held.subarray(0, this.#heldBytes));
      this.#held = grown;
    }
    this.#held.set(bytes, this.#heldBytes);
    this.#heldBytes = needed;
  }

  /** Lets go of the buffer: it belongs to the packet that was answered. */
  #release(): void {
    this.#held = new Uint8Array(MAXIMUM_FIXED_HEADER_BYTES);
    this.#heldBytes = 0;
    this.#header = undefined;
  }
}

/** A view of a Node.js Buffer would be a Buffer, which behaves unlike a Uint8Array and is not to spread from here. */
function plain(chunk: Uint8Array): Uint8Array {
  if (chunk.constructor === Uint8Array) return chunk;
  return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length);
}

/** A copy of what a packet's fixed header and packet identifier take at most. */
function beginningOf(bytes: Uint8Array): RawPacket {
  const beginning = bytes.slice(0, MAXIMUM_FIXED_HEADER_BYTES + PACKET_ID_BYTES);
  // The first byte of the Remaining Length without a continuation bit is its last; without one, there is no body.
  const lastByte = beginning.subarray(0, MAXIMUM_FIXED_HEADER_BYTES).findIndex((byte, at) => at > 0 && byte < 0x80);
  const bodyOffset = lastByte === -1 ? beginning.length : lastByte + 1;
  return { firstByte: beginning[0] as number, bytes: beginning, bodyOffset };
}

/**
 * @returns undefined when the header is not whole yet
 * @throws {ProtocolError} 0x81 when the Remaining Length is none [MQTT-1.5.5-1]
 */
function readFixedHeader(bytes: Uint8Array): FixedHeader | undefined {
  let remainingLength = 0;
  for (let i = 1; i < MAXIMUM_FIXED_HEADER_BYTES; i++) {
    if (i >= bytes.length) return undefined;
    const byte = bytes[i] as number;
    remainingLength |= (byte & 0x7f) << (7 * (i - 1));
    if (byte >= 0x80) continue;
    if (byte === 0 && i > 1) {
      throw new ProtocolError(ReasonCode.MalformedPacket, "the remaining length is not in the fewest bytes");
    }
    return { bodyOffset: i + 1, packetBytes: i + 1 + remainingLength };
  }
  throw new ProtocolError(ReasonCode.MalformedPacket, "the remaining length has more than four bytes");
}
