// JSON Web Tokens as logins: whoever signed the token says who a client is and what it may do. RFC 7519. Nobody has to
// be asked, so a token can be revoked before it expires only by changing the key.

import {
  type CryptoKey,
  createRemoteJWKSet,
  errors,
  importJWK,
  importSPKI,
  type JWKSCacheInput,
  type JWTPayload,
  type JWTVerifyGetKey,
  jwksCache,
  jwtVerify,
} from "jose";
import type { AccessRules } from "../core/access/access-rules.ts";
import type { Grant } from "../core/access/grant.ts";
import { AccessRulesError, readAccessRules } from "../core/access/read-access-rules.ts";
import { logError } from "../platform/log.ts";
import type { JwtSettings } from "../settings/jwt-settings.ts";

export type JwtResult =
  | { readonly outcome: "granted"; readonly grant: Grant }
  | { readonly outcome: "refused" }
  /** The keys could not be fetched. */
  | { readonly outcome: "unavailable" };

/** Key and algorithms belong together: no token may choose how it is checked. */
type Verifier = { readonly getKey: JWTVerifyGetKey; readonly algorithms: string[] };

/** `Ed25519` is RFC 9864's name for what was called `EdDSA`. */
const algorithmsOfKey = [["RS256"], ["ES256"], ["EdDSA", "Ed25519"]];

class KeysUnavailable extends Error {}

/** The token is signed correctly, but has a claim that cannot be understood. */
class ClaimError extends Error {}

/** The last millisecond that a date can have, and an alarm. */
const lastMs = 8.64e15;

/** Whether a text looks like a JWT. Anything else is a password. */
export function isJwt(text: string): boolean {
  return /^eyJ[\w-]+\.[\w-]+\.[\w-]+$/.test(text);
}

/**
 * Nothing of the token is ever in what is logged.
 * @param namespace the token must be for this one: the claim `ns` names another than `default`
 */
export async function grantOfJwt(
  token: string,
  settings: JwtSettings,
  namespace: string,
  nowMs: number,
): Promise<JwtResult> {
  const { issuer, audience, clockToleranceSec } = settings;
  try {
    const { getKey, algorithms } = await verifierOf(settings);
    const { payload } = await jwtVerify(token, getKey, {
      algorithms,
      requiredClaims: ["sub", "exp"],
      clockTolerance: clockToleranceSec,
      currentDate: new Date(nowMs),
      ...(issuer === undefined ? {} : { issuer }),
      ...(audience === undefined ? {} : { audience }),
    });
    if ((payload.ns ?? "default") !== namespace) return { outcome: "refused" };
    return { outcome: "granted", grant: grantIn(payload, settings) };
  } catch (error) {
    if (error instanceof KeysUnavailable) {
      logError("a JWT cannot be judged", { reason: error.message });
      return { outcome: "unavailable" };
    }
    const isItsOwnFault = [errors.JOSEError, ClaimError, AccessRulesError].some((type) => error instanceof type);
    if (isItsOwnFault) return { outcome: "refused" };
    throw error;
  }
}

function grantIn({ sub, iss = "", exp = 0, ...claims }: JWTPayload, settings: JwtSettings): Grant {
  const { clockToleranceSec, graceSec, rules } = settings;
  const claimed = claims.mqtt === undefined ? rules : readAccessRules(claims.mqtt);
  const username = textIn(sub, "sub");
  if (username === "") throw new ClaimError("sub takes a name");
  const endsAtMs = (exp + Math.max(clockToleranceSec, graceSec)) * 1000;
  if (endsAtMs > lastMs) throw new ClaimError("exp takes seconds since 1970");
  return {
    identity: `jwt/${encodeURIComponent(textIn(iss, "iss"))}/${encodeURIComponent(username)}`,
    username,
    rules: boundTo(claims.client_id, claimed),
    endsAtMs,
  };
}

/** A list would be taken for a text in rules, and half of a character has no bytes. */
function textIn(claim: unknown, name: string): string {
  if (typeof claim !== "string" || !claim.isWellFormed()) throw new ClaimError(`${name} takes a text`);
  return claim;
}

function boundTo(clientId: unknown, rules: AccessRules): AccessRules {
  if (clientId === undefined) return rules;
  if (typeof clientId !== "string" || /\*|%u/.test(clientId)) {
    throw new ClaimError("client_id takes a client identifier without * and %u");
  }
  return { ...rules, clientIds: [clientId] };
}

/** Keys by their settings, which an isolate has once. */
const publicKeys = new WeakMap<JwtSettings, Verifier>();
const jwksOf = new WeakMap<JwtSettings, JWKSCacheInput>();

/** If the keys could not be fetched, they are not asked for again within this time, whoever logs in. */
const unavailableMs = 5_000;
const unavailableUntilMs = new WeakMap<JwtSettings, number>();

async function verifierOf(settings: JwtSettings): Promise<Verifier> {
  const { key } = settings;
  switch (key.kind) {
    case "secret":
      return { getKey: async () => key.secret, algorithms: ["HS256"] };
    case "public key": {
      const known = publicKeys.get(settings) ?? (await importPublicKey(key.text));
      publicKeys.set(settings, known);
      return known;
    }
    case "JWKS":
      return { getKey: remoteKeys(settings, key.url), algorithms: algorithmsOfKey.flat() };
  }
}

/** The kind of key decides the algorithm. */
async function importPublicKey(text: string): Promise<Verifier> {
  for (const algorithms of algorithmsOfKey) {
    const [algorithm = ""] = algorithms;
    try {
      const isJwk = text.startsWith("{");
      const key = isJwk ? await importJWK(JSON.parse(text), algorithm) : await importSPKI(text, algorithm);
      return { getKey: async () => key as CryptoKey, algorithms };
    } catch {
      // The key is of another kind.
    }
  }
  throw new KeysUnavailable("JWT_PUBLIC_KEY cannot be read: give a key for RS256, ES256 or EdDSA");
}

/** Objects of one isolate share what was fetched, but not the fetching, which the platform binds to one of them. */
function remoteKeys(settings: JwtSettings, url: URL): JWTVerifyGetKey {
  const cache = jwksOf.get(settings) ?? {};
  jwksOf.set(settings, cache);
  const keys = createRemoteJWKSet(url, {
    timeoutDuration: 5_000,
    cooldownDuration: 30_000,
    cacheMaxAge: 600_000,
    [jwksCache]: cache,
  });
  return async (header, token) => {
    const waitMs = (unavailableUntilMs.get(settings) ?? 0) - Date.now();
    // A wait that is longer than the maximum began before the clock was set back.
    if (waitMs > 0 && waitMs <= unavailableMs)
      throw new KeysUnavailable("the keys at JWT_JWKS_URL could not be fetched");
    try {
      return await keys(header, token);
    } catch (error) {
      const isItsOwnFault = [errors.JWKSNoMatchingKey, errors.JWKSMultipleMatchingKeys, errors.JOSENotSupported].some(
        (type) => error instanceof type,
      );
      if (isItsOwnFault) throw error;
      unavailableUntilMs.set(settings, Date.now() + unavailableMs);
      throw new KeysUnavailable(`the keys at JWT_JWKS_URL cannot be fetched: ${(error as Error).message}`);
    }
  };
}
