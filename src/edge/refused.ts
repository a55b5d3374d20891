// How the Worker refuses a request before it asks anybody else: at the API's addresses in the API's form, elsewhere as a line.

import { apiAddressOf } from "./api-address.ts";

export type Refused = {
  readonly status: number;
  /** For programs: kebab-case. */
  readonly code: string;
  /** For people: one line that says what to do. */
  readonly line: string;
};

export function refused(request: Request, { status, code, line }: Refused): Response {
  if (apiAddressOf(new URL(request.url).pathname) === undefined) {
    // A browser does not show a page why its WebSocket was refused. So any page may ask, and read the line.
    const headers = { "Content-Type": "text/plain; charset=utf-8", "Access-Control-Allow-Origin": "*" };
    return new Response(`${line}\n`, { status, headers });
  }
  return Response.json({ error: { code, message: line } }, { status, headers: { "Cache-Control": "no-store" } });
}
