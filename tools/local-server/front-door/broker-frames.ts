// Follows the frames that the broker sends on one WebSocket, to know whether the connection is a client yet, and
// whether the broker has closed it. Reads only the frames' headers and the start of CONNACK. RFC 6455 section 5.2.

export type Stage =
  /** The broker has not sent CONNACK, or has refused the client with it. */
  | "pending"
  /** The broker has sent CONNACK with Success. */
  | "client"
  /** The broker has sent a Close frame, and sends nothing after it. */
  | "closing";

const opcodeOfClose = 0x8;
const connackByte = 0x20;
/** CONNACK begins with its type, the Remaining Length (one to four bytes), the flags and the reason code. */
const connackBytes = 7;

export class BrokerFrames {
  stage: Stage = "pending";
  /** An incomplete header of a frame, or the incomplete start of CONNACK. */
  #unread: Buffer = Buffer.alloc(0);
  /** Bytes of the current frame's payload that have not arrived. */
  #payloadLeft = 0;

  push(chunk: Buffer): void {
    if (this.stage === "closing") return;
    let bytes = this.#unread.length === 0 ? chunk : Buffer.concat([this.#unread, chunk]);
    this.#unread = Buffer.alloc(0);
    while (this.#payloadLeft < bytes.length) {
      bytes = bytes.subarray(this.#payloadLeft);
      this.#payloadLeft = 0;
      const frame = frameOf(bytes);
      if (frame === undefined || (this.stage === "pending" && isCutShort(frame, bytes))) {
        this.#unread = Buffer.from(bytes);
        return;
      }
      if (frame.opcode === opcodeOfClose) {
        this.stage = "closing";
        return;
      }
      bytes = bytes.subarray(frame.headerBytes);
      if (this.stage === "pending" && isSuccessfulConnack(bytes)) this.stage = "client";
      this.#payloadLeft = frame.payloadBytes;
    }
    this.#payloadLeft -= bytes.length;
  }
}

type Frame = { readonly opcode: number; readonly headerBytes: number; readonly payloadBytes: number };

/** A server does not mask its frames. @returns `undefined` if the header is incomplete */
function frameOf(bytes: Buffer): Frame | undefined {
  const length = (bytes[1] ?? 0) & 0x7f;
  const headerBytes = length === 126 ? 4 : length === 127 ? 10 : 2;
  if (bytes.length < headerBytes) return undefined;
  const opcode = (bytes[0] ?? 0) & 0x0f;
  if (length === 126) return { opcode, headerBytes, payloadBytes: bytes.readUInt16BE(2) };
  if (length === 127) return { opcode, headerBytes, payloadBytes: Number(bytes.readBigUInt64BE(2)) };
  return { opcode, headerBytes, payloadBytes: length };
}

/** Whether CONNACK's reason code may not have arrived yet. */
function isCutShort({ headerBytes, payloadBytes }: Frame, bytes: Buffer): boolean {
  return bytes.length < headerBytes + Math.min(payloadBytes, connackBytes);
}

function isSuccessfulConnack(packet: Buffer): boolean {
  let bodyAt = 2;
  while (bodyAt < 5 && (packet[bodyAt - 1] ?? 0) >= 0x80) bodyAt += 1;
  return packet[0] === connackByte && packet[bodyAt + 1] === 0;
}
