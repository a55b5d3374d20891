// The Worker: routes requests. /mqtt/{clientId} passes the socket to the session and takes no further part; /mqtt relays it.
// /api/v1 is for the operator. The same addresses exist below /ns/{namespace}: namespaces are separate brokers in one
// deployment. All other addresses are the dashboard's. A WebSocket that is not for MQTT is refused, at any address.

import type { ClientFacts } from "./core/access/login-attempt.ts";
import { utf8Bytes } from "./core/bytes.ts";
import { mayBeMangled } from "./core/utf8.ts";
import { apiAddressOf } from "./edge/api-address.ts";
import { addressOf, clientFactsOf, factsHeaders } from "./edge/client-facts.ts";
import { mayConnect } from "./edge/connects-per-address.ts";
import { dashboardFile } from "./edge/dashboard.ts";
import { mqttAddressOf, mqttPathNear } from "./edge/mqtt-address.ts";
import { namespaceExists } from "./edge/namespaces.ts";
import { preflightOf, refusalOfOrigin, withCors } from "./edge/origin.ts";
import { type Refused, refused } from "./edge/refused.ts";
import { logError, logOfClients } from "./platform/log.ts";
import { storageFailureOf } from "./platform/storage-failure.ts";
import { sessionStub } from "./platform/stubs.ts";
import { isUpgrade, offersMqtt, webSocketReply } from "./platform/upgrade.ts";
import { Relay } from "./relay/relay.ts";
import { type Settings, settingsOf } from "./settings/settings.ts";
import { SettingsError } from "./settings/variables.ts";

export { AccessObject } from "./objects/access-object.ts";
export { DirectoryObject } from "./objects/directory-object.ts";
export { SessionObject } from "./objects/session-object.ts";
export { TopicObject } from "./objects/topic-object.ts";

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    if (!URL.canParse(request.url)) return malformed();
    // The platform has replaced bytes that are not UTF-8 with U+FFFD. A real U+FFFD would be percent-encoded.
    if (mayBeMangled(request.url))
      return refused(request, { status: 400, code: "invalid-address", line: "percent-encode the address, as UTF-8" });
    let settings: Settings;
    try {
      settings = settingsOf(env);
    } catch (error) {
      if (!(error instanceof SettingsError)) throw error;
      logError("a setting is wrong", { reason: error.message });
      return refused(request, { status: 500, code: "bad-setting", line: error.message });
    }
    const refusal = refusalOfOrigin(request, settings.web) ?? (await refusalOfRate(request, env, settings));
    if (refusal === undefined) return answer(request, env, settings);
    return isUpgrade(request) ? refusedUpgrade(request, refusal) : refusedRequest(request, refusal);
  },
} satisfies ExportedHandler<Env>;

/** The platform builds `request.url` from the Host without checking it. */
function malformed(): Response {
  logOfClients("a request is refused", { reason: "its Host is malformed" });
  return new Response("400 the Host of this request is malformed\n", {
    status: 400,
    headers: { "Content-Type": "text/plain; charset=utf-8" },
  });
}

async function refusalOfRate(request: Request, env: Env, { web }: Settings): Promise<Refused | undefined> {
  if (await mayConnect(addressOf(request, web), env)) return undefined;
  return { status: 429, code: "too-many-requests", line: "too many connections from this address, try again later" };
}

async function answer(request: Request, env: Env, settings: Settings): Promise<Response> {
  if (isUpgrade(request)) return webSocket(request, env, settings);
  const { pathname } = new URL(request.url);
  const apiAddress = apiAddressOf(pathname);
  if (apiAddress !== undefined) {
    const { handleApi } = await import("./api/handle.ts");
    const response = preflightOf(request) ?? (await handleApi(request, env, settings, apiAddress));
    return withCors(request, response, settings.web);
  }
  if (mqttAddressOf(pathname)?.needsSubprotocol === false)
    return refused(request, { status: 426, code: "no-websocket", line: "this address takes MQTT over WebSocket" });
  return (
    (await dashboardFile(request, env.ASSETS)) ??
    refused(request, {
      status: 404,
      code: "not-found",
      line: `nothing is here: MQTT over WebSocket is at ${mqttPathNear(pathname)}`,
    })
  );
}

async function webSocket(request: Request, env: Env, settings: Settings): Promise<Response> {
  const { pathname } = new URL(request.url);
  const subprotocols = request.headers.get("Sec-WebSocket-Protocol");
  const address = mqttAddressOf(pathname);
  if (address === undefined || (address.needsSubprotocol && !offersMqtt(subprotocols)))
    return refusedUpgrade(request, {
      status: 404,
      code: "not-found",
      line: `no WebSocket is here: MQTT over WebSocket is at ${mqttPathNear(pathname)}`,
    });
  const { namespace, clientId } = address;
  const client = { namespace, facts: clientFactsOf(request, settings.web), subprotocols };
  if (settings.redirection === undefined && !(await namespaceExists(env, settings, namespace)))
    return refusedUpgrade(request, {
      status: 404,
      code: "no-namespace",
      line: `there is no namespace ${namespace}: make a credential in it, or name it in NAMESPACES`,
    });
  // A client that is sent elsewhere wakes no session, whichever address it came to.
  if (clientId === undefined || settings.redirection !== undefined) return relayed(client, env, settings);
  const decoded = decodedClientId(clientId, settings);
  if (decoded === undefined)
    return refusedUpgrade(request, {
      status: 400,
      code: "invalid-client-id",
      line: "the client identifier in the address is not valid",
    });
  try {
    return await openSession(client, decoded, "native", env, settings);
  } catch (error) {
    if (storageFailureOf(error) === undefined)
      logError("a session cannot be reached", { namespace, clientId: decoded, reason: String(error) });
    return refused(request, {
      status: 503,
      code: "unavailable",
      line: "the session cannot be reached, try again later",
    });
  }
}

/** Logs the refusal, for whoever wonders why a client never connects. */
function refusedUpgrade(request: Request, refusal: Refused): Response {
  logOfClients("a WebSocket is refused", { reason: `${refusal.status} ${refusal.line}` });
  return refused(request, refusal);
}

/** Logs the refusal, for whoever opens the dashboard in vain. */
function refusedRequest(request: Request, refusal: Refused): Response {
  logOfClients("a request is refused", { reason: `${refusal.status} ${refusal.line}` });
  return refused(request, refusal);
}

type Client = { readonly namespace: string; readonly facts: ClientFacts; readonly subprotocols: string | null };

function relayed(client: Client, env: Env, settings: Settings): Response {
  const { 0: near, 1: far } = new WebSocketPair();
  const open = async (clientId: string) => {
    const own = { ...client, subprotocols: null };
    const { webSocket, status } = await openSession(own, clientId, "relayed", env, settings);
    if (webSocket === null) throw new Error(`the session answered ${status}`);
    return webSocket;
  };
  new Relay(far, settings, client.facts, open, (clientId) =>
    logOfClients("a client fell silent", {
      namespace: client.namespace,
      clientId,
      reason: "nothing came for 1.5 times its keep alive",
    }),
  );
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
