// What a device needs to connect, and the credential that lets it in. The dashboard and the command line share it, so
// nothing here knows a file, a page or a process.

export type DeviceSetup = {
  /** ws(s)://host[:port][/ns/NAMESPACE]/mqtt, without a client identifier. */
  readonly brokerUrl: string;
  readonly clientId: string;
  readonly username: string;
  readonly token: string;
};

/** Shown to people whose identifier is not valid. */
export const deviceIdentifierRule = "A device's identifier has 1 to 64 letters a to z, digits, - and _";

/** The longest name of a device, in characters; the API refuses longer ones. */
export const maximumNameCharacters = 200;

const maximumIdentifierCharacters = 64;

/**
 * An identifier is a level of topics, the end of an address, and a word in sketches, so it has no character that is
 * special in any of them.
 */
export function isDeviceName(text: string): boolean {
  return /^[A-Za-z0-9_-]{1,64}$/.test(text);
}

/** Letters that are not one of a to z with an accent. */
const spelledOut: Readonly<Record<string, string>> = {
  ß: "ss",
  æ: "ae",
  œ: "oe",
  ø: "o",
  đ: "d",
  ð: "d",
  þ: "th",
  ł: "l",
  ı: "i",
};

/**
 * The identifier to propose for a device with this name: "cocina-numero-1" for "Cocina número 1". A name that is a
 * valid identifier stays as it is.
 *
 * @returns empty if the name has no letters of a to z, and no digits
 */
export function identifierOf(name: string): string {
  const text = name.trim();
  if (isDeviceName(text)) return text;
  return text
    .toLowerCase()
    .replaceAll(/[ßæœøđðþłı]/g, (letter) => spelledOut[letter] ?? "")
    .normalize("NFKD")
    .replaceAll(/\p{M}/gu, "")
    .replaceAll(/[^a-z0-9_]+/g, "-")
    .slice(0, maximumIdentifierCharacters)
    .replaceAll(/^-+|-+$/g, "");
}

/**
 * An identifier for a name in other letters, such as 주방.
 *
 * @param random from 0 up to 1
 */
export function arbitraryIdentifier(random: number): string {
  const digits = Math.floor(random * 36 ** 4).toString(36);
  return `device-${digits.padStart(4, "0")}`;
}

/**
 * The body of `POST /credentials`: the device may connect under its own name only, and use the topics below
 * `devices/NAME`.
 * @param identifier its username and its client identifier
 * @param name shown to people, in any script
 */
export function newDeviceCredential(identifier: string, name = "") {
  const own = { allow: ["devices/%c/#"] };
  const rules = { publish: own, subscribe: own, clientIds: [identifier] };
  // A name that equals the identifier would be shown twice.
  return { username: identifier, name: name === identifier ? "" : name, rules };
}

/**
 * Makes the broker's address from what people write: a bare host will do, and so will https instead of wss.
 * @returns ws(s)://host[:port][/ns/NAMESPACE]/mqtt; `undefined` if the text is no address
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
