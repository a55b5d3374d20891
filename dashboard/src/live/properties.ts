// The properties of a message, received or to publish. MQTT 5.0 section 3.3.2.3.

import type { IPublishPacket } from "mqtt";
import { clockText } from "../parts/formats.ts";
import { contentOf, hexOf, looseText } from "./payload.ts";
import { faultOfText, maximumTextBytes, tooLongLine } from "./topic-match.ts";

/** The properties that a publisher may set. */
export type MessageProperties = {
  readonly contentType?: string | undefined;
  readonly responseTopic?: string | undefined;
  readonly correlationData?: Uint8Array | undefined;
  readonly userProperties: readonly (readonly [name: string, value: string])[];
  /** How long the message may be delivered, in seconds. For a received message, how much of that was left. */
  readonly expirySec?: number | undefined;
  /** Whether the publisher says that the payload is UTF-8. */
  readonly isPayloadText?: boolean | undefined;
};

/** In the order received, up to `keptPropertyBytes`. */
export type Properties = MessageProperties & {
  /** The identifiers of the subscriptions that the message matched. */
  readonly subscriptionIdentifiers: readonly number[];
  readonly bytes: number;
  /** How many properties were dropped for lack of room. */
  readonly leftOut: number;
};

/** The most that is kept of one message's properties: about 100 of usual length. */
export const keptPropertyBytes = 16 * 1024;

/** @returns `undefined` if there are none */
export function propertiesOf(packet: IPublishPacket["properties"]): Properties | undefined {
  if (packet === undefined) return undefined;
  let bytes = 0;
  let leftOut = 0;
  const kept = <Value>(value: Value, size: number): Value | undefined => {
    if (bytes + size > keptPropertyBytes) {
      leftOut++;
      return undefined;
    }
    bytes += size;
    return value;
  };
  const text = (value: string | undefined) => (value === undefined ? undefined : kept(value, 2 * value.length));
  const contentType = text(packet.contentType);
  const responseTopic = text(packet.responseTopic);
  const { correlationData: data } = packet;
  // A copy, because a view would keep the whole frame in memory.
  const correlationData = data === undefined ? undefined : kept(Uint8Array.from(data), data.length);
  const userProperties = Object.entries(packet.userProperties ?? {})
    .flatMap(([name, values]) => [values].flat().map((value) => [name, value] as const))
    .flatMap((pair) => kept([pair], 2 * (pair[0].length + pair[1].length)) ?? []);
  return {
    contentType,
    responseTopic,
    correlationData,
    userProperties,
    expirySec: packet.messageExpiryInterval,
    isPayloadText: packet.payloadFormatIndicator,
    subscriptionIdentifiers: [packet.subscriptionIdentifier ?? []].flat(),
    bytes,
    leftOut,
  };
}

/** The properties in the form of MQTT.js, which keeps the order of values with one name, but not the order of names. */
export function packetProperties(properties: MessageProperties): NonNullable<IPublishPacket["properties"]> {
  const { contentType, responseTopic, correlationData, expirySec, isPayloadText } = properties;
  const userProperties: Record<string, string[]> = Object.create(null);
  for (const [name, value] of properties.userProperties)
    userProperties[name] = [...(userProperties[name] ?? []), value];
  return {
    ...(contentType === undefined ? {} : { contentType }),
    ...(responseTopic === undefined ? {} : { responseTopic }),
    ...(correlationData === undefined ? {} : { correlationData: correlationData as Buffer }),
    ...(expirySec === undefined ? {} : { messageExpiryInterval: expirySec }),
    ...(isPayloadText === undefined ? {} : { payloadFormatIndicator: isPayloadText }),
    ...(properties.userProperties.length === 0 ? {} : { userProperties }),
  };
}

const utf8 = new TextEncoder();

