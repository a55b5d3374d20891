// An MQTT client for `pub` and `sub`, with the flags that the Mosquitto clients have for the same.

import { randomUUID } from "node:crypto";
import { type Command, Option } from "commander";
import mqtt, { type IClientOptions, type IConnackPacket, type MqttClient, ReasonCodes } from "mqtt";
import { localBroker, plainWarningOf, webSocketUrlOf } from "./broker-address.ts";
import { exitCodes, UsageError } from "./usage-error.ts";
import { fileOf, textOf, wholeNumberOf } from "./values.ts";

export type ClientOptions = {
  readonly to: string;
  readonly id?: string;
  readonly username?: string;
  readonly pw?: string;
  readonly qos: 0 | 1 | 2;
  readonly cafile?: string;
};

/** For the --help of `pub` and `sub`. */
export const exitCodeNotes = `
Exit codes: 0 done; 1 wrong arguments; 2 the broker cannot be reached, or the connection was lost; 3 the broker does not
accept the client; 4 it does not accept the message or the subscription; 5 another client connected with this -i.`;

export function addClientOptions(command: Command): Command {
  return command
    .addOption(
      new Option("--to <url>", "the broker")
        .env("DURABLE_MQTT_BROKER")
        .default(localBroker)
        .argParser(webSocketUrlOf("--to")),
    )
    .option("-i, --id <id>", "client identifier; one of chance where none is given", textOf("--id", "an identifier"))
    .option("-u, --username <name>", "user name")
    .addOption(new Option("-P, --pw <password>", "password, or a device's token").env("DURABLE_MQTT_PASSWORD"))
    .option("-q, --qos <qos>", "0, 1 or 2", wholeNumberOf("--qos", "a QoS", 0, 2), 0)
    .addOption(
      new Option("--cafile <file>", "PEM: the authorities of the broker's certificate").argParser(fileOf("--cafile")),
    );
}

type ConnectedClient = {
  readonly client: MqttClient;
  /** The largest packet that the broker accepts. */
  readonly maximumPacketBytes: number;
};

type OnMessage = (topic: string, payload: Buffer) => void;

/**
 * @param onMessage is there before the connection is: a session that was kept may have messages for it
 * @throws {UsageError} that says why the broker does not take the client, or cannot be reached
 */
export async function connectedClient(
  options: ClientOptions,
  more: IClientOptions,
  onMessage: OnMessage = () => {},
): Promise<ConnectedClient> {
  const { to, id: clientId = `durable-mqtt-${randomUUID().slice(0, 8)}`, username, pw: password, cafile } = options;
  if (password !== undefined && username === undefined)
    throw new UsageError("A password needs -u: the user name that it belongs to.");
  const warning = password === undefined ? undefined : plainWarningOf(to);
  if (warning !== undefined) process.stderr.write(`${warning}\n`);
  const client = mqtt.connect(`${to}/${encodeURIComponent(clientId)}`, {
    protocolVersion: 5,
    clientId,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(cafile === undefined ? {} : { ca: cafile }),
    ...more,
  });
  client.on("message", onMessage);
  try {
    const { properties } = await connection(client);
    return { client, maximumPacketBytes: properties?.maximumPacketSize ?? Number.POSITIVE_INFINITY };
  } catch (error) {
    await client.endAsync(true);
    throw refusal(to, error as ClientError);
  }
}

/** The first attempt; the library would go on. */
function connection(client: MqttClient): Promise<IConnackPacket> {
  return new Promise((resolve, reject) => {
    client.once("connect", resolve);
    client.once("error", reject);
    client.once("close", () => reject(new Error("it closed the connection")));
    client.on("error", () => {}); // Later ones too come with what they break off.
  });
}

/** Session taken over: another client connected with this identifier. */
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
  134: ": look at -u and -P",
  135: ": show who it is with -u and -P; a device's token needs -i as well, with the device's name",
};

function refusal(to: string, error: ClientError): UsageError {
  const { code } = error;
  if (typeof code === "string") {
    const text = `${to} cannot be reached (${code}): is the broker running, and --to its address?`;
    return new UsageError(text, exitCodes.unreachable);
  }
  const text = `${to} does not take this client: ${reasonOf(error)}${hints[code ?? 0] ?? ""}.`;
  return new UsageError(text, exitCodes.clientRefused);
}

export function reasonOf(error: ClientError): string {
  const { message, errors = [] } = error;
  return message || errors.map((each) => each.message).join(", ") || String(error.code);
}
