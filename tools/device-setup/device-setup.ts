// What a device needs to connect, and the credential that lets it. Used by the dashboard and by the command line: nothing
// here knows a file, a page or a process.

export type DeviceSetup = {
  /** ws(s)://host[:port][/ns/NAMESPACE]/mqtt, without a client identifier. */
  readonly brokerUrl: string;
  readonly clientId: string;
  readonly username: string;
  readonly token: string;
};

/** For people who are told that a name is not one. */
export const deviceNameRule = "A device's name has 1 to 64 letters, digits, - and _";

/** It is a level of topics, the end of an address, and a word in sketches: what is special in none of them. */
export function isDeviceName(text: string): boolean {
  return /^[A-Za-z0-9_-]{1,64}$/.test(text);
}

/**
 * The body for `POST credentials`: the device may use what is below `devices/NAME`, under its own name alone.
 * @param deviceName its username and its client identifier
 */
export function newDeviceCredential(deviceName: string) {
  const own = { allow: ["devices/%c/#"] };
  return { username: deviceName, rules: { publish: own, subscribe: own, clientIds: [deviceName] } };
}

/**
 * The broker's address out of what people write: a bare host, and https in the place of wss, will do.
 * @returns ws(s)://host[:port][/ns/NAMESPACE]/mqtt; `undefined` for what is none
 */
export function brokerUrlIn(text: string): string | undefined {
  const withScheme = /^[a-z]+:\/\//i.test(text) ? text : `wss://${text}`;
  const asWebSocket = withScheme.replace(/^http/i, "ws").replace(/\/$/, "");
  const url = /^wss?:\/\/[^/]+(\/ns\/[^/]+)?$/.test(asWebSocket) ? `${asWebSocket}/mqtt` : asWebSocket;
  const isAddress = /^wss?:\/\/[^/?#]+(\/ns\/[A-Za-z0-9_-]{1,64})?\/mqtt$/.test(url);
  return isAddress && URL.canParse(url) ? url : undefined;
}

/**
 * @param httpUrl where the broker's dashboard and API are, such as https://mqtt.example.org
 * @returns where its clients connect
 */
export function brokerUrlOf(httpUrl: string, namespace: string): string {
  const { protocol, host } = new URL(httpUrl);
  const path = namespace === "default" ? "/mqtt" : `/ns/${namespace}/mqtt`;
  return `${protocol === "https:" ? "wss" : "ws"}://${host}${path}`;
}
