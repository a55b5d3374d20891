// Writing and reading binary data with MQTT's own data types: big-endian integers, the Variable Byte Integer and
// length-prefixed strings (MQTT 5.0 section 1.5). Used for packets, and for what is stored or sent between objects.

import { recall, remember } from "./known-strings.ts";
import { utf8Decoder } from "./utf8.ts";

/** The bytes end too soon, or are not a valid value. Whether that is a bug or bad input depends on where they came from. */
export class BytesError extends RangeError {
  constructor(message: string) {
    super(message);
    this.name = "BytesError";
  }
}

/** The largest Variable Byte Integer: four bytes of seven bits. Section 1.5.5. */
export const MAXIMUM_VARINT = 0x0fff_ffff;

const MAXIMUM_STRING_BYTES = 0xffff;

/** A writer that is used again does not hold on to more than this after one large value. */
const KEPT_BYTES = 0x1_0000;

const noBytes = new Uint8Array();
const textEncoder = new TextEncoder();

/** How many bytes `value` takes as a Variable Byte Integer. */
export function varintBytes(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x20_0000) return 3;
  return 4;
}

/** How many bytes `text` takes as UTF-8, without a length. */
export function utf8Bytes(text: string): number {
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) >= 0x80) return textEncoder.encode(text).length;
  }
  return text.length;
}

/** Writes into a buffer that grows. A value that does not fit its type is a bug: `BytesError`. */
export class ByteWriter {
  #bytes: Uint8Array<ArrayBuffer>;
  #length = 0;

  constructor(capacityBytes = 256) {
    this.#bytes = capacityBytes === 0 ? noBytes : new Uint8Array(capacityBytes);
  }

  /** A writer into these bytes, which `finish` returns when they are full. */
  static filling(bytes: Uint8Array<ArrayBuffer>): ByteWriter {
    const writer = new ByteWriter(0);
    writer.#bytes = bytes;
    return writer;
  }

  get length(): number {
    return this.#length;
  }

  u8(value: number): void {
    const at = this.#advance(1);
    this.#bytes[at] = value;
  }

  u16(value: number): void {
    const at = this.#advance(2);
    this.#bytes[at] = value >>> 8;
    this.#bytes[at + 1] = value;
  }

  u32(value: number): void {
    const at = this.#advance(4);
    this.#bytes[at] = value >>> 24;
    this.#bytes[at + 1] = value >>> 16;
    this.#bytes[at + 2] = value >>> 8;
    this.#bytes[at + 3] = value;
  }

  /** Eight bytes for a non-negative safe integer, such as milliseconds since 1970. */
  u53(value: number): void {
    if (!Number.isSafeInteger(value) || value < 0) throw new BytesError(`${value} is not a u53`);
    this.u32(Math.floor(value / 0x1_0000_0000));
    this.u32(value % 0x1_0000_0000);
  }

