// What JSON Web Tokens are checked with. RFC 7519; docs/SETTINGS.md lists the variables.

import { type AccessRules, noAccess } from "../core/access/access-rules.ts";
import { rulesIn, SettingsError, textOf, type Variables, wholeNumber, word } from "./variables.ts";

export type JwtKey =
  | { readonly kind: "secret"; readonly secret: Uint8Array }
  /** PEM, or a JWK in JSON. */
  | { readonly kind: "public key"; readonly text: string }
  | { readonly kind: "JWKS"; readonly url: URL };

export type JwtSettings = {
  readonly key: JwtKey;
  /** `iss` and `aud` that a token has to have; `undefined` for any. */
  readonly issuer: string | undefined;
  readonly audience: string | undefined;
  readonly clockToleranceSec: number;
  /** How long a connection goes on after `exp`. */
  readonly graceSec: number;
  /** The rules for a token that has none. */
  readonly rules: AccessRules;
};

export const jwtSettingNames = [
  "JWT_SECRET",
  "JWT_PUBLIC_KEY",
  "JWT_JWKS_URL",
  "JWT_ISSUER",
  "JWT_AUDIENCE",
  "JWT_CLOCK_TOLERANCE_SEC",
  "JWT_RULES",
  "TOKEN_GRACE_SEC",
] as const;

/** At least as long as the hash. RFC 7518 section 3.2. */
const leastSecretBytes = 32;

/** @throws {SettingsError} */
export function jwtSettingsIn(variables: Variables): JwtSettings | undefined {
  const keys = [secretIn(variables), publicKeyIn(variables), jwksIn(variables)].filter((key) => key !== undefined);
  if (keys.length > 1) {
    throw new SettingsError("JWT_SECRET, JWT_PUBLIC_KEY and JWT_JWKS_URL exclude each other: give one of them");
  }
  const text = /^[^\p{Cc}]{1,1000}$/u;
  const rest = {
    issuer: word(variables, "JWT_ISSUER", text, "the text of the claim iss"),
    audience: word(variables, "JWT_AUDIENCE", text, "the text of the claim aud"),
    clockToleranceSec: wholeNumber(variables, "JWT_CLOCK_TOLERANCE_SEC", [30, 0, 600]),
    graceSec: wholeNumber(variables, "TOKEN_GRACE_SEC", [0, 0, 86_400]),
    rules: rulesIn(variables, "JWT_RULES") ?? noAccess,
  };
  const [key] = keys;
  return key && { key, ...rest };
}

function secretIn(variables: Variables): JwtKey | undefined {
  const text = textOf(variables, "JWT_SECRET");
  if (text === undefined) return undefined;
  const secret = new TextEncoder().encode(text);
  if (secret.length < leastSecretBytes) {
    throw new SettingsError(`JWT_SECRET has ${secret.length} bytes: give ${leastSecretBytes} at least`);
  }
  return { kind: "secret", secret };
}

function publicKeyIn(variables: Variables): JwtKey | undefined {
  // In a file of variables a line break may be written as two characters.
  const text = textOf(variables, "JWT_PUBLIC_KEY")?.replaceAll("\\n", "\n").trim();
  if (text === undefined) return undefined;
  const isPem = /^-----BEGIN PUBLIC KEY-----\s[A-Za-z0-9+/=\s]+-----END PUBLIC KEY-----$/.test(text);
  if (!isPem && !isPublicJwk(text)) {
    throw new SettingsError(
      "JWT_PUBLIC_KEY is not a public key: give PEM (-----BEGIN PUBLIC KEY-----) or a JWK as JSON",
    );
  }
  return { kind: "public key", text };
}

function isPublicJwk(text: string): boolean {
  try {
    const jwk = JSON.parse(text) as Record<string, unknown>;
    return ["RSA", "EC", "OKP"].includes(String(jwk.kty)) && jwk.d === undefined;
  } catch {
    return false;
  }
}

function jwksIn(variables: Variables): JwtKey | undefined {
  const text = textOf(variables, "JWT_JWKS_URL");
  if (text === undefined) return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isLoopback = url?.protocol === "http:" && ["127.0.0.1", "localhost", "[::1]"].includes(url.hostname);
  if (url === undefined || (url.protocol !== "https:" && !isLoopback)) {
    throw new SettingsError(`JWT_JWKS_URL is ${JSON.stringify(text)}: give an https address`);
  }
  return { kind: "JWKS", url };
}
