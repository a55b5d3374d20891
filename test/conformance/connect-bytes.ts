// CONNECT packets that the packet library would not write, or would write otherwise: names and levels that there are
// not, empty client identifiers, properties in an order of ours. MQTT 5.0 section 3.1.

import { unique } from "../support/connect.ts";
import { field, properties, rawPacket, twoBytes } from "../support/wire.ts";

export const connectFlags = { cleanStart: 0x02, will: 0x04, password: 0x40, userName: 0x80 } as const;

export type ConnectBytes = {
  protocolName?: string;
  level?: number;
  flags?: number;
  keepAliveSec?: number;
  /** The bytes of a CONNECT of level 5, without the length. */
  properties?: readonly Uint8Array[];
  clientId?: string;
  /** What follows the client identifier. */
  rest?: readonly Uint8Array[];
};

/** A CONNECT packet, byte by byte: MQTT 5.0 and clean unless told otherwise. */
export function connectBytes({
  protocolName = "MQTT",
  level = 5,
  flags = connectFlags.cleanStart,
  keepAliveSec = 60,
  properties: connectProperties = [],
  clientId = unique("bytes"),
  rest = [],
}: ConnectBytes = {}): Buffer {
  const head = [field(protocolName), Buffer.from([level, flags]), twoBytes(keepAliveSec)];
  const section = level === 5 ? [properties(...connectProperties)] : [];
  return rawPacket(0x10, ...head, ...section, field(clientId), ...rest);
}

/** The same in the words of a version. */
export function connectBytesOf(version: 3 | 4 | 5, fields: ConnectBytes = {}): Buffer {
  return connectBytes({ protocolName: version === 3 ? "MQIsdp" : "MQTT", level: version, ...fields });
}
