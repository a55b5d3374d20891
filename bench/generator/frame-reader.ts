// Parses the frames that a server sends over a WebSocket, wherever reads cut them. RFC 6455 section 5.2. Allocates
// nothing for a message: the payload of a data frame is passed on as a range of the buffer that it was read into.

export interface FrameSink {
  /** A part of the payload of a data frame. MQTT ignores where frames end [MQTT-6.0.0-4]. */
  onBytes(buffer: Buffer, start: number, end: number): void;
  onPing(payload: Buffer): void;
  onClose(): void;
}

const closeOpcode = 8;
const pingOpcode = 9;
const longestHeaderBytes = 10;
const longestControlBytes = 125;

export class FrameReader {
  readonly #sink: FrameSink;
  readonly #header = Buffer.alloc(longestHeaderBytes);
  #headerBytes = 0;
  #opcode = 0;
  /** Bytes of the present frame's payload that were not read yet. */
  #left = 0;
  readonly #control = Buffer.alloc(longestControlBytes);
  #controlBytes = 0;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  read(buffer: Buffer, start: number, end: number): void {
    let at = start;
    while (at < end) {
      if (this.#left === 0) {
        at = this.#readHeader(buffer, at, end);
      } else {
        const until = Math.min(end, at + this.#left);
        this.#left -= until - at;
        this.#onPayload(buffer, at, until);
        at = until;
      }
    }
  }

  #readHeader(buffer: Buffer, start: number, end: number): number {
    const header = this.#header;
    for (let at = start; at < end; ) {
      header[this.#headerBytes] = buffer[at] as number;
      this.#headerBytes += 1;
      at += 1;
      if (this.#headerBytes < 2) continue;
      const short = header[1] as number;
      const wanted = short < 126 ? 2 : short === 126 ? 4 : 10;
      if (this.#headerBytes < wanted) continue;
      this.#left = wanted === 2 ? short : wanted === 4 ? header.readUInt16BE(2) : header.readUIntBE(4, 6);
      this.#opcode = (header[0] as number) & 0x0f;
      this.#headerBytes = 0;
      this.#controlBytes = 0;
      if (this.#left === 0) this.#onPayload(buffer, at, at);
      return at;
    }
    return end;
  }

  #onPayload(buffer: Buffer, start: number, end: number): void {
    if (this.#opcode < closeOpcode) {
      if (end > start) this.#sink.onBytes(buffer, start, end);
      return;
    }
    this.#controlBytes += buffer.copy(this.#control, this.#controlBytes, start, end);
    if (this.#left > 0) return;
    if (this.#opcode === closeOpcode) this.#sink.onClose();
    if (this.#opcode === pingOpcode) this.#sink.onPing(this.#control.subarray(0, this.#controlBytes));
  }
}
