// The properties that travel with a message, as values: for those who make or read messages without a packet. In a
// message they are bytes. MQTT 5.0 section 3.3.2.3.

import { ByteReader, ByteWriter } from "../bytes.ts";
import { Property } from "./properties.ts";

export type MessageProperties = {
  readonly isPayloadText?: boolean;
  readonly contentType?: string;
  readonly responseTopic?: string;
  readonly correlationData?: Uint8Array;
  readonly userProperties: readonly (readonly [name: string, value: string])[];
};

/**
 * @param properties valid: texts without U+0000, of at most 65,535 bytes as UTF-8
 * @returns as `Message.properties`
 */
export function encodeMessageProperties(properties: MessageProperties): Uint8Array {
  const { isPayloadText, contentType, responseTopic, correlationData, userProperties } = properties;
  const writer = new ByteWriter(64);
  if (isPayloadText !== undefined) {
    writer.u8(Property.PayloadFormatIndicator);
    writer.u8(isPayloadText ? 1 : 0);
  }
  if (contentType !== undefined) {
    writer.u8(Property.ContentType);
    writer.string(contentType);
  }
  if (responseTopic !== undefined) {
    writer.u8(Property.ResponseTopic);
    writer.string(responseTopic);
  }
  if (correlationData !== undefined) {
    writer.u8(Property.CorrelationData);
    writer.u16(correlationData.length);
    writer.raw(correlationData);
  }
  for (const [name, value] of userProperties) {
    writer.u8(Property.UserProperty);
    writer.string(name);
    writer.string(value);
  }
  return writer.finish();
}

/** @param bytes as `Message.properties`: checked when they came */
export function decodeMessageProperties(bytes: Uint8Array): MessageProperties {
  const reader = new ByteReader(bytes);
  const userProperties: [string, string][] = [];
  let properties: MessageProperties = { userProperties };
  while (reader.remaining > 0) {
    const id = reader.varint();
    if (id === Property.PayloadFormatIndicator) properties = { ...properties, isPayloadText: reader.u8() === 1 };
    else if (id === Property.ContentType) properties = { ...properties, contentType: reader.string() };
    else if (id === Property.ResponseTopic) properties = { ...properties, responseTopic: reader.string() };
    else if (id === Property.CorrelationData) properties = { ...properties, correlationData: reader.raw(reader.u16()) };
    else if (id === Property.UserProperty) userProperties.push([reader.string(), reader.string()]);
    else throw new Error(`property ${id} does not travel with a message`);
  }
  return properties;
}
