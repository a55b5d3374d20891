// Where MQTT over WebSocket is, in each namespace. The addresses in the documents take every client. `/` and
// `/mqtt/`, for URLs without a path or with a slash at the end, take only clients that offer an MQTT subprotocol: `/` is also
// the dashboard's.

export type MqttAddress = {
  readonly namespace: string;
  /** Percent-encoded, or `undefined` if only CONNECT has it. */
  readonly clientId: string | undefined;
  /** The client has to say in its upgrade that it speaks MQTT. */
  readonly needsSubprotocol: boolean;
};

const namespacePattern = /^\/ns\/(?<namespace>[A-Za-z0-9_-]{1,64})(?=\/|$)/;
const clientPattern = /^\/mqtt\/(?<clientId>[^/]+)$/;

/** @returns `undefined` for a path at which no MQTT client is served */
export function mqttAddressOf(pathname: string): MqttAddress | undefined {
  const [base = "", namespace = "default"] = namespacePattern.exec(pathname) ?? [];
  const rest = pathname.slice(base.length);
  const clientId = clientPattern.exec(rest)?.groups?.clientId;
  if (rest === "/mqtt" || clientId !== undefined) return { namespace, clientId, needsSubprotocol: false };
  return ["", "/", "/mqtt/"].includes(rest) ? { namespace, clientId, needsSubprotocol: true } : undefined;
}

/** @returns the path to suggest to somebody who came to this one */
export function mqttPathNear(pathname: string): string {
  return `${namespacePattern.exec(pathname)?.[0] ?? ""}/mqtt`;
}
