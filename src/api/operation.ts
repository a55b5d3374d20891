// What all operations have in common: who may call them, and how they fail.

import type { RouteConfig } from "@hono/zod-openapi";
import type { MiddlewareHandler } from "hono";
import { textOfUtf8 } from "../core/utf8.ts";
import { requires } from "./authorization.ts";
import type { ApiEnv } from "./context.ts";
import { ApiError, errorSchema } from "./errors.ts";
import { readBody } from "./request-body.ts";
import type { Scope } from "./scopes.ts";

/** The name of the document's one security scheme. */
export const securityScheme = "token";

const failures: Readonly<Record<number, string>> = {
  400: "The request is not as it has to be",
  401: "There is no token, or a wrong one",
  403: "The token lacks the scope that this takes",
  413: "The request's body is too large",
  415: "The request's body is not JSON",
  429: "Too many wrong tokens came from this address",
  500: "A mistake of the broker: its log says more",
  503: "The API has no ADMIN_TOKEN yet, or a part of the broker cannot be reached",
};

/**
 * A route with its authorization, the bound of its body and the failures that any operation has.
 * @param scope what a token needs; "open" takes none
 */
export function operation<const Route extends Omit<RouteConfig, "tags">>(
  scope: Scope | "open",
  tag: string,
  route: Route,
): Route {
  const hasBody = route.request?.body !== undefined;
  const mayFail = (status: string) =>
    (hasBody || (status !== "413" && status !== "415")) &&
    (scope !== "open" || !["401", "403", "429"].includes(status));
  const failing = Object.entries(failures).filter(([status]) => mayFail(status));
  return {
    ...route,
    tags: [tag],
    security: scope === "open" ? [] : [{ [securityScheme]: [scope] }],
    middleware: [...(scope === "open" ? [] : [requires(scope)]), ...(hasBody ? [boundBody, expectText] : [])],
    responses: {
      ...route.responses,
      ...Object.fromEntries(failing.map(([status, description]) => [status, failure(description)])),
    },
  };
}

/** A way to fail, for the responses of an operation. */
export function failure(description: string) {
  return { description, content: { "application/json": { schema: errorSchema } } };
}

/** With an escape of six characters for each byte of the longest topic. */
const topicBytes = 6 * 65_536;

/** The largest message fits, whether as Base64 or with an escape for every other character, and any topic with it. */
const boundBody: MiddlewareHandler<ApiEnv> = async (context, next) => {
  const maxBytes = context.env.settings.limits.maximumPacketBytes * 2 + topicBytes;
  const body = await readBody(context.req.raw, maxBytes);
  if (body === undefined) throw new ApiError(413, "too-large", `send at most ${maxBytes} bytes`);
  context.req.raw = new Request(context.req.raw, { body });
  return next();
};

/** A byte, or half of a surrogate pair, that is no text would be kept as U+FFFD in its place: as another text. */
const expectText: MiddlewareHandler<ApiEnv> = async (context, next) => {
  const text = textOfUtf8(new Uint8Array(await context.req.arrayBuffer()))?.replace(/^\uFEFF/, "");
  if (text === undefined)
    throw new ApiError(400, "invalid-text", "send the body as UTF-8; a payload of other bytes goes as Base64");
  // Only an escape can bring half of a pair. What is no JSON is answered as such.
  if (/\\u[dD][89a-fA-F]/.test(text) && hasLoneSurrogate(text)) {
    throw new ApiError(
      400,
      "invalid-text",
      "the body has an escape for half of a surrogate pair: send whole characters",
    );
  }
  return next();
};

function hasLoneSurrogate(json: string): boolean {
  let isFound = false;
  try {
    JSON.parse(json, (key, value) => {
      if (!key.isWellFormed() || (typeof value === "string" && !value.isWellFormed())) isFound = true;
      return value;
    });
  } catch {
    return false;
  }
  return isFound;
}
