// The properties of a packet from a client. MQTT 5.0 section 2.2.2: which there are, on which packets, of which type
// and with which values.
//
// Properties that a server forwards unaltered are kept as the bytes in which they arrived. That also keeps their order and
// repetition [MQTT-3.3.2-18].

import { ByteReader } from "../bytes.ts";
import { ProtocolError } from "../protocol-error.ts";
import { isTopicName, malformed, NO_BYTES, notAllowed, readBinary, readString } from "./fields.ts";
import { ReasonCode } from "./reason-code.ts";

/** The packets of a client that have properties, and the Will, which has its own. */
export type PropertyOwner =
  | "CONNECT"
  | "Will"
  | "PUBLISH"
  | "PUBACK"
  | "PUBREC"
  | "PUBREL"
  | "PUBCOMP"
  | "SUBSCRIBE"
  | "UNSUBSCRIBE"
  | "DISCONNECT"
  | "AUTH";

/** Property identifiers. Table 2-4, but for those that no packet of a client has. */
export const Property = {
  PayloadFormatIndicator: 0x01,
  MessageExpiryInterval: 0x02,
  ContentType: 0x03,
  ResponseTopic: 0x08,
  CorrelationData: 0x09,
  SubscriptionIdentifier: 0x0b,
  SessionExpiryInterval: 0x11,
  AuthenticationMethod: 0x15,
  AuthenticationData: 0x16,
  RequestProblemInformation: 0x17,
  WillDelayInterval: 0x18,
  RequestResponseInformation: 0x19,
  ServerReference: 0x1c,
  ReasonString: 0x1f,
  ReceiveMaximum: 0x21,
  TopicAliasMaximum: 0x22,
  TopicAlias: 0x23,
  UserProperty: 0x26,
  MaximumPacketSize: 0x27,
} as const;

type Definition = {
  readonly name: string;
  /** Reads the value, checks it, and returns it if it is a number. */
  readonly read: (reader: ByteReader, name: string) => number | undefined;
  readonly owners: readonly PropertyOwner[] | "all";
  /** Kept as bytes, for whoever receives the message. */
  readonly forwarded?: true;
};

const MESSAGE: readonly PropertyOwner[] = ["PUBLISH", "Will"];

/** By property identifier. A Map would do; the array is faster, and PUBLISH is the densest path. */
const DEFINITIONS: readonly (Definition | undefined)[] = definitionsById([
  [Property.PayloadFormatIndicator, { name: "Payload Format Indicator", read: flag, owners: MESSAGE, forwarded: true }],
  [Property.MessageExpiryInterval, { name: "Message Expiry Interval", read: u32, owners: MESSAGE }],
  [Property.ContentType, { name: "Content Type", read: text, owners: MESSAGE, forwarded: true }],
  [Property.ResponseTopic, { name: "Response Topic", read: responseTopic, owners: MESSAGE, forwarded: true }],
  [Property.CorrelationData, { name: "Correlation Data", read: binary, owners: MESSAGE, forwarded: true }],
  // On a PUBLISH it is a property that only a server may send; decodePublish refuses it [MQTT-3.3.4-6].
  [
    Property.SubscriptionIdentifier,
    { name: "Subscription Identifier", read: positiveVarint, owners: ["PUBLISH", "SUBSCRIBE"] },
  ],
  [Property.SessionExpiryInterval, { name: "Session Expiry Interval", read: u32, owners: ["CONNECT", "DISCONNECT"] }],
  [Property.AuthenticationMethod, { name: "Authentication Method", read: text, owners: ["CONNECT", "AUTH"] }],
  [Property.AuthenticationData, { name: "Authentication Data", read: binary, owners: ["CONNECT", "AUTH"] }],
  [Property.RequestProblemInformation, { name: "Request Problem Information", read: flag, owners: ["CONNECT"] }],
  [Property.WillDelayInterval, { name: "Will Delay Interval", read: u32, owners: ["Will"] }],
  [Property.RequestResponseInformation, { name: "Request Response Information", read: flag, owners: ["CONNECT"] }],
  // In the same way a server's; decodeDisconnect refuses it.
  [Property.ServerReference, { name: "Server Reference", read: text, owners: ["DISCONNECT"] }],
  [
    Property.ReasonString,
    { name: "Reason String", read: text, owners: ["PUBACK", "PUBREC", "PUBREL", "PUBCOMP", "DISCONNECT", "AUTH"] },
  ],
  [Property.ReceiveMaximum, { name: "Receive Maximum", read: positiveU16, owners: ["CONNECT"] }],
  [Property.TopicAliasMaximum, { name: "Topic Alias Maximum", read: u16, owners: ["CONNECT"] }],
  [Property.TopicAlias, { name: "Topic Alias", read: topicAlias, owners: ["PUBLISH"] }],
  [Property.UserProperty, { name: "User Property", read: pair, owners: "all", forwarded: true }],
  [Property.MaximumPacketSize, { name: "Maximum Packet Size", read: positiveU32, owners: ["CONNECT"] }],
]);

