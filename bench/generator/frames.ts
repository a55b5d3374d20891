// What the generator sends: MQTT 3.1.1 packets, each in a WebSocket frame of its own, as clients send them. A client
// must mask its frames (RFC 6455 section 5.3). A key of zeros leaves the bytes as they are, so that the bytes of a
// prebuilt frame can be changed in place.

const binaryFin = 0x82;
const masked = 0x80;
const maskKeyBytes = 4;

export function frameOf(packet: Uint8Array): Buffer {
  const { length } = packet;
  const extended = length < 126 ? 0 : length < 65_536 ? 2 : 8;
  const header = Buffer.alloc(2 + extended + maskKeyBytes);
  header[0] = binaryFin;
  header[1] = masked | (extended === 0 ? length : extended === 2 ? 126 : 127);
  if (extended === 2) header.writeUInt16BE(length, 2);
  if (extended === 8) header.writeUIntBE(length, 4, 6);
  return Buffer.concat([header, packet]);
}

export function pongFrame(payload: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([0x8a, masked | payload.length, 0, 0, 0, 0]), payload]);
}

export function connectPacket(clientId: string, isClean: boolean, keepAliveSec: number): Buffer {
  const fixed = Buffer.from([
    0,
    4,
    ...Buffer.from("MQTT"),
    4,
    isClean ? 0x02 : 0,
    keepAliveSec >> 8,
    keepAliveSec & 0xff,
  ]);
  return packetOf(0x10, fixed, text(clientId));
}

export function subscribePacket(packetId: number, filters: readonly string[], qos: number): Buffer {
  const entries = filters.flatMap((filter) => [text(filter), Buffer.from([qos])]);
  return packetOf(0x82, packetIdBytes(packetId), ...entries);
}

export type Publish = {
  readonly topic: string;
  readonly qos: number;
  readonly payload: Uint8Array;
  readonly packetId?: number;
  readonly retain?: boolean;
};

/** At QoS 1 and 2 the packet identifier stands right before the payload. */
export function publishPacket({ topic, qos, payload, packetId = 1, retain = false }: Publish): Buffer {
  const identifier = qos === 0 ? [] : [packetIdBytes(packetId)];
  return packetOf(0x30 | (qos << 1) | Number(retain), text(topic), ...identifier, payload);
}

export const pingreqFrame = frameOf(Uint8Array.of(0xc0, 0));
export const disconnectFrame = frameOf(Uint8Array.of(0xe0, 0));

/** With status code 1000. */
export const closeFrame = Buffer.from([0x88, masked | 2, 0, 0, 0, 0, 0x03, 0xe8]);

export const acknowledgementFrameBytes = 10;

/** The frame of a PUBACK, PUBREC, PUBREL or PUBCOMP. */
export function writeAcknowledgementFrame(buffer: Buffer, at: number, firstByte: number, packetId: number): void {
  buffer[at] = binaryFin;
  buffer[at + 1] = masked | 4;
  buffer.fill(0, at + 2, at + 6);
  buffer[at + 6] = firstByte;
  buffer[at + 7] = 2;
  buffer[at + 8] = packetId >> 8;
  buffer[at + 9] = packetId & 0xff;
}

function packetOf(firstByte: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  const header = [firstByte];
  let left = body.length;
  do {
    header.push((left & 0x7f) | (left > 0x7f ? 0x80 : 0));
    left >>= 7;
  } while (left > 0);
  return Buffer.concat([Buffer.from(header), body]);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([packetIdBytes(bytes.length), bytes]);
}

function packetIdBytes(value: number): Buffer {
  return Buffer.from([value >> 8, value & 0xff]);
}
