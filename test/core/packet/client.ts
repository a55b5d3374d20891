// The other end of the codec, for its tests: packets as a client makes and understands them.

import { generate, type Packet, parser } from "mqtt-packet";
import { decodePacket, type EncodeOptions, encodePacket } from "../../../src/core/packet/codec.ts";
import type { ClientPacket, ProtocolVersion, ServerPacket } from "../../../src/core/packet/packet.ts";
import { PacketReader } from "../../../src/core/packet/packet-reader.ts";
import type { RawPacket } from "../../../src/core/packet/raw-packet.ts";

export const VERSIONS: ProtocolVersion[] = [3, 4, 5];

export const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex.replaceAll(/\s/g, ""), "hex"));

export const hex = (packet: Uint8Array | undefined) => packet && Buffer.from(packet).toString("hex");

export const utf8 = (text: string) => new TextEncoder().encode(text);

/** The bytes of a body under a fixed header of the right length. */
export function rawPacket(firstByte: number, bodyHex: string): RawPacket {
  const body = bytes(bodyHex);
  const length = body.length < 128 ? [body.length] : [(body.length & 0x7f) | 0x80, body.length >> 7];
  const whole = Uint8Array.from([firstByte, ...length, ...body]);
  return { firstByte, bytes: whole, bodyOffset: 1 + length.length };
}

/** A UTF-8 string with its length, in hexadecimal. */
export const field = (text: string) => {
  const encoded = Buffer.from(text);
  return encoded.length.toString(16).padStart(4, "0") + encoded.toString("hex");
};

/** A property section: its length, and what is in it. */
export const section = (propertiesHex: string) => {
  const length = bytes(propertiesHex).length;
  if (length >= 128) throw new Error("longer than this helper knows");
  return length.toString(16).padStart(2, "0") + propertiesHex;
};

/** What the server understands when a client sends `packet`. */
export function sent(packet: object, protocolVersion: ProtocolVersion): ClientPacket {
  const wire = generate(packet as Packet, { protocolVersion });
  const { packets, error } = new PacketReader(Infinity).push(wire);
  if (error) throw error;
  if (packets.length !== 1) throw new Error(`${packets.length} packets`);
  const isConnect = (packet as Packet).cmd === "connect";
  return decodePacket(packets[0] as RawPacket, isConnect ? undefined : protocolVersion);
}

export const options = (fields: Partial<EncodeOptions> = {}): EncodeOptions => ({
  protocolVersion: 5,
  maximumPacketBytes: Infinity,
  requestProblemInformation: true,
  nowMs: 0,
  ...fields,
});

export const encoded = (packet: ServerPacket, fields: Partial<EncodeOptions> = {}) =>
  encodePacket(packet, options(fields));

/** What a client understands when the server sends `packet`. */
export function received(packet: ServerPacket, fields: Partial<EncodeOptions> = {}): Record<string, unknown> {
  const wire = encoded(packet, fields);
  if (wire === undefined) throw new Error("nothing was sent");
  const parsed: Packet[] = [];
  const client = parser({ protocolVersion: fields.protocolVersion ?? 5 });
  client.on("packet", (each) => parsed.push(each));
  client.on("error", (error) => {
    throw error;
  });
  client.parse(Buffer.from(wire));
  if (parsed.length !== 1) throw new Error(`${parsed.length} packets`);
  return { ...parsed[0] };
}

/** The reason code with which `body` is refused, or "accepted". */
export function reasonOf(raw: RawPacket, version: ProtocolVersion | undefined): string {
  try {
    decodePacket(raw, version);
    return "accepted";
  } catch (error) {
    const { name, reasonCode } = error as { name: string; reasonCode: number };
    return name === "ProtocolError" ? `0x${reasonCode.toString(16)}` : `crashed: ${error}`;
  }
}
