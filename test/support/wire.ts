// Bytes of the protocol for tests that need what mqtt-packet cannot write or tell apart: broken packets, and the
// order of User Properties. MQTT 5.0 section 1.5.

/** Reads "20 02 00 01": pairs of hexadecimal digits, blanks ignored. */
export function hex(digits: string): Buffer {
  return Buffer.from(digits.replaceAll(/\s/g, ""), "hex");
}

/** UTF-8 Encoded String or Binary Data, section 1.5.4 and 1.5.6. */
export function field(value: string | Uint8Array): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([twoBytes(bytes.length), bytes]);
}

/** Two Byte Integer, section 1.5.2. */
export function twoBytes(value: number): Buffer {
  return Buffer.from([value >> 8, value & 0xff]);
}

/** Variable Byte Integer, section 1.5.5. */
export function variableByteInteger(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = rest % 128;
    rest = Math.floor(rest / 128);
    bytes.push(rest > 0 ? low | 0x80 : low);
  } while (rest > 0);
  return Buffer.from(bytes);
}

/** A control packet: its first byte, the Remaining Length, and the parts after it. */
export function rawPacket(firstByte: number, ...parts: Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([firstByte]), variableByteInteger(body.length), body]);
}

/** Properties with their length before them, section 2.2.2. */
export function properties(...parts: Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([variableByteInteger(body.length), body]);
}

/** One User Property, section 3.3.2.3.7. */
export function userProperty(name: string, value: string): Buffer {
  return Buffer.concat([Buffer.from([0x26]), field(name), field(value)]);
}

/** The length of the first control packet in `bytes`, or `undefined` while it is incomplete. */
export function packetLength(bytes: Uint8Array): number | undefined {
  let remaining = 0;
  for (let index = 1; index <= 4; index++) {
    const byte = bytes[index];
    if (byte === undefined) return undefined;
    remaining += (byte & 0x7f) * 128 ** (index - 1);
    if (byte < 0x80) {
      const length = index + 1 + remaining;
      return bytes.length < length ? undefined : length;
    }
  }
  throw new Error(`not a Remaining Length: ${Buffer.from(bytes.subarray(0, 5)).toString("hex")}`);
}

/** Takes `bytes` apart into whole packets and what is left. */
export function takePackets(bytes: Buffer): { packets: Buffer[]; rest: Buffer } {
  const packets: Buffer[] = [];
  let rest = bytes;
  for (let length = packetLength(rest); length !== undefined; length = packetLength(rest)) {
    packets.push(rest.subarray(0, length));
    rest = rest.subarray(length);
  }
  return { packets, rest };
}
