// The Worker: routes requests. /mqtt/{clientId} passes the socket to the session and is out of the way; /mqtt relays.
// /api/v1 is for the operator. All below /ns/{namespace} too: namespaces are separate brokers in one deployment.

import { apiAddressOf } from "./api/path.ts";
import { clientFactsOf, factsHeaders } from "./client-facts.ts";
import { mayConnect } from "./connects-per-address.ts";
import type { ClientFacts } from "./core/access/login-attempt.ts";
import { utf8Bytes } from "./core/bytes.ts";
import { logError } from "./log.ts";
import { sessionStub } from "./objects/stubs.ts";
import { preflightOf, refusalOfOrigin, withCors } from "./origin.ts";
import { Relay } from "./relay/relay.ts";
import { isUpgrade, webSocketReply } from "./relay/upgrade.ts";
import { type Settings, settingsOf } from "./settings.ts";
import { SettingsError } from "./variables.ts";

export { AccessObject } from "./objects/access-object.ts";
export { DirectoryObject } from "./objects/directory-object.ts";
export { SessionObject } from "./objects/session-object.ts";
export { TopicObject } from "./objects/topic-object.ts";

const mqttPath = /^(?:\/ns\/(?<namespace>[A-Za-z0-9_-]{1,64}))?\/mqtt(?:\/(?<clientId>[^/]+))?$/;

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    let settings: Settings;
    try {
      settings = settingsOf(env);
    } catch (error) {
      if (!(error instanceof SettingsError)) throw error;
      logError("a setting is wrong", { reason: error.message });
      return text(500, error.message);
    }
    return refusalOfOrigin(request, settings.web) ?? answer(request, env, settings);
  },
} satisfies ExportedHandler<Env>;

async function answer(request: Request, env: Env, settings: Settings): Promise<Response> {
  const { pathname } = new URL(request.url);
  const apiAddress = apiAddressOf(pathname);
  if (apiAddress !== undefined) {
    const { handleApi } = await import("./api/handle.ts");
    const response = preflightOf(request) ?? (await handleApi(request, env, settings, apiAddress));
    return withCors(request, response, settings.web);
  }
  const match = mqttPath.exec(pathname);
  if (match === null) return text(404, "nothing is here: MQTT over WebSocket is at /mqtt");
  if (!isUpgrade(request)) return text(426, "this address takes MQTT over WebSocket");
  const facts = clientFactsOf(request, settings.web);
  if (!(await mayConnect(facts.address, env)))
    return text(429, "too many connections from this address, try again later");
  const { namespace = "default", clientId } = match.groups ?? {};
  const client = { namespace, facts, subprotocols: request.headers.get("Sec-WebSocket-Protocol") };
  // A client that is sent elsewhere wakes no session, whichever address it came to.
  if (clientId === undefined || settings.redirection !== undefined) return relayed(client, env, settings);
  const decoded = decodedClientId(clientId, settings);
  if (decoded === undefined) return text(400, "the client identifier in the address is not valid");
  return openSession(client, decoded, "native", env, settings);
}

type Client = { readonly namespace: string; readonly facts: ClientFacts; readonly subprotocols: string | null };

function relayed(client: Client, env: Env, settings: Settings): Response {
  const { 0: near, 1: far } = new WebSocketPair();
  new Relay(far, settings, async (clientId) => {
    const own = { ...client, subprotocols: null };
    const { webSocket, status } = await openSession(own, clientId, "relayed", env, settings);
    if (webSocket === null) throw new Error(`the session answered ${status}`);
    return webSocket;
  });
  return webSocketReply(near, client.subprotocols);
}

function openSession(
  { namespace, facts, subprotocols }: Client,
  clientId: string,
  path: "native" | "relayed",
  env: Env,
  settings: Settings,
): Promise<Response> {
  const offered = subprotocols === null ? {} : { "Sec-WebSocket-Protocol": subprotocols };
  const headers = { Upgrade: "websocket", ...offered, ...factsHeaders(facts) };
  return sessionStub(env, settings, namespace, clientId).fetch(`https://session/${path}`, { headers });
}

function decodedClientId(encoded: string, { limits }: Settings): string | undefined {
  try {
    const clientId = decodeURIComponent(encoded);
    return utf8Bytes(clientId) <= limits.maximumClientIdBytes && !clientId.includes("\u0000") ? clientId : undefined;
  } catch {
    return undefined;
  }
}

function text(status: number, line: string): Response {
  return new Response(`${line}\n`, { status, headers: { "Content-Type": "text/plain; charset=utf-8" } });
}
