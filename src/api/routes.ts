// The addresses of the API, for answers to requests that match none.

import type { Api } from "./context.ts";
import { ApiError } from "./errors.ts";

type Route = { readonly pattern: string; readonly expression: RegExp; readonly methods: Set<string> };

export class Routes {
  private readonly routes = new Map<string, Route>();

  constructor(api: Api) {
    for (const { path, method } of api.routes) {
      const expression = new RegExp(`^${path.replaceAll(/:\w+/g, "[^/]+").replaceAll(".", "\\.")}$`);
      const route = this.routes.get(path) ?? { pattern: path, expression, methods: new Set() };
      route.methods.add(method);
      this.routes.set(path, route);
    }
  }

  /** The pattern, such as "/clients/:clientId", which has no name of a client or a topic. */
  patternOf(path: string): string | undefined {
    return this.find(path)?.pattern;
  }

  /** Says why no route matches the request. */
  missing(path: string): ApiError {
    const methods = [...(this.find(path)?.methods ?? [])].join(", ");
    if (methods === "") {
      return new ApiError(404, "not-found", "nothing is here: openapi.json lists the addresses of this API");
    }
    return new ApiError(405, "method-not-allowed", `this address takes ${methods}`, { Allow: methods });
  }

  private find(path: string): Route | undefined {
    return [...this.routes.values()].find(({ expression }) => expression.test(path));
  }
}
