// The Worker's variables, read and checked in this one place. docs/SETTINGS.md lists them.

import { type AccessRules, fullAccess } from "../core/access/access-rules.ts";
import { readScramUsers, type ScramUsers, ScramUsersError } from "../core/authentication/scram-users.ts";
import { type Capabilities, capabilityRanges } from "../core/capabilities.ts";
import { type Limits, limitRanges } from "../core/limits.ts";
import type { Redirection } from "../core/session/connect/redirection.ts";
import { mapRanges } from "../core/whole-numbers.ts";
import { type JwtSettings, jwtSettingNames, jwtSettingsIn } from "./jwt-settings.ts";
import { oneOf, rulesIn, SettingsError, textOf, type Variables, wholeNumber, word } from "./variables.ts";
import { type WebSettings, webSettingNames, webSettingsIn } from "./web-settings.ts";

export type Settings = {
  readonly limits: Limits;
  readonly capabilities: Capabilities;
  /** See `responseInformationOf`; `undefined` if no client gets any. */
  readonly responseInformation: string | undefined;
  /** Where every client is sent, if this broker takes none. */
  readonly redirection: Redirection | undefined;
  /** Topic objects per namespace. */
  readonly topicShards: number;
  /** Part of the topic objects' names. A new value starts with empty topic objects; a new number of them needs one. */
  readonly topicEpoch: string;
  /** How often `$SYS` is published while somebody watches; 0 for only when somebody subscribes. */
  readonly sysIntervalSec: number;
  readonly locationHint: DurableObjectLocationHint | undefined;
  readonly jurisdiction: DurableObjectJurisdiction | undefined;
  /** The namespaces that exist besides `default`: all, those in which an operator has made something, or these. */
  readonly namespaces: "all" | "made" | ReadonlySet<string>;
  /** `undefined` for none. */
  readonly scramUsers: ScramUsers | undefined;
  /** What a client without credentials may do; `undefined` if no such client is let in. */
  readonly anonymousRules: AccessRules | undefined;
  /** The token that may do everything in the API; `undefined` if the API is not set up. */
  readonly adminToken: string | undefined;
  readonly web: WebSettings;
  /** `undefined` if no JWT is taken. */
  readonly jwt: JwtSettings | undefined;
};

const locationHints = ["wnam", "enam", "sam", "weur", "eeur", "apac", "oc", "afr", "me"];
const jurisdictions = ["eu", "fedramp"];

/**
 * @throws {SettingsError} one line for the first variable with a bad value
 */
export function readSettings(variables: Variables): Settings {
  return {
    limits: mapRanges(limitRanges, (name, range) => wholeNumber(variables, variableName(name), range)),
    capabilities: mapRanges(capabilityRanges, (name, range) => wholeNumber(variables, variableName(name), range)),
    responseInformation: responseInformationIn(variables),
    redirection: redirectionIn(variables),
    topicShards: wholeNumber(variables, "TOPIC_SHARDS", [1, 1, 256]),
    topicEpoch: word(variables, "TOPIC_EPOCH", /^[\w-]{1,32}$/, "1 to 32 letters, digits, - or _") ?? "1",
    sysIntervalSec: wholeNumber(variables, "SYS_INTERVAL_SEC", [10, 0, 86_400]),
    locationHint: oneOf(variables, "LOCATION_HINT", locationHints) as DurableObjectLocationHint | undefined,
    jurisdiction: oneOf(variables, "JURISDICTION", jurisdictions) as DurableObjectJurisdiction | undefined,
    namespaces: namespacesIn(variables),
    scramUsers: scramUsers(variables, "SCRAM_USERS"),
    anonymousRules: anonymousRulesIn(variables),
    adminToken: adminTokenIn(variables),
    web: webSettingsIn(variables),
    jwt: jwtSettingsIn(variables),
  };
}

