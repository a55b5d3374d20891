// Which web pages may use this broker: a browser sends a page's requests with the rights of its reader, and to whatever
// machine a name leads to. Guarantee G6; RFC 6454, RFC 6455 section 10.2, and the Fetch standard's CORS protocol.

import type { WebSettings } from "../settings/web-settings.ts";
import type { Refused } from "./refused.ts";

/** What boards send, because they have no origin. In some browsers a page opened from a file has it too. */
const ofBoards = "file://";

/** @returns a refusal if the request came to another host name, or from a page that may not use the broker */
export function refusalOfOrigin(request: Request, settings: WebSettings): Refused | undefined {
  const { allowedHosts } = settings;
  const host = hostOf(request);
  if (allowedHosts !== undefined && !isAllowedHost(hostnameOf(host), allowedHosts))
    return { status: 421, code: "wrong-host", line: lineOfWrongHost(hostnameOf(host)) };
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

/**
 * An address is always taken. Only a name can be made to lead to somebody else's machine (DNS rebinding); a page that was
 * loaded from an address came from there.
 */
function isAllowedHost(hostname: string, allowedHosts: readonly string[]): boolean {
  return isAddress(hostname) || allowedHosts.some((allowed) => isNamedBy(hostname, allowed));
}

/** @param hostname as the URL parser writes it: nothing else looks like an address then */
function isAddress(hostname: string): boolean {
  return /^(\d+\.\d+\.\d+\.\d+|\[[\da-f:.]+\])$/.test(hostname);
}

/** @param allowed a name, or `*.NAME` for every name below it */
function isNamedBy(hostname: string, allowed: string): boolean {
  if (!allowed.startsWith("*.")) return hostname === allowed;
  const end = allowed.slice(1);
  return hostname.endsWith(end) && hostname.length > end.length;
}

function lineOfWrongHost(hostname: string): string {
  // Whatever else a client writes there is not repeated.
  const name = /^[\w.-]{1,253}$/.test(hostname) ? hostname : "NAME";
  return `this broker is not known as ${name}: start it with --allow-host ${name}, or add the name to the setting ALLOWED_HOSTS`;
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
  const hostname = URL.canParse(`http://${host}`) ? new URL(`http://${host}`).hostname : host;
  return hostname.replace(/\.$/, ""); // The root of the DNS.
}
