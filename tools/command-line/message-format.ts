// `sub -F FORMAT`: how a message is written, with the conversions of mosquitto_sub.

import type { IPublishPacket } from "mqtt";
import { UsageError } from "./usage-error.ts";

type Written = string | Buffer;
type Conversion = (message: IPublishPacket, receivedAt: Date) => Written;

const conversions: Readonly<Record<string, Conversion>> = {
  "%": () => "%",
  t: ({ topic }) => topic,
  p: ({ payload }) => payload,
  x: ({ payload }) => bytesOf(payload).toString("hex"),
  X: ({ payload }) => bytesOf(payload).toString("hex").toUpperCase(),
  l: ({ payload }) => String(bytesOf(payload).length),
  q: ({ qos }) => String(qos),
  r: ({ retain }) => (retain ? "1" : "0"),
  m: ({ messageId = 0 }) => String(messageId),
  I: (_, receivedAt) => receivedAt.toISOString(),
  U: (_, receivedAt) => (receivedAt.getTime() / 1_000).toFixed(3),
  C: ({ properties }) => properties?.contentType ?? "",
  R: ({ properties }) => properties?.responseTopic ?? "",
  j: (message, receivedAt) => jsonOf(message, receivedAt, bytesOf(message.payload).toString()),
  J: (message, receivedAt) => jsonOf(message, receivedAt, parsed(bytesOf(message.payload).toString())),
};

const escapes: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", "0": "\0", "\\": "\\" };

export type MessageFormat = (message: IPublishPacket, receivedAt: Date) => Buffer;

/**
 * A parser for a flag, in the form that Commander takes.
 * @throws {UsageError} for an unknown conversion
 */
export function messageFormatOf(flag: string): (text: string) => MessageFormat {
  return (text) => {
    const parts = [...text.matchAll(/%(.?)|\\(.?)|[^%\\]+/gsu)].map(([all, conversion, escaped]): Conversion => {
      if (escaped !== undefined) return () => escapes[escaped] ?? all;
      if (conversion === undefined) return () => all;
      const known = Object.hasOwn(conversions, conversion) ? conversions[conversion] : undefined;
      if (known !== undefined) return known;
      throw new UsageError(
        `${flag} has "${all}": give one of ${Object.keys(conversions)
          .map((name) => `%${name}`)
          .join(" ")}.`,
      );
    });
    return (message, receivedAt) => Buffer.concat(parts.map((part) => bytesOf(part(message, receivedAt))));
  };
}

function jsonOf(message: IPublishPacket, receivedAt: Date, payload: unknown): string {
  const { topic, qos, retain, messageId, properties } = message;
  const payloadlen = bytesOf(message.payload).length;
  const fields = { tst: receivedAt.toISOString(), topic, qos, retain: retain ? 1 : 0, payloadlen };
  const isEmpty = properties === undefined || Object.keys(properties).length === 0;
  return JSON.stringify({
    ...fields,
    ...(messageId === undefined || qos === 0 ? {} : { mid: messageId }),
    ...(isEmpty ? {} : { properties: shown(properties) }),
    payload,
  });
}

function shown(properties: object): object {
  const entries = Object.entries(properties);
  return Object.fromEntries(entries.map(([name, value]) => [name, Buffer.isBuffer(value) ? value.toString() : value]));
}

/** A payload that is not JSON stays text. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function bytesOf(written: Written): Buffer {
  return typeof written === "string" ? Buffer.from(written) : written;
}
