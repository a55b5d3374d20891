// The Worker: routes requests. /mqtt/{clientId} passes the socket to the session and is out of the way; /mqtt relays.
// /api/v1 is for the operator.
// Both below /ns/{namespace} too: namespaces are separate brokers in one deployment.

import { apiAddressOf } from "./api/path.ts";
import { mayConnect } from "./connects-per-address.ts";
import { utf8Bytes } from "./core/bytes.ts";
import { sessionStub } from "./objects/stubs.ts";
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
    const { pathname } = new URL(request.url);
    const apiAddress = apiAddressOf(pathname);
    if (apiAddress !== undefined) return (await import("./api/handle.ts")).handleApi(request, env, apiAddress);
    const match = mqttPath.exec(pathname);
    if (match === null) return text(404, "nothing is here: MQTT over WebSocket is at /mqtt");
    if (!isUpgrade(request)) return text(426, "this address takes MQTT over WebSocket");
    if (!(await mayConnect(request, env))) return text(429, "too many connections from this address, try again later");
    let settings: Settings;
    try {
      settings = settingsOf(env);
    } catch (error) {
      if (!(error instanceof SettingsError)) throw error;
      console.error(error.message);
      return text(500, error.message);
    }
    const { namespace = "default", clientId } = match.groups ?? {};
    // A client that is sent elsewhere wakes no session, whichever address it came to.
    const isRelayed = clientId === undefined || settings.redirection !== undefined;
    if (isRelayed) return relayed(request, env, settings, namespace);
    const decoded = decodedClientId(clientId, settings);
    if (decoded === undefined) return text(400, "the client identifier in the address is not valid");
    return sessionStub(env, settings, namespace, decoded).fetch("https://session/native", {
      headers: upgradeHeaders(request.headers.get("Sec-WebSocket-Protocol")),
    });
  },
} satisfies ExportedHandler<Env>;

function relayed(request: Request, env: Env, settings: Settings, namespace: string): Response {
  const { 0: client, 1: server } = new WebSocketPair();
  new Relay(server, settings, async (clientId) => {
    const stub = sessionStub(env, settings, namespace, clientId);
    const { webSocket, status } = await stub.fetch("https://session/relayed", { headers: upgradeHeaders(null) });
    if (webSocket === null) throw new Error(`the session answered ${status}`);
    return webSocket;
  });
  return webSocketReply(client, request.headers.get("Sec-WebSocket-Protocol"));
}

function upgradeHeaders(subprotocols: string | null): Record<string, string> {
  const upgrade = { Upgrade: "websocket" };
  return subprotocols === null ? upgrade : { ...upgrade, "Sec-WebSocket-Protocol": subprotocols };
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
