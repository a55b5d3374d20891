// The types that all parts of the API share.

import { OpenAPIHono } from "@hono/zod-openapi";
import type { Settings } from "../settings/settings.ts";
import { invalidRequest } from "./invalid-request.ts";

/** One request's place in the deployment. */
export type Place = {
  readonly env: Env;
  readonly settings: Settings;
  readonly namespace: string;
  /** The path that all addresses of this namespace's API begin with. */
  readonly base: string;
  /** The rest of the path, percent-encoded: one segment for a topic, whatever slashes are in it. */
  readonly path: string;
};

export type ApiEnv = { Bindings: Place };
export type Api = OpenAPIHono<ApiEnv>;

export function newApi(): Api {
  return new OpenAPIHono<ApiEnv>({
    getPath: (_request, options) => (options as { env: Place }).env.path,
    defaultHook: (result) => {
      if (result.success) return;
      throw invalidRequest(result.error.issues, result.target);
    },
  });
}
