// The entrance of the HTTP API: one set of routes for all namespaces, and one shape for all errors.

import type { ApiAddress } from "../edge/api-address.ts";
import type { Settings } from "../settings/settings.ts";
import { addClients } from "./clients.ts";
import { newApi, type Place } from "./context.ts";
import { addCredentials } from "./credentials.ts";
import { addDevices } from "./devices.ts";
import { addDocument } from "./document.ts";
import { ApiError, errorResponse } from "./errors.ts";
import { errorOf } from "./failures.ts";
import { addHealth } from "./health.ts";
import { addMetrics } from "./metrics.ts";
import { addPublish } from "./publish.ts";
import { addRetained } from "./retained.ts";
import { Routes } from "./routes.ts";
import { addSessions } from "./sessions.ts";
import { addStats } from "./stats.ts";
import { addTokens } from "./tokens.ts";

const api = newApi();
for (const add of [
  addPublish,
  addClients,
  addSessions,
  addRetained,
  addCredentials,
  addDevices,
  addTokens,
  addStats,
  addMetrics,
  addHealth,
  addDocument,
])
  add(api);
const routes = new Routes(api);
api.notFound((context) => errorResponse(routes.missing(context.env.path)));
api.onError((error, context) => {
  const { method } = context.req;
  return errorResponse(errorOf(error, `${method} ${routes.patternOf(context.env.path) ?? ""}`));
});

/** The answer to a request for one of the API's addresses. */
export async function handleApi(
  request: Request,
  env: Env,
  settings: Settings,
  address: ApiAddress,
): Promise<Response> {
  const response = await answer(request, env, settings, address);
  // The answer is true now, and for the owner of this token.
  response.headers.set("Cache-Control", "no-store");
  response.headers.set("X-Content-Type-Options", "nosniff");
  return response;
}

async function answer(
  request: Request,
  env: Env,
  settings: Settings,
  { namespace, base, rest }: ApiAddress,
): Promise<Response> {
  if (!isPercentEncoded(rest)) {
    return errorResponse(new ApiError(400, "invalid-path", "percent-encode the address, as UTF-8"));
  }
  if (!isPercentEncoded(new URL(request.url).search)) {
    return errorResponse(new ApiError(400, "invalid-query", "percent-encode what comes after the ?, as UTF-8"));
  }
  return api.fetch(request, { env, settings, namespace, base, path: withWholeTopic(rest) } satisfies Place);
}

/** The slashes of a topic may be encoded or not: here the topic is one segment either way. */
function withWholeTopic(path: string): string {
  const start = "/retained/";
  return path.startsWith(start) ? start + path.slice(start.length).replaceAll("/", "%2F") : path;
}

function isPercentEncoded(path: string): boolean {
  try {
    decodeURIComponent(path);
    return true;
  } catch {
    return false;
  }
}
