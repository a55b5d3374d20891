// The Worker's variables, read and checked in this one place. The README's table lists them.

import { defaultLimits, type LimitName, type Limits, limitRanges } from "./core/limits.ts";

export type Settings = {
  readonly limits: Limits;
  /** Topic objects per namespace. */
  readonly topicShards: number;
  /** Part of the topic objects' names: a new value starts with empty ones, as a change of their number needs. */
  readonly topicEpoch: string;
  readonly locationHint: DurableObjectLocationHint | undefined;
  readonly jurisdiction: DurableObjectJurisdiction | undefined;
};

/** A variable has a value that the broker cannot use; the message says which and what it takes. */
export class SettingsError extends Error {}

const locationHints = ["wnam", "enam", "sam", "weur", "eeur", "apac", "oc", "afr", "me"];
const jurisdictions = ["eu", "fedramp"];

/**
 * @param variables the Worker's environment; bindings in it are passed over
 * @throws {SettingsError} one line for the first variable with a bad value
 */
export function readSettings(variables: Readonly<Record<string, unknown>>): Settings {
  const limits: Record<string, number> = { ...defaultLimits };
  for (const name of Object.keys(limitRanges) as LimitName[]) {
    const [initial, least, most] = limitRanges[name];
    limits[name] = wholeNumber(variables, variableName(name), initial, least, most);
  }
  return {
    limits: limits as Limits,
    topicShards: wholeNumber(variables, "TOPIC_SHARDS", 1, 1, 256),
    topicEpoch: word(variables, "TOPIC_EPOCH", /^[\w-]{1,32}$/, "1 to 32 letters, digits, - or _") ?? "1",
    locationHint: oneOf(variables, "LOCATION_HINT", locationHints) as DurableObjectLocationHint | undefined,
    jurisdiction: oneOf(variables, "JURISDICTION", jurisdictions) as DurableObjectJurisdiction | undefined,
  };
}

/** Every variable that the broker reads. */
export const settingNames: readonly string[] = [
  ...(Object.keys(limitRanges) as LimitName[]).map(variableName),
  "TOPIC_SHARDS",
  "TOPIC_EPOCH",
  "LOCATION_HINT",
  "JURISDICTION",
];

let lastRead: { readonly variables: object; readonly settings: Settings } | undefined;

/** `readSettings`, once for each environment: an isolate keeps one for its life. */
export function settingsOf(variables: Env): Settings {
  if (lastRead?.variables !== variables) {
    lastRead = { variables, settings: readSettings(variables as unknown as Record<string, unknown>) };
  }
  return lastRead.settings;
}

/** `maximumPacketBytes` is MAXIMUM_PACKET_BYTES. */
export function variableName(limit: LimitName): string {
  return limit.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}

function wholeNumber(
  variables: Readonly<Record<string, unknown>>,
  name: string,
  initial: number,
  least: number,
  most: number,
): number {
  const text = textOf(variables, name);
  if (text === undefined) return initial;
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < least || value > most) {
    throw new SettingsError(`${name} is "${text}": give a whole number from ${least} to ${most}`);
  }
  return value;
}

function oneOf(variables: Readonly<Record<string, unknown>>, name: string, words: readonly string[]) {
  return word(variables, name, new RegExp(`^(${words.join("|")})$`), `one of ${words.join(", ")}`);
}

function word(variables: Readonly<Record<string, unknown>>, name: string, pattern: RegExp, takes: string) {
  const text = textOf(variables, name);
  if (text !== undefined && !pattern.test(text)) throw new SettingsError(`${name} is "${text}": give ${takes}`);
  return text;
}

/** TOML has numbers as well as texts; an empty text is as good as none. */
function textOf(variables: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = variables[name];
  return value === undefined || value === "" ? undefined : String(value);
}
