// The typed fields for the MQTT 5 properties of a message, and the properties made from them. An empty field is left
// out.

import type { MessageProperties } from "./properties.ts";

export type UserProperty = { readonly name: string; readonly value: string };

export type PropertyFields = {
  readonly contentType: string;
  readonly responseTopic: string;
  readonly correlationData: string;
  readonly isCorrelationHex: boolean;
  readonly expirySec: string;
  readonly isPayloadText: boolean;
  readonly userProperties: readonly UserProperty[];
};

export const emptyFields: PropertyFields = {
  contentType: "",
  responseTopic: "",
  correlationData: "",
  isCorrelationHex: false,
  expirySec: "",
  isPayloadText: false,
  userProperties: [],
};

/**
 * @returns `undefined` if all fields are empty
 * @throws an `Error` whose message says which field is wrong
 */
export function propertiesOfFields(fields: PropertyFields): MessageProperties | undefined {
  if (filledFields(fields) === 0) return undefined;
  const { contentType, responseTopic, correlationData, isCorrelationHex, expirySec, isPayloadText } = fields;
  return {
    contentType: contentType || undefined,
    responseTopic: responseTopic || undefined,
    correlationData: correlationData === "" ? undefined : bytesOf(correlationData, isCorrelationHex),
    expirySec: expirySec.trim() === "" ? undefined : Number(expirySec),
    isPayloadText: isPayloadText || undefined,
    userProperties: filledPairs(fields).map(({ name, value }) => [name, value]),
  };
}

/** How many fields are not empty. */
export function filledFields(fields: PropertyFields): number {
  const { contentType, responseTopic, correlationData, expirySec, isPayloadText } = fields;
  const texts = [contentType, responseTopic, correlationData, expirySec.trim()].filter((text) => text !== "");
  return texts.length + (isPayloadText ? 1 : 0) + filledPairs(fields).length;
}

function filledPairs({ userProperties }: PropertyFields): UserProperty[] {
  return userProperties.filter(({ name, value }) => name !== "" || value !== "");
}

function bytesOf(text: string, isHex: boolean): Uint8Array {
  if (!isHex) return new TextEncoder().encode(text);
  const digits = text.replaceAll(/[\s:]|^\s*0x/g, "");
  if (!/^([0-9a-f]{2})*$/i.test(digits))
    throw new Error("Correlation data in hex has two digits for each byte: 01 a2 ff.");
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}