  /** A Variable Byte Integer, in the fewest bytes [MQTT-1.5.5-1]. */
  varint(value: number): void {
    if (!(value >= 0 && value <= MAXIMUM_VARINT)) throw new BytesError(`${value} is not a variable byte integer`);
    let rest = value;
    while (rest >= 0x80) {
      this.u8((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    this.u8(rest);
  }

  /** The bytes as they are, without a length. */
  raw(bytes: Uint8Array): void {
    const at = this.#advance(bytes.length);
    this.#bytes.set(bytes, at);
  }

  /** A UTF-8 Encoded String: two bytes of length, then the text. Section 1.5.4. */
  string(text: string): void {
    if (text.length > MAXIMUM_STRING_BYTES) throw new BytesError(`a string of ${text.length} characters is too long`);
    const start = this.#advance(2 + text.length);
    // Nearly every string is ASCII, where a loop beats the encoder and needs no buffer in between.
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code >= 0x80) {
        this.#length = start;
        this.#encodedString(text);
        return;
      }
      this.#bytes[start + 2 + i] = code;
    }
    this.#bytes[start] = text.length >>> 8;
    this.#bytes[start + 1] = text.length;
  }

  /** A Variable Byte Integer of length, then the bytes. */
  bytes(bytes: Uint8Array): void {
    this.varint(bytes.length);
    this.raw(bytes);
  }

  /**
   * What was written, in an array of its own, and leaves the writer empty for the next use. Nothing is copied when
   * the capacity was exact.
   */
  finish(): Uint8Array<ArrayBuffer> {
    if (this.#length === this.#bytes.length) {
      const full = this.#bytes;
      this.#bytes = noBytes;
      this.#length = 0;
      return full;
    }
    const bytes = this.#bytes.slice(0, this.#length);
    this.clear();
    return bytes;
  }

  /** Forgets what was written, as after an error. */
  clear(): void {
    this.#length = 0;
    if (this.#bytes.length > KEPT_BYTES) this.#bytes = new Uint8Array(KEPT_BYTES);
  }

  #encodedString(text: string): void {
    const encoded = textEncoder.encode(text);
    if (encoded.length > MAXIMUM_STRING_BYTES) throw new BytesError(`a string of ${encoded.length} bytes is too long`);
    this.u16(encoded.length);
    this.raw(encoded);
  }

  /** Makes room, and answers where it begins. */
  #advance(count: number): number {
    const start = this.#length;
    const end = start + count;
    if (end > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(end, this.#bytes.length * 2));
      grown.set(this.#bytes.subarray(0, start));
      this.#bytes = grown;
    }
    this.#length = end;
    return start;
  }
}

/** Reads what `ByteWriter` writes, from `position` up to `end`. Throws `BytesError` if the bytes run out. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly end: number;
  #position: number;

  constructor(bytes: Uint8Array, position = 0, end = bytes.length) {
    if (position > end || end > bytes.length)
      throw new BytesError(`${bytes.length} bytes have no ${position} to ${end}`);
    this.#bytes = bytes;
    this.#position = position;
    this.end = end;
  }

  get position(): number {
    return this.#position;
  }

  get remaining(): number {
    return this.end - this.#position;
  }

  u8(): number {
    const at = this.#advance(1);
    return this.#bytes[at] as number;
  }

  u16(): number {
    const at = this.#advance(2);
    return ((this.#bytes[at] as number) << 8) | (this.#bytes[at + 1] as number);
  }

  u32(): number {
    return this.u16() * 0x1_0000 + this.u16();
  }

  u53(): number {
    const value = this.u32() * 0x1_0000_0000 + this.u32();
    if (!Number.isSafeInteger(value)) throw new BytesError("an integer of more than 53 bits");
    return value;
  }

  /** A Variable Byte Integer; one of five bytes or not in the fewest bytes is refused [MQTT-1.5.5-1]. */
  varint(): number {
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.u8();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        if (byte === 0 && shift > 0) throw new BytesError("a variable byte integer is not in the fewest bytes");
        return value;
      }
    }
    throw new BytesError("a variable byte integer has more than four bytes");
  }

  /** A view of the next `count` bytes, not a copy. */
  raw(count: number): Uint8Array {
    const at = this.#advance(count);
    return this.#bytes.subarray(at, at + count);
  }

  /** A UTF-8 Encoded String, well-formed or refused with a TypeError; U+0000 is for the caller to refuse. */
  string(): string {
    const length = this.u16();
    const start = this.#advance(length);
    const end = start + length;
    const known = recall(this.#bytes, start, end);
    if (known !== undefined) return known;
    const text = utf8Decoder.decode(this.#bytes.subarray(start, end));
    remember(text, this.#bytes, start, end);
    return text;
  }

  /** A view of bytes written with `ByteWriter.bytes`. */
  bytes(): Uint8Array {
    return this.raw(this.varint());
  }

  #advance(count: number): number {
    const start = this.#position;
    if (count > this.end - start) {
      throw new BytesError(`${count} bytes wanted at ${start}, ${this.end - start} are left`);
    }
    this.#position = start + count;
    return start;
  }
}
