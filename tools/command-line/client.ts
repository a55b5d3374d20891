// The MQTT client of `pub` and `sub`. Its flags are those of the Mosquitto clients.

import { randomUUID } from "node:crypto";
import { type Command, Option } from "commander";
import mqtt, {
  type IClientOptions,
  type IConnackPacket,
  type IPublishPacket,
  type MqttClient,
  type Packet,
  ReasonCodes,
} from "mqtt";
import { brokerVariable, clientUrlOf, localBroker, plainWarningOf } from "./broker-address.ts";
import { exitCodes, UsageError } from "./usage-error.ts";
import { fileOf, portOf, textOf, wholeNumberOf } from "./values.ts";

export type ClientOptions = {
  readonly to: string;
  readonly host?: string;
  readonly port?: number;
  readonly id?: string;
  readonly username?: string;
  readonly qos: Qos;
  readonly cafile?: string;
  readonly debug?: boolean;
  readonly willTopic?: string;
  readonly willPayload?: string;
  readonly willQos?: Qos;
  readonly willRetain?: boolean;
};

type Qos = 0 | 1 | 2;

const passwordVariable = "DURABLE_MQTT_PASSWORD";

/** For the --help of `pub` and `sub`. */
export const exitCodeNotes = `
The password, or a device's token, is taken from ${passwordVariable} in the environment.

Exit codes:
  0   done
  1   wrong arguments
  2   the broker cannot be reached, or the connection was lost
  3   the broker does not accept the client
  4   the broker does not accept the message or the subscription
  5   another client connected with this -i
  27  the time of -W is over`;

export function addClientOptions(command: Command): Command {
  const qosOf = (flag: string) => wholeNumberOf(flag, "a QoS", 0, 2);
  const options = [
    new Option("--to <url>", "the broker: ws(s)://HOST/mqtt, or mqtt(s)://HOST")
      .env(brokerVariable)
      .default(localBroker)
      .argParser(clientUrlOf("--to")),
    new Option("-h, --host <host>", "instead of --to: the broker, over TCP").argParser(hostOf),
    new Option("-p, --port <port>", "with -h: 1883 if none is given, or 8883 with --cafile").argParser(
      portOf("--port"),
    ),
    new Option("-i, --id <id>", "client identifier; a random one if none is given").argParser(
      textOf("--id", "an identifier"),
    ),
    new Option("-u, --username <name>", "user name"),
    new Option("-P, --pw <password>").hideHelp().argParser(refusePassword),
    new Option("-q, --qos <qos>", "0, 1 or 2").argParser(qosOf("--qos")).default(0),
    new Option("--cafile <file>", "PEM: the authorities of the broker's certificate").argParser(fileOf("--cafile")),
    new Option("-d, --debug", "write each packet that is sent and received to standard error"),
    new Option("--will-topic <topic>", "the Will: where the broker publishes it if this client is lost").argParser(
      topicOf("--will-topic"),
    ),
    new Option("--will-payload <text>", "its payload"),
    new Option("--will-qos <qos>", "0, 1 or 2").argParser(qosOf("--will-qos")),
    new Option("--will-retain", "keep it for later subscribers"),
  ];
  for (const option of options) command.addOption(option);
  return command.helpOption("--help", "display help for command");
}

function refusePassword(): never {
  throw new UsageError(
    `-P would show the password to other users of this machine: leave it out, and set it in the environment, as in ${passwordVariable}=… npx durable-mqtt sub -u NAME -t TOPIC.`,
  );
}

