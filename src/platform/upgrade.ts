// The 101 reply of a WebSocket upgrade: small and plain, since a board reads it into 1,024 bytes. MQTT 5.0 chapter 6.

/** Subprotocols that boards and libraries name. Some name none. */
const subprotocols = ["mqtt", "mqttv3.1"];

/** A WebSocket begins with GET (RFC 6455 section 4.1); the platform throws for any other method. */
export function isUpgrade(request: Request): boolean {
  return request.method === "GET" && request.headers.get("Upgrade")?.toLowerCase() === "websocket";
}

/** @param offered the client's Sec-WebSocket-Protocol */
export function offersMqtt(offered: string | null): boolean {
  return chosenOf(offered) !== undefined;
}

/**
 * @param offered the client's Sec-WebSocket-Protocol; MQTT's is answered [MQTT-6.0.0-4]. Others are accepted without an
 * answer, because some libraries offer names of their own
 */
export function webSocketReply(client: WebSocket, offered: string | null): Response {
  const chosen = chosenOf(offered);
  const headers: Record<string, string> = chosen === undefined ? {} : { "Sec-WebSocket-Protocol": chosen };
  return new Response(null, { status: 101, webSocket: client, headers });
}

function chosenOf(offered: string | null): string | undefined {
  const names = (offered ?? "").split(",").map((name) => name.trim());
  return subprotocols.find((name) => names.includes(name));
}