/** The bytes that the properties take in a packet, without the length before them. */
export function propertiesBytes(properties: MessageProperties): number {
  const { contentType, responseTopic, correlationData, expirySec, isPayloadText } = properties;
  const textBytes = (text: string) => 2 + utf8.encode(text).length;
  const optional = <Value>(value: Value | undefined, bytesOf: (value: Value) => number) =>
    value === undefined ? 0 : 1 + bytesOf(value);
  const ofUser = properties.userProperties.map(([name, value]) => 1 + textBytes(name) + textBytes(value));
  return [
    optional(contentType, textBytes),
    optional(responseTopic, textBytes),
    optional(correlationData, (data) => 2 + data.length),
    optional(expirySec, () => 4),
    optional(isPayloadText, () => 1),
    ...ofUser,
  ].reduce((sum, bytes) => sum + bytes);
}

const longestExpirySec = 0xffff_ffff;

/** Why MQTT forbids these properties; `undefined` if it allows them. */
export function faultOfProperties(properties: MessageProperties): string | undefined {
  const { contentType, responseTopic, correlationData, expirySec, userProperties } = properties;
  if (responseTopic !== undefined && /[+#]/.test(responseTopic)) return "A response topic has no + or #.";
  if (responseTopic === "") return "Give a response topic, or leave it out.";
  if (expirySec !== undefined && !(Number.isInteger(expirySec) && expirySec >= 0 && expirySec <= longestExpirySec))
    return `The message expiry is a whole number of seconds, up to ${longestExpirySec}.`;
  if (correlationData !== undefined && correlationData.length > maximumTextBytes)
    return tooLongLine("correlation data", correlationData.length);
  const texts: [string, string][] = [
    ["content type", contentType ?? ""],
    ["response topic", responseTopic ?? ""],
    ...userProperties.flatMap(([name, value]): [string, string][] => [
      ["name of a user property", name],
      ["value of a user property", value],
    ]),
  ];
  return texts.map(([what, text]) => faultOfText(what, text)).find((fault) => fault !== undefined);
}

export type PropertyLine = { readonly name: string; readonly value: string };

/**
 * The properties as the lines of a list.
 *
 * @param receivedAtMs when the message came
 * @param filterOf the filter of a subscription, by its identifier; `undefined` if it has ended
 */
export function propertyLines(
  properties: Properties,
  receivedAtMs: number,
  filterOf: (identifier: number) => string | undefined,
): PropertyLine[] {
  const { contentType, responseTopic, correlationData, expirySec, isPayloadText, leftOut } = properties;
  const lines: PropertyLine[] = [];
  const add = (name: string, value: string | undefined) => value !== undefined && lines.push({ name, value });
  add("Content type", contentType);
  add("Response topic", responseTopic);
  add("Correlation data", correlationData && dataText(correlationData));
  add("Message expiry", expirySec === undefined ? undefined : expiryText(expirySec, receivedAtMs));
  add("Payload format", isPayloadText === undefined ? undefined : isPayloadText ? "1: UTF-8 text" : "0: any bytes");
  for (const [name, value] of properties.userProperties) add(`User property ${name}`, value);
  for (const identifier of properties.subscriptionIdentifiers) {
    const filter = filterOf(identifier);
    add("Subscription identifier", filter === undefined ? String(identifier) : `${identifier}: ${filter}`);
  }
  if (leftOut > 0) add("Left out", `${leftOut}: this page keeps ${keptPropertyBytes / 1024} KiB of properties`);
  return lines;
}

function expiryText(expirySec: number, receivedAtMs: number): string {
  const at = receivedAtMs + expirySec * 1_000;
  return `${expirySec} s after it was received${expirySec < 86_400 ? `, at ${clockText(at)}` : ""}`;
}

/** Shown as text if it is text, as with most programs; otherwise in hexadecimal. */
function dataText(bytes: Uint8Array): string {
  const { kind } = contentOf(bytes);
  if (kind === "empty") return "(empty)";
  return kind === "binary" || kind === "image" ? `0x ${hexOf(bytes)}` : looseText(bytes);
}