function hostOf(text: string): string {
  if (URL.canParse(`mqtt://${text}`) && /^[^/?#@\s]+$/.test(text) && new URL(`mqtt://${text}`).port === "") return text;
  throw new UsageError(`--host is "${text}": give a name or an address, such as localhost, and the port with -p.`);
}

/** A parser for a Topic Name, whose length MQTT limits. */
export function topicOf(flag: string): (text: string) => string {
  return (text) => {
    const bytes = Buffer.byteLength(text);
    if (bytes > maximumTopicBytes)
      throw new UsageError(`${flag} has ${bytes} bytes: give a topic of ${maximumTopicBytes} bytes at most.`);
    if (text !== "" && !/[+#]/.test(text)) return text;
    throw new UsageError(`${flag} is "${text}": give a topic, without + and #.`);
  };
}

/** MQTT's own limit. */
const maximumTopicBytes = 65_535;

/** -h and -p take precedence over --to, which may come from the environment. */
function addressOf({ to, host, port, cafile }: ClientOptions): string {
  if (host === undefined && port === undefined) return to;
  const [scheme, usualPort] = cafile === undefined ? ["mqtt", 1883] : ["mqtts", 8883];
  return `${scheme}://${host ?? "localhost"}:${port ?? usualPort}`;
}

function willOf({ willTopic: topic, willPayload = "", willQos: qos = 0, willRetain: retain = false }: ClientOptions) {
  if (topic !== undefined) return { will: { topic, payload: Buffer.from(willPayload), qos, retain } };
  if (willPayload === "" && qos === 0 && !retain) return {};
  throw new UsageError("--will-payload, --will-qos and --will-retain need --will-topic.");
}

type ConnectedClient = {
  readonly client: MqttClient;
  /** The largest packet that the broker accepts. */
  readonly maximumPacketBytes: number;
};

type OnMessage = (message: IPublishPacket) => void;

/**
 * @param onMessage called from the first moment on: a kept session may have messages waiting
 * @throws {UsageError} if the broker refuses the client or cannot be reached, with the reason
 */
export async function connectedClient(
  options: ClientOptions,
  more: IClientOptions,
  onMessage: OnMessage = () => {},
): Promise<ConnectedClient> {
  const { id: clientId = `durable-mqtt-${randomUUID().slice(0, 8)}`, username, cafile, debug } = options;
  const to = addressOf(options);
  const will = willOf(options);
  const { [passwordVariable]: password = "" } = process.env;
  const login = password === "" ? {} : { password };
  if (password !== "" && username === undefined)
    throw new UsageError(`A password (${passwordVariable}) needs -u: the user name that it belongs to.`);
  const warning = password === "" ? undefined : plainWarningOf(to);
  if (warning !== undefined) process.stderr.write(`${warning}\n`);
  const client = mqtt.connect(to.startsWith("ws") ? `${to}/${encodeURIComponent(clientId)}` : to, {
    protocolVersion: 5,
    clientId,
    ...(username === undefined ? {} : { username }),
    ...login,
    ...(cafile === undefined ? {} : { ca: cafile }),
    ...will,
    ...more,
    manualConnect: true, // Otherwise CONNECT is sent before the listeners are there.
  });
  client.on("message", (_topic, _payload, packet) => onMessage(packet));
  if (debug) {
    client.on("packetsend", (packet) => process.stderr.write(`sent ${lineOf(packet)}\n`));
    client.on("packetreceive", (packet) => process.stderr.write(`received ${lineOf(packet)}\n`));
  }
  client.connect();
  try {
    const { properties } = await connection(client);
    return { client, maximumPacketBytes: properties?.maximumPacketSize ?? Number.POSITIVE_INFINITY };
  } catch (error) {
    await client.endAsync(true);
    throw refusal(to, error as ClientError);
  }
}

/** A packet for -d, without secrets. */
function lineOf(packet: Packet): string {
  const names = ["clientId", "messageId", "reasonCode", "granted", ...(packet.cmd === "publish" ? publishFields : [])];
  const fields: Readonly<Record<string, unknown>> = { ...packet };
  const present = names.filter((name) => fields[name] !== undefined && fields[name] !== null);
  return [packet.cmd.toUpperCase(), ...present.map((name) => `${name}=${fields[name]}`)].join(" ");
}

const publishFields = ["topic", "qos", "retain", "dup"];

/** The broker closed the connection without a reason. */
class ClosedError extends Error {}

/** Waits for the first attempt alone; the library would try again. */
function connection(client: MqttClient): Promise<IConnackPacket> {
  return new Promise((resolve, reject) => {
    client.once("connect", resolve);
    client.once("error", reject);
    client.once("close", () => reject(new ClosedError("it closed the connection")));
    client.on("error", () => {}); // Errors of later attempts are reported by "close".
  });
}

/** Reason code Session taken over: another client connected with this identifier. */
export const takenOver = 0x8e;

export class LostError extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode: number) {
    super(message);
    this.exitCode = exitCode;
  }
}

/**
 * Rejects when the connection ends: with the reason that the broker gave, if any.
 * @throws {LostError}
 */
export function untilLost(client: MqttClient): Promise<never> {
  return new Promise((_, reject) => {
    client.once("disconnect", ({ reasonCode = 0 }) => {
      const text = (ReasonCodes as Record<number, string>)[reasonCode] ?? "the broker ended the connection";
      const exitCode = reasonCode === takenOver ? exitCodes.takenOver : exitCodes.requestRefused;
      reject(new LostError(`${text} (0x${reasonCode.toString(16)})`, exitCode));
    });
    client.once("close", () => reject(new LostError("the connection was lost", exitCodes.unreachable)));
  });
}

/** @param error why a request was not done: the connection was lost, or the broker refused it */
export function exitCodeOf(error: unknown): number {
  return error instanceof LostError ? error.exitCode : exitCodes.requestRefused;
}

/** The code of a network error is a word such as ECONNREFUSED; that of MQTT is a number. */
type ClientError = Error & { code?: string | number; errors?: Error[] };

const hints: Readonly<Record<number, string>> = {
  134: `: look at -u and ${passwordVariable}`,
  135: `: show who it is with -u and ${passwordVariable}; a device's token needs -i as well, with the device's name`,
};

function refusal(to: string, error: ClientError): UsageError {
  const { code } = error;
  if (typeof code === "string") {
    const text = `${to} cannot be reached (${code}): is the broker running, and is this its address?`;
    return new UsageError(text, exitCodes.unreachable);
  }
  if (code === undefined && !(error instanceof ClosedError)) {
    const text = `${to} does not answer as an MQTT broker does (${reasonOf(error)}): is this its MQTT port?`;
    return new UsageError(text, exitCodes.unreachable);
  }
  const text = `${to} refused this client: ${reasonOf(error)}${hints[code ?? 0] ?? ""}.`;
  return new UsageError(text, exitCodes.clientRefused);
}

export function reasonOf(error: ClientError): string {
  const { message, errors = [] } = error;
  return message || errors.map((each) => each.message).join(", ") || String(error.code);
}
