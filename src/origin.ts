// Which web pages may use this broker: a browser sends a page's requests with the rights of its reader, and to whatever
// machine a name leads to. Guarantee G6; RFC 6454, RFC 6455 section 10.2, and the Fetch standard's CORS protocol.

import type { Refused } from "./refused.ts";
import type { WebSettings } from "./web-settings.ts";

/** What boards send, which have no origin. A page opened from a file has it in some browsers. */
const ofBoards = "file://";

/** @returns a refusal if the request came to another host name, or from a page that may not use the broker */
export function refusalOfOrigin(request: Request, settings: WebSettings): Refused | undefined {
  const { allowedHosts } = settings;
  const host = hostOf(request);
  if (allowedHosts !== undefined && !allowedHosts.includes(hostnameOf(host))) {
    const line = "this broker does not have that name: see the setting ALLOWED_HOSTS";
    return { status: 421, code: "wrong-host", line };
  }
  const origin = request.headers.get("Origin");
  if (origin === null || origin === ofBoards || isOwn(origin, host) || isListed(origin, settings)) return undefined;
  const line = "pages of this origin may not use this broker: see the setting ALLOWED_ORIGINS";
  return { status: 403, code: "wrong-origin", line };
}

/** Answers what a browser asks before a page's request; `withCors` says whether the page may make it. */
export function preflightOf(request: Request): Response | undefined {
  if (request.method !== "OPTIONS" || !request.headers.has("Access-Control-Request-Method")) return undefined;
  const headers = {
    "Access-Control-Allow-Methods": "GET, POST, PATCH, DELETE",
    "Access-Control-Allow-Headers": "Authorization, Content-Type",
    "Access-Control-Max-Age": "600",
  };
  return new Response(null, { status: 204, headers });
}

/** Lets a page that may ask read the answer. */
export function withCors(request: Request, response: Response, settings: WebSettings): Response {
  const origin = request.headers.get("Origin");
  if (origin === null || !isListed(origin, settings)) return response;
  response.headers.set("Access-Control-Allow-Origin", origin);
  response.headers.append("Vary", "Origin");
  return response;
}

function isListed(origin: string, { allowedOrigins }: WebSettings): boolean {
  return allowedOrigins.includes("*") || allowedOrigins.includes(origin);
}

function isOwn(origin: string, host: string): boolean {
  return URL.canParse(origin) && new URL(origin).host === host && /^https?:/.test(origin);
}

function hostOf(request: Request): string {
  return (request.headers.get("Host") ?? new URL(request.url).host).toLowerCase();
}

function hostnameOf(host: string): string {
  return URL.canParse(`http://${host}`) ? new URL(`http://${host}`).hostname : host;
}
