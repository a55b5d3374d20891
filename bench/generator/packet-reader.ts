// Finds MQTT Control Packets in bytes that are cut anywhere. MQTT 3.1.1 section 2.2. A packet that is complete in the
// bytes read is passed on in place. A packet that is cut is put together in the reader's own buffer.

/** @param start the start of the variable header. The range is valid until the call returns */
export type OnPacket = (firstByte: number, buffer: Buffer, start: number, end: number) => void;

const firstPartialBytes = 1_024;

export class PacketReader {
  readonly #onPacket: OnPacket;
  #partial = Buffer.allocUnsafe(firstPartialBytes);
  #partialBytes = 0;
  /** The length of the whole packet; 0 until it is known. */
  #wanted = 0;
  #headerBytes = 0;

  constructor(onPacket: OnPacket) {
    this.#onPacket = onPacket;
  }

  read(buffer: Buffer, start: number, end: number): void {
    let at = this.#partialBytes > 0 ? this.#complete(buffer, start, end) : start;
    while (at < end) {
      let length = 0;
      let shift = 0;
      let position = at + 1;
      let isKnown = false;
      while (position < end && !isKnown) {
        const byte = buffer[position] as number;
        length += (byte & 0x7f) << shift;
        shift += 7;
        position += 1;
        isKnown = byte < 0x80;
      }
      if (!isKnown || position + length > end) {
        this.#complete(buffer, at, end);
        return;
      }
      this.#onPacket(buffer[at] as number, buffer, position, position + length);
      at = position + length;
    }
  }

  /** @returns the end of the incomplete packet, or `end` */
  #complete(buffer: Buffer, start: number, end: number): number {
    let at = start;
    while (at < end) {
      const until = this.#wanted === 0 ? at + 1 : Math.min(end, at + this.#wanted - this.#partialBytes);
      buffer.copy(this.#partial, this.#partialBytes, at, until);
      this.#partialBytes += until - at;
      at = until;
      if (this.#wanted === 0) this.#readLength();
      if (this.#partialBytes !== this.#wanted) continue;
      this.#partialBytes = 0;
      this.#wanted = 0;
      this.#onPacket(this.#partial[0] as number, this.#partial, this.#headerBytes, this.#headerBytes + this.#length());
      return at;
    }
    return end;
  }

  #readLength(): void {
    if (this.#partialBytes < 2 || (this.#partial[this.#partialBytes - 1] as number) >= 0x80) return;
    this.#headerBytes = this.#partialBytes;
    this.#wanted = this.#headerBytes + this.#length();
    if (this.#wanted <= this.#partial.length) return;
    const larger = Buffer.allocUnsafe(this.#wanted * 2);
    this.#partial.copy(larger, 0, 0, this.#partialBytes);
    this.#partial = larger;
  }

  #length(): number {
    let length = 0;
    for (let index = 1; index < this.#headerBytes; index += 1) {
      length += ((this.#partial[index] as number) & 0x7f) << (7 * (index - 1));
    }
    return length;
  }
}