/** Every variable that the broker reads. */
export const settingNames: readonly string[] = [
  ...[limitRanges, capabilityRanges].flatMap((ranges) => Object.keys(ranges).map(variableName)),
  "RESPONSE_INFORMATION",
  "SERVER_REFERENCE",
  "SERVER_MOVED",
  "TOPIC_SHARDS",
  "TOPIC_EPOCH",
  "SYS_INTERVAL_SEC",
  "LOCATION_HINT",
  "JURISDICTION",
  "NAMESPACES",
  "SCRAM_USERS",
  "ALLOW_ANONYMOUS",
  "ANONYMOUS_RULES",
  "ADMIN_TOKEN",
  ...webSettingNames,
  ...jwtSettingNames,
];

/** Variables that the broker no longer reads, and why. A deployment that still sets one works as if it did not. */
export const retiredSettings: Readonly<Record<string, string>> = {
  MAXIMUM_FILTERS_PER_SUBSCRIBE: "a SUBSCRIBE may have as many filters as MAXIMUM_PACKET_BYTES has room for",
};

let lastRead: { readonly variables: object; readonly settings: Settings } | undefined;

/**
 * `readSettings`, once for each environment: an isolate keeps one for its life.
 * @param variables the Worker's `Env`
 */
export function settingsOf(variables: object): Settings {
  if (lastRead?.variables !== variables) {
    lastRead = { variables, settings: readSettings(variables as Record<string, unknown>) };
  }
  return lastRead.settings;
}

/** `maximumPacketBytes` is MAXIMUM_PACKET_BYTES. */
export function variableName(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}

function responseInformationIn(variables: Variables): string | undefined {
  const takes = 'a topic name without "$" before it, %c in it being the client identifier, or none';
  // Neither wildcards nor control characters.
  const pattern = /^(?!\$)[^+#\p{Cc}\p{Cs}]{1,1000}$/u;
  const template = word(variables, "RESPONSE_INFORMATION", pattern, takes) ?? "responses/%c";
  return template === "none" ? undefined : template;
}

function redirectionIn(variables: Variables): Redirection | undefined {
  const takes = "references with one space between them, such as other.example.org:8883";
  const pattern = /^(?=.{1,1000}$)[!-~]+( [!-~]+)*$/;
  const serverReference = word(variables, "SERVER_REFERENCE", pattern, takes);
  const isPermanent = wholeNumber(variables, "SERVER_MOVED", [0, 0, 1]) === 1;
  if (serverReference !== undefined) return { serverReference, isPermanent };
  if (isPermanent) throw new SettingsError('SERVER_MOVED is "1": give SERVER_REFERENCE as well');
  return undefined;
}

function namespacesIn(variables: Variables): Settings["namespaces"] {
  const pattern = /^(\*|[A-Za-z0-9_-]{1,64}( *, *[A-Za-z0-9_-]{1,64})*)$/;
  const takes = "names of 1 to 64 letters, digits, - or _ with commas between, or *";
  const text = word(variables, "NAMESPACES", pattern, takes);
  if (text === undefined) return "made";
  return text === "*" ? "all" : new Set(text.split(/ *, */));
}

function anonymousRulesIn(variables: Variables): AccessRules | undefined {
  // Wrong rules are reported even while no anonymous client is let in.
  const rules = rulesIn(variables, "ANONYMOUS_RULES") ?? fullAccess;
  return wholeNumber(variables, "ALLOW_ANONYMOUS", [0, 0, 1]) === 1 ? rules : undefined;
}

/** No message contains its value. */
function adminTokenIn(variables: Variables): string | undefined {
  const token = textOf(variables, "ADMIN_TOKEN");
  if (token === undefined || /^[!-~]{16,256}$/.test(token)) return token;
  throw new SettingsError("ADMIN_TOKEN: give 16 to 256 characters of ASCII, without spaces");
}

function scramUsers(variables: Variables, name: string): ScramUsers | undefined {
  const text = textOf(variables, name);
  try {
    return text === undefined ? undefined : readScramUsers(text);
  } catch (error) {
    if (!(error instanceof ScramUsersError)) throw error;
    throw new SettingsError(`${name}: ${error.message}; make it with npm run scram-user, and quote it in a shell`);
  }
}
