// `pub -D publish NAME VALUE`: MQTT 5.0 properties, with mosquitto_pub's syntax.

import type { IClientPublishOptions } from "mqtt";
import { UsageError } from "./usage-error.ts";
import { wholeNumberOf } from "./values.ts";

type Properties = NonNullable<IClientPublishOptions["properties"]>;

const setters: Readonly<Record<string, (value: string) => Properties>> = {
  "content-type": (contentType) => ({ contentType }),
  "correlation-data": (text) => ({ correlationData: Buffer.from(text) }),
  "message-expiry-interval": (text) => ({
    messageExpiryInterval: wholeNumberOf("-D publish message-expiry-interval", "seconds", 0, 0xffff_ffff)(text),
  }),
  "payload-format-indicator": (text) => ({
    payloadFormatIndicator: wholeNumberOf("-D publish payload-format-indicator", "a number", 0, 1)(text) === 1,
  }),
  "response-topic": (responseTopic) => ({ responseTopic }),
};

const userProperty = "user-property";

/**
 * @param words the words after all -D, in order: `publish NAME VALUE`, or `publish user-property KEY VALUE`
 * @throws {UsageError}
 */
export function publishPropertiesOf(words: readonly string[]): Properties {
  let properties: Properties = {};
  const userProperties: Record<string, string[]> = {};
  const rest = [...words];
  const next = () => {
    const word = rest.shift();
    if (word !== undefined) return word;
    throw new UsageError(`-D ${words.join(" ")} lacks a word: ${usage}.`);
  };
  while (rest.length > 0) {
    const [packet, name] = [next(), next()];
    const setter = Object.hasOwn(setters, name) ? setters[name] : undefined;
    if (packet !== "publish" || (setter === undefined && name !== userProperty))
      throw new UsageError(`-D ${packet} ${name} is not known: ${usage}.`);
    if (setter !== undefined) properties = { ...properties, ...setter(next()) };
    else {
      const key = next();
      const before = Object.hasOwn(userProperties, key) ? (userProperties[key] ?? []) : [];
      Object.defineProperty(userProperties, key, { value: [...before, next()], enumerable: true, configurable: true });
    }
  }
  return Object.keys(userProperties).length === 0 ? properties : { ...properties, userProperties };
}

const usage = `give -D publish ${[...Object.keys(setters), `${userProperty} KEY`].join("|")} VALUE`;
