// The packets of a client part by part, each valid unless told otherwise. MQTT 5.0 chapter 3.

import { unique } from "../support/connect.ts";
import { field, hex, properties, rawPacket, twoBytes } from "../support/wire.ts";

export type Version = 3 | 4 | 5;
export const versions = [3, 4, 5] as const;

const nothing = Buffer.alloc(0);

/** Properties with their length, which no packet had before MQTT 5.0. */
export function section(version: Version, ...parts: Uint8Array[]): Buffer {
  return version === 5 ? properties(...parts) : nothing;
}

type ConnectParts = {
  name?: Uint8Array;
  level?: number;
  /** Clean Start alone by default. */
  flags?: number;
  properties?: Uint8Array;
  clientId?: Uint8Array;
  /** What follows the client identifier. */
  payload?: readonly Uint8Array[];
  firstByte?: number;
};

export function connectBytes(version: Version, parts: ConnectParts = {}): Buffer {
  const { firstByte = 0x10, level = version, flags = 0x02, payload = [] } = parts;
  const { name = field(version === 3 ? "MQIsdp" : "MQTT"), clientId = field(unique("raw")) } = parts;
  const head = [name, Buffer.from([level, flags]), twoBytes(60), parts.properties ?? section(version)];
  return rawPacket(firstByte, ...head, clientId, ...payload);
}

/** CONNECT with a Will. */
export function willBytes(
  version: Version,
  parts: { flags?: number; properties?: Uint8Array; topic?: Uint8Array; payload?: Uint8Array } = {},
): Buffer {
  const { flags = 0x06, topic = field(unique("will")), payload = field("gone") } = parts;
  return connectBytes(version, { flags, payload: [parts.properties ?? section(version), topic, payload] });
}

/** PUBLISH at QoS 0, or with a packet identifier at the QoS of `flags`. */
export function publishBytes(
  version: Version,
  parts: { flags?: number; topic?: Uint8Array; packetId?: number; properties?: Uint8Array; payload?: Uint8Array } = {},
): Buffer {
  const { flags = 0, topic = field(unique("raw")), packetId, payload = Buffer.from("hi") } = parts;
  const identifier = packetId === undefined ? nothing : twoBytes(packetId);
  return rawPacket(0x30 | flags, topic, identifier, parts.properties ?? section(version), payload);
}

/** PUBACK, PUBREC, PUBREL or PUBCOMP, by its first byte; with what follows the packet identifier. */
export function acknowledgementBytes(firstByte: number, ...rest: Uint8Array[]): Buffer {
  return rawPacket(firstByte, twoBytes(0x1234), ...rest);
}

export function subscribeBytes(
  version: Version,
  parts: { packetId?: number; properties?: Uint8Array; payload?: readonly Uint8Array[] } = {},
): Buffer {
  const { packetId = 1, payload = [field(unique("raw")), Buffer.from([0])] } = parts;
  return rawPacket(0x82, twoBytes(packetId), parts.properties ?? section(version), ...payload);
}

export function unsubscribeBytes(
  version: Version,
  parts: { packetId?: number; properties?: Uint8Array; payload?: readonly Uint8Array[] } = {},
): Buffer {
  const { packetId = 1, payload = [field(unique("raw"))] } = parts;
  return rawPacket(0xa2, twoBytes(packetId), parts.properties ?? section(version), ...payload);
}

/** Each place for properties in what a client sends, with the given section in it. MQTT 5.0 section 2.2.2. */
export const withSection = {
  CONNECT: (bytes: Uint8Array) => connectBytes(5, { properties: bytes }),
  "a Will": (bytes: Uint8Array) => willBytes(5, { properties: bytes }),
  PUBLISH: (bytes: Uint8Array) => publishBytes(5, { properties: bytes }),
  PUBACK: (bytes: Uint8Array) => acknowledgementBytes(0x40, hex("00"), bytes),
  PUBREC: (bytes: Uint8Array) => acknowledgementBytes(0x50, hex("00"), bytes),
  PUBREL: (bytes: Uint8Array) => acknowledgementBytes(0x62, hex("00"), bytes),
  PUBCOMP: (bytes: Uint8Array) => acknowledgementBytes(0x70, hex("00"), bytes),
  SUBSCRIBE: (bytes: Uint8Array) => subscribeBytes(5, { properties: bytes }),
  UNSUBSCRIBE: (bytes: Uint8Array) => unsubscribeBytes(5, { properties: bytes }),
  DISCONNECT: (bytes: Uint8Array) => rawPacket(0xe0, hex("00"), bytes),
} as const;

export type Owner = keyof typeof withSection;
export const owners = Object.keys(withSection) as Owner[];
