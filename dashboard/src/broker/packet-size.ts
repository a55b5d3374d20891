// Computes how many bytes a message takes on the wire before it is sent, because a server closes the connection of a
// client that sends too many. MQTT 5.0 sections 3.2.2.3.6 and 3.3.

import { type MessageProperties, propertiesBytes } from "../live/properties.ts";

const utf8 = new TextEncoder();
const grouped = new Intl.NumberFormat("en");

/** MQTT's own limit, which also holds for a server that names none. */
export const protocolMaximumPacketBytes = 268_435_460;

export type Size = {
  readonly topic: string;
  readonly payload: string;
  readonly qos: 0 | 1 | 2;
  readonly properties?: MessageProperties | undefined;
};

/** The bytes of a PUBLISH packet. */
export function publishPacketBytes({ topic, payload, qos, properties }: Size): number {
  const ofProperties = properties === undefined ? 0 : propertiesBytes(properties);
  const header = 2 + utf8.encode(topic).length + (qos > 0 ? 2 : 0) + variableByteIntegerBytes(ofProperties);
  const remaining = header + ofProperties + utf8.encode(payload).length;
  return 1 + variableByteIntegerBytes(remaining) + remaining;
}

/** Why the server would refuse a message of this size; `undefined` if it accepts it. */
export function faultOfSize(size: Size, maximumPacketBytes: number): string | undefined {
  const over = publishPacketBytes(size) - maximumPacketBytes;
  if (over <= 0) return undefined;
  const bytes = utf8.encode(size.payload).length;
  const most = bytes - over;
  if (most < 0)
    return `The topic and the properties are too large for a message: this server takes ${grouped.format(maximumPacketBytes)} bytes with them.`;
  return `The payload has ${grouped.format(bytes)} bytes: this server takes at most ${grouped.format(most)} for this topic.`;
}

function variableByteIntegerBytes(value: number): number {
  return value < 128 ? 1 : value < 16_384 ? 2 : value < 2_097_152 ? 3 : 4;
}
