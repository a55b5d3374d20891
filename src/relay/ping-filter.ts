// Takes the PINGREQ packets out of what a client sends, so that the relay can answer them and an idle client does
// not wake its session. MQTT 5.0 sections 2.1 and 3.12. It follows packet boundaries and reads nothing else: any
// error of the client passes through, for the session to answer.

/** Where in the stream the next byte belongs. Section 2.1: fixed header byte, Remaining Length, and that many bytes. */
type Position =
  | { readonly in: "first byte" }
  /** The last chunk ended with a 0xC0 where a packet begins: withheld, because it may be half of a PINGREQ. */
  | { readonly in: "first byte, 0xC0 withheld" }
  | { readonly in: "remaining length"; readonly value: number; readonly bytesRead: number }
  | { readonly in: "body"; readonly bytesLeft: number }
  /** The Remaining Length went on after four bytes (section 1.5.5): there are no boundaries to follow any more. */
  | { readonly in: "malformed" };

const firstByte: Position = { in: "first byte" };
const firstByteWithheld: Position = { in: "first byte, 0xC0 withheld" };
const remainingLength: Position = { in: "remaining length", value: 0, bytesRead: 0 };
const malformed: Position = { in: "malformed" };

const pingreqByte = 0xc0;

export type Filtered = {
  /** The bytes to pass on, in order; `undefined` for none. Often a view of the chunk. */
  readonly forward: Uint8Array | undefined;
  /** How many PINGREQ packets were taken out; each is owed a PINGRESP [MQTT-3.12.4-1]. */
  readonly pings: number;
};

/**
 * The filter for one client's stream of bytes, which may be cut anywhere: the frames of a WebSocket need not end
 * where packets do [MQTT-6.0.0-2]. It delays nothing but a 0xC0 that ends its chunk where a packet begins.
 */
export class PingFilter {
  #position: Position = firstByte;

  /** @param chunk the next bytes of the stream; never written to, and copied only if a PINGREQ splits it */
  push(chunk: Uint8Array): Filtered {
    if (this.#position.in === "first byte, 0xC0 withheld") {
      this.#position = firstByte;
      return this.#filter(withPingreqByteBefore(chunk));
    }
    return this.#filter(chunk);
  }

  #filter(chunk: Uint8Array): Filtered {
    const kept = new KeptBytes(chunk.length);
    let pings = 0;
    let keepFrom = 0;
    let index = 0;
    while (index < chunk.length) {
      if (this.#position.in === "first byte" && chunk[index] === pingreqByte) {
        if (index + 1 === chunk.length) {
          kept.add(chunk.subarray(keepFrom, index));
          this.#position = firstByteWithheld;
          return { forward: kept.bytes(), pings };
        }
        if (chunk[index + 1] === 0) {
          kept.add(chunk.subarray(keepFrom, index));
          pings += 1;
          index += 2;
          keepFrom = index;
          continue;
        }
      }
      index = this.#advance(chunk, index);
    }
    kept.add(chunk.subarray(keepFrom));
    return { forward: kept.bytes(), pings };
  }

  /** Moves over one part of a packet that goes on to the session, or what the chunk holds of it. Returns where that ends. */
  #advance(chunk: Uint8Array, index: number): number {
    const position = this.#position;
    switch (position.in) {
      case "first byte":
      case "first byte, 0xC0 withheld":
        this.#position = remainingLength;
        return index + 1;
      case "remaining length":
        this.#position = afterLengthByte(chunk[index] ?? 0, position.value, position.bytesRead);
        return index + 1;
      case "body": {
        const end = Math.min(index + position.bytesLeft, chunk.length);
        this.#position = bodyOf(position.bytesLeft - (end - index));
        return end;
      }
      case "malformed":
        return chunk.length;
    }
  }
}

/** What is left of a chunk. One run of bytes stays a view; only several are copied together. */
class KeptBytes {
  readonly #maxBytes: number;
  #first: Uint8Array | undefined;
  #joined: Uint8Array | undefined;
  #joinedBytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  add(run: Uint8Array): void {
    if (run.length === 0) return;
    if (this.#first === undefined) {
      this.#first = run;
      return;
    }
    if (this.#joined === undefined) {
      this.#joined = new Uint8Array(this.#maxBytes);
      this.#joined.set(this.#first);
      this.#joinedBytes = this.#first.length;
    }
    this.#joined.set(run, this.#joinedBytes);
    this.#joinedBytes += run.length;
  }

  bytes(): Uint8Array | undefined {
    return this.#joined?.subarray(0, this.#joinedBytes) ?? this.#first;
  }
}

/** The Variable Byte Integer of section 1.5.5: seven bits a byte, the lowest first. */
function afterLengthByte(byte: number, valueBefore: number, bytesBefore: number): Position {
  const value = valueBefore | ((byte & 0x7f) << (7 * bytesBefore));
  if (byte < 0x80) return bodyOf(value);
  return bytesBefore === 3 ? malformed : { in: "remaining length", value, bytesRead: bytesBefore + 1 };
}

function bodyOf(bytesLeft: number): Position {
  return bytesLeft === 0 ? firstByte : { in: "body", bytesLeft };
}

function withPingreqByteBefore(chunk: Uint8Array): Uint8Array {
  const joined = new Uint8Array(chunk.length + 1);
  joined[0] = pingreqByte;
  joined.set(chunk, 1);
  return joined;
}