/** What a property section says. */
export type Properties = {
  /** The numbers in it, by identifier; a property that is no number is there as `undefined`. */
  readonly values: ReadonlyMap<number, number | undefined>;
  /** As `Message.properties`: a view if nothing had to be taken out. */
  readonly forwarded: Uint8Array;
};

export const NO_PROPERTIES: Properties = { values: new Map(), forwarded: NO_BYTES };

/**
 * Reads a Property Length and that many bytes of properties.
 *
 * @throws {ProtocolError} 0x81 for a property that is unknown, is not for this packet or is cut short. 0x82 for one
 * that is repeated or out of range. 0x94 for a Topic Alias of 0
 */
export function readProperties(reader: ByteReader, owner: PropertyOwner): Properties {
  const length = reader.varint();
  if (length === 0) return NO_PROPERTIES;
  const bytes = reader.raw(length);
  // A reader of its own, so that no property can reach beyond the section.
  const section = new ByteReader(bytes);
  const values = new Map<number, number | undefined>();
  const forwarded: Uint8Array[] = [];
  let forwardedFrom = 0;

  while (section.remaining > 0) {
    const propertyStart = section.position;
    const id = section.varint();
    const definition = DEFINITIONS[id];
    if (definition === undefined || (definition.owners !== "all" && !definition.owners.includes(owner))) {
      throw malformed(`property 0x${id.toString(16).padStart(2, "0")} is not for ${owner}`);
    }
    if (id !== Property.UserProperty && values.has(id)) throw notAllowed(`${definition.name} appears twice`);
    values.set(id, definition.read(section, definition.name));
    if (definition.forwarded) continue;
    if (forwardedFrom < propertyStart) forwarded.push(bytes.subarray(forwardedFrom, propertyStart));
    forwardedFrom = section.position;
  }
  if (forwardedFrom < section.end) forwarded.push(bytes.subarray(forwardedFrom, section.end));
  return { values, forwarded: joined(forwarded) };
}

/** The least a user property takes: its identifier and two empty strings. */
const minimumUserPropertyBytes = 5;

/** Whether `forwarded`, as `readProperties` left it, holds more user properties than that. */
export function hasMoreUserProperties(forwarded: Uint8Array, most: number): boolean {
  if (forwarded.length <= most * minimumUserPropertyBytes) return false;
  const reader = new ByteReader(forwarded);
  let count = 0;
  while (reader.remaining > 0) {
    const id = reader.varint();
    if (id === Property.UserProperty) count += 1;
    const definition = DEFINITIONS[id];
    definition?.read(reader, definition.name);
  }
  return count > most;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const [first] = parts;
  if (first === undefined) return NO_BYTES;
  if (parts.length === 1) return first;
  const whole = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let position = 0;
  for (const part of parts) {
    whole.set(part, position);
    position += part.length;
  }
  return whole;
}

function definitionsById(entries: readonly (readonly [number, Definition])[]): (Definition | undefined)[] {
  const definitions = new Array<Definition | undefined>(0x28).fill(undefined);
  for (const [id, definition] of entries) definitions[id] = definition;
  return definitions;
}

// How each kind of value is read.

function flag(reader: ByteReader, name: string): number {
  const value = reader.u8();
  if (value > 1) throw notAllowed(`${name} is ${value}, neither 0 nor 1`);
  return value;
}

function u16(reader: ByteReader): number {
  return reader.u16();
}

function u32(reader: ByteReader): number {
  return reader.u32();
}

function positiveU16(reader: ByteReader, name: string): number {
  return positive(reader.u16(), name);
}

function positiveU32(reader: ByteReader, name: string): number {
  return positive(reader.u32(), name);
}

function positiveVarint(reader: ByteReader, name: string): number {
  return positive(reader.varint(), name);
}

function positive(value: number, name: string): number {
  if (value === 0) throw notAllowed(`${name} is 0`);
  return value;
}

function topicAlias(reader: ByteReader): number {
  const value = reader.u16();
  if (value === 0) throw new ProtocolError(ReasonCode.TopicAliasInvalid, "Topic Alias is 0");
  return value;
}

function text(reader: ByteReader): undefined {
  readString(reader);
}

function responseTopic(reader: ByteReader): undefined {
  // A Topic Name to publish to, so without wildcards [MQTT-3.3.2-14].
  if (!isTopicName(readString(reader))) throw notAllowed("Response Topic is not a topic name");
}

function binary(reader: ByteReader): undefined {
  readBinary(reader);
}

function pair(reader: ByteReader): undefined {
  readString(reader);
  readString(reader);
}
