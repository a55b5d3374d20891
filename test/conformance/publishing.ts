// What conversations about PUBLISH share: several clients at once, and a PUBLISH parsed byte by byte. A packet library
// keeps neither the order of properties nor strings as they were encoded. MQTT 5.0 section 3.3.

import { expect } from "vitest";
import { type Connected, type ConnectOptions, connect } from "../support/connect.ts";

export const versions = [3, 4, 5] as const;
export const qosLevels = [0, 1, 2] as const;
/** Each version with each QoS that is acknowledged. */
export const acknowledged = versions.flatMap((version) => ([1, 2] as const).map((qos) => [version, qos] as const));

/** Clients that have connected, in the order of what they ask for. */
export function connectAll<const Options extends readonly ConnectOptions[]>(
  url: string,
  ...options: Options
): Promise<{ -readonly [Index in keyof Options]: Connected }> {
  return Promise.all(options.map((each) => connect(url, each))) as never;
}

/**
 * The next messages, each with these fields. To be used where several may be on their way: a client that waits for
 * the end of a QoS 2 exchange meets the messages behind it.
 */
export async function expectMessages(client: Connected, expected: readonly Record<string, unknown>[]): Promise<void> {
  const messages = await client.collect(expected.length);
  const readable = messages.map((message, index) =>
    typeof expected[index]?.payload === "string" ? { ...message, payload: message.payload.toString() } : message,
  );
  expect(readable).toMatchObject(expected);
}

/** A PUBLISH of MQTT 5.0 as bytes. */
export type PublishBytes = {
  readonly topicName: Buffer;
  /** Each with its identifier, in order. */
  readonly properties: readonly Buffer[];
  readonly payload: Buffer;
};

export function publishBytesOf(packet: Buffer): PublishBytes {
  const qos = ((packet[0] ?? 0) >> 1) & 0b11;
  let offset = 1 + variableByteIntegerLength(packet, 1);
  const topicEnd = offset + 2 + packet.readUInt16BE(offset);
  const topicName = packet.subarray(offset + 2, topicEnd);
  offset = topicEnd + (qos === 0 ? 0 : 2);
  const start = offset + variableByteIntegerLength(packet, offset);
  const end = start + variableByteInteger(packet, offset);
  const properties: Buffer[] = [];
  for (offset = start; offset < end; ) {
    const length = propertyLength(packet, offset);
    properties.push(packet.subarray(offset, offset + length));
    offset += length;
  }
  return { topicName, properties, payload: packet.subarray(end) };
}

/** Section 2.2.2.2: of those that a PUBLISH may have. */
function propertyLength(packet: Buffer, offset: number): number {
  const identifier = packet[offset];
  const stringLength = (at: number) => 2 + packet.readUInt16BE(at);
  switch (identifier) {
    case 0x01:
      return 2;
    case 0x02:
      return 5;
    case 0x03:
    case 0x08:
    case 0x09:
      return 1 + stringLength(offset + 1);
    case 0x0b:
      return 1 + variableByteIntegerLength(packet, offset + 1);
    case 0x23:
      return 3;
    case 0x26: {
      const name = stringLength(offset + 1);
      return 1 + name + stringLength(offset + 1 + name);
    }
    default:
      throw new Error(`property ${identifier} in PUBLISH`);
  }
}

function variableByteIntegerLength(packet: Buffer, offset: number): number {
  let length = 1;
  while ((packet[offset + length - 1] ?? 0) >= 0x80) length += 1;
  return length;
}

function variableByteInteger(packet: Buffer, offset: number): number {
  let value = 0;
  for (let index = variableByteIntegerLength(packet, offset) - 1; index >= 0; index--) {
    value = value * 128 + ((packet[offset + index] ?? 0) & 0x7f);
  }
  return value;
}
