// The 101 reply of a WebSocket upgrade: small and plain, since a board reads it into 1,024 bytes. MQTT 5.0 chapter 6.

/** What boards and libraries name, besides naming nothing. */
const subprotocols = ["mqtt", "mqttv3.1"];

/** RFC 6455 section 4.1: a WebSocket begins with GET, and the platform fails for any other method. */
export function isUpgrade(request: Request): boolean {
  return request.method === "GET" && request.headers.get("Upgrade")?.toLowerCase() === "websocket";
}

/** @param offered the client's Sec-WebSocket-Protocol */
export function offersMqtt(offered: string | null): boolean {
  return chosenOf(offered) !== undefined;
}

/**
 * @param offered the client's Sec-WebSocket-Protocol; one of ours is answered [MQTT-6.0.0-4], and others are accepted
 * without an answer, for some libraries offer names of their own
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
