// Which requests the Worker takes, whatever they are for. docs/SETTINGS.md lists the variables.

import { SettingsError, textOf, type Variables, wholeNumber, word } from "./variables.ts";

export type WebSettings = {
  /** Origins as in Origin headers; "*" is all. */
  readonly allowedOrigins: readonly string[];
  /** Names without a port, in lower case, and `*.NAME` for all below it; `undefined` for any. Addresses are always taken. */
  readonly allowedHosts: readonly string[] | undefined;
  /** Which header has the client's address; `undefined` if a client could write it itself. */
  readonly clientAddressHeader: string | undefined;
  /** Whether Cloudflare itself wrote what the request says of a client certificate. */
  readonly clientCertificates: boolean;
};

export const webSettingNames = [
  "ALLOWED_ORIGINS",
  "ALLOWED_HOSTS",
  "CLIENT_ADDRESS_HEADER",
  "CLIENT_CERTIFICATES",
] as const;

/** @throws {SettingsError} */
export function webSettingsIn(variables: Variables): WebSettings {
  const takesHeader = "the name of a header, or none";
  const header = word(variables, "CLIENT_ADDRESS_HEADER", /^[\w-]{1,100}$/, takesHeader) ?? "CF-Connecting-IP";
  const origins = listIn(variables, "ALLOWED_ORIGINS", isOrigin, "origins such as https://example.org, null, or *");
  const hosts = listIn(variables, "ALLOWED_HOSTS", isHost, "names without a port, or *.NAME for all below one");
  return {
    allowedOrigins: origins ?? [],
    allowedHosts: hosts?.map((host) => host.toLowerCase()),
    clientAddressHeader: header === "none" ? undefined : header,
    clientCertificates: wholeNumber(variables, "CLIENT_CERTIFICATES", [1, 0, 1]) === 1,
  };
}

function listIn(variables: Variables, name: string, isValid: (text: string) => boolean, takes: string) {
  const list = textOf(variables, name)
    ?.split(",")
    .map((text) => text.trim());
  const bad = list?.find((text) => !isValid(text));
  if (bad !== undefined)
    throw new SettingsError(`${name} has ${JSON.stringify(bad)}: give ${takes}, with commas between`);
  return list;
}

function isOrigin(text: string): boolean {
  return text === "*" || text === "null" || (URL.canParse(text) && new URL(text).origin === text);
}

function isHost(text: string): boolean {
  return /^(\*\.)?[\w.-]+$/.test(text) || /^\[[\da-f:]+\]$/i.test(text);
}
