// What all operations have in common: who may call them, how their bodies are read, and how they fail.

import type { RouteConfig } from "@hono/zod-openapi";
import { requires } from "./authorization.ts";
import { errorSchema } from "./errors.ts";
import { textBody } from "./request-body.ts";
import type { Scope } from "./scopes.ts";

/** The name of the document's one security scheme. */
export const securityScheme = "token";

const failures: Readonly<Record<number, string>> = {
  400: "The request is not valid",
  401: "The token is missing or wrong",
  403: "The token lacks the scope that this needs",
  413: "The request's body is too large",
  415: "The request's body is not JSON",
  429: "Too many wrong tokens have come from this address",
  500: "A bug in the broker: its log says more",
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
    middleware: [...(scope === "open" ? [] : [requires(scope)]), ...(hasBody ? [textBody] : [])],
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
