// What only the Worker sees of a client, told to its session in one header of its own making. Nothing of the client's
// request goes further.

import type { ClientFacts } from "./core/access/login-attempt.ts";

const header = "Durable-Mqtt-Client";

export function factsHeaders(facts: ClientFacts): Record<string, string> {
  return { [header]: JSON.stringify(facts) };
}

/** @param request of the Worker to a session */
export function readClientFacts(request: Request): ClientFacts {
  const json = request.headers.get(header);
  return json === null ? {} : (JSON.parse(json) as ClientFacts);
}
