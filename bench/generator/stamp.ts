// The head of a message's payload: its publisher, its number among that publisher's messages, and the time. All clients
// are in one process, so they share a clock.

export const stampBytes = 16;

export function writePublisher(buffer: Buffer, at: number, publisher: number): void {
  buffer.writeUInt32BE(publisher, at);
}

export function writeSending(buffer: Buffer, at: number, sequence: number, nowMs: number): void {
  buffer.writeUInt32BE(sequence, at + 4);
  buffer.writeDoubleBE(nowMs, at + 8);
}

export function publisherAt(buffer: Buffer, at: number): number {
  return buffer.readUInt32BE(at);
}

export function sequenceAt(buffer: Buffer, at: number): number {
  return buffer.readUInt32BE(at + 4);
}

export function sentMsAt(buffer: Buffer, at: number): number {
  return buffer.readDoubleBE(at + 8);
}
