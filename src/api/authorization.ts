// Who makes a request, and what their token may do. RFC 6750: `Authorization: Bearer TOKEN`.

import type { MiddlewareHandler } from "hono";
import { isTokenText, sha256Hex } from "../auth/token.ts";
import { isEqual, sha256 } from "../core/authentication/hmac.ts";
import { addressOf } from "../edge/client-facts.ts";
import { namespaceExists } from "../edge/namespaces.ts";
import type { AccessObject } from "../objects/access-object.ts";
import { accessStub } from "../platform/stubs.ts";
import type { ApiEnv, Place } from "./context.ts";
import { ApiError } from "./errors.ts";
import type { Scope } from "./scopes.ts";
import { WrongTokens } from "./wrong-tokens.ts";

const textEncoder = new TextEncoder();
const wrongTokens = new WrongTokens();

/** Call it for a token that was just made, because older lists lack it. */
export function onTokenMade(namespace: string, token: string): void {
  wrongTokens.noteRight(namespace, sha256Hex(token));
}

/** Lets only tokens through that have the scope, in the request's namespace. */
export function requires(scope: Scope): MiddlewareHandler<ApiEnv> {
  return async (context, next) => {
    const { adminToken } = context.env.settings;
    if (adminToken === undefined) {
      const message = "set a token for this API first: npx wrangler secret put ADMIN_TOKEN";
      throw new ApiError(503, "api-not-set-up", message);
    }
    const token = bearerOf(context.req.header("Authorization"));
    if (!isSame(token, adminToken))
      await checkApiToken(context.env, token, scope, addressOf(context.req.raw, context.env.settings.web) ?? "");
    await next();
  };
}

/** @throws {ApiError} unless it is an API token of the namespace, with this scope */
async function checkApiToken({ env, settings, namespace }: Place, token: string, scope: Scope, address: string) {
  const access = accessStub(env, settings, namespace);
  const sha256 = sha256Hex(token);
  const isLimited = wrongTokens.isLimited(address, Date.now());
  // Somebody who tries out tokens must not keep the access object busy, nor hold up a right token.
  const isWorthAsking =
    isTokenText(token) &&
    (await namespaceExists(env, settings, namespace)) &&
    (!isLimited || (await wrongTokens.mayBeRight(namespace, sha256, Date.now(), () => hashStartsFrom(access))));
  const known = isWorthAsking ? await access.apiTokenFor(sha256) : undefined;
  if (known === undefined) {
    wrongTokens.note(address, Date.now());
    throw isLimited ? tooManyWrongTokens() : wrongToken();
  }
  wrongTokens.noteRight(namespace, sha256);
  if (scope === "tokens:write") throw new ApiError(403, "admin-only", "this takes ADMIN_TOKEN: no API token may do it");
  if (known.scopes.includes(scope)) return;
  throw new ApiError(403, "insufficient-scope", `this takes an API token with the scope ${scope}`);
}

/** @returns `undefined` during a deploy, if the object still runs the previous version */
async function hashStartsFrom(access: DurableObjectStub<AccessObject>): Promise<readonly string[] | undefined> {
  try {
    return await access.apiTokenHashStarts();
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

/** @throws {ApiError} */
function bearerOf(header: string | undefined): string {
  if (header === undefined) throw unauthorized("give a token: Authorization: Bearer TOKEN", false);
  const token = /^Bearer +([!-~]{1,1000}) *$/i.exec(header)?.[1];
  if (token === undefined) throw unauthorized("give the token as in Authorization: Bearer TOKEN", true);
  return token;
}

function tooManyWrongTokens(): ApiError {
  const message = "too many wrong tokens from this address, try again in a minute";
  return new ApiError(429, "too-many-wrong-tokens", message, { "Retry-After": "60" });
}

function wrongToken(): ApiError {
  return unauthorized("this token is not known here: give ADMIN_TOKEN, or an API token of this namespace", true);
}

function unauthorized(message: string, isWrong: boolean): ApiError {
  const challenge = `Bearer realm="durable-mqtt"${isWrong ? ', error="invalid_token"' : ""}`;
  return new ApiError(401, isWrong ? "wrong-token" : "no-token", message, { "WWW-Authenticate": challenge });
}

/** Takes the same time wherever they differ, and whatever their length. */
function isSame(one: string, other: string): boolean {
  return isEqual(sha256(textEncoder.encode(one)), sha256(textEncoder.encode(other)));
}
