// A client that has connected: CONNECT and CONNACK, with names that no other test uses.

import type { IConnackPacket, IConnectPacket } from "mqtt-packet";
import { Conversation } from "./conversation.ts";

export type Connected = Conversation & { readonly connack: IConnackPacket };
export type ConnectOptions = Omit<Partial<IConnectPacket>, "cmd" | "clientId" | "protocolVersion"> & {
  version?: 3 | 4 | 5;
  clientId?: string;
  subprotocol?: string;
  /** Headers of the WebSocket's request. */
  headers?: Record<string, string>;
};

const run = Math.random().toString(36).slice(2, 8);
let count = 0;

/** A client identifier or topic that no other test has, also on a broker that keeps its state. */
export function unique(prefix: string): string {
  return `${prefix}-${run}-${++count}`;
}

/** A CONNECT packet: MQTT 5.0, clean, and with a new client identifier unless told otherwise. */
export function connectPacket({
  version = 5,
  subprotocol: _,
  headers: _headers,
  ...fields
}: ConnectOptions = {}): IConnectPacket {
  const protocolId = version === 3 ? "MQIsdp" : "MQTT";
  const defaults = { clientId: unique("client"), clean: true, keepalive: 60 };
  return { cmd: "connect", protocolId, protocolVersion: version, ...defaults, ...fields };
}

/** Opens a connection, sends CONNECT and expects it to be accepted. */
export async function connect(url: string, options: ConnectOptions = {}): Promise<Connected> {
  const conversation = await Conversation.open(url, options);
  conversation.send(connectPacket(options));
  const accepted = conversation.version === 5 ? { reasonCode: 0 } : { returnCode: 0 };
  const connack = await conversation.receive({ cmd: "connack", ...accepted });
  return Object.assign(conversation, { connack });
}

/** A session that outlives its connection, in the words of each version. */
export function durable(version: 3 | 4 | 5 = 5): ConnectOptions {
  return version === 5 ? { clean: false, properties: { sessionExpiryInterval: 600 } } : { version, clean: false };
}

/** Expects CONNECT to be refused, and the connection closed; returns CONNACK's code. */
export async function refusal(url: string, options: ConnectOptions): Promise<number | undefined> {
  const conversation = await Conversation.open(url, options);
  conversation.send(connectPacket(options));
  const { reasonCode, returnCode } = await conversation.receive({ cmd: "connack" });
  await conversation.closed();
  return reasonCode ?? returnCode;
}
