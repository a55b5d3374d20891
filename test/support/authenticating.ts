// Conversations in which a client authenticates with SCRAM-SHA-256. MQTT 5.0 section 4.12.

import type { IAuthPacket } from "mqtt-packet";
import { type ConnectOptions, connectPacket } from "./connect.ts";
import { Conversation } from "./conversation.ts";
import { ScramClient, scramMethod } from "./scram-client.ts";

/** An AUTH packet with the method of all these conversations. */
export function auth(authenticationData?: Buffer, reasonCode = 0x18): IAuthPacket {
  const data = authenticationData && { authenticationData };
  return { cmd: "auth", reasonCode, properties: { authenticationMethod: scramMethod, ...data } };
}

/** Opens a connection and sends CONNECT with the method. */
export async function begin(url: string, data?: Buffer, options: ConnectOptions = {}): Promise<Conversation> {
  const client = await Conversation.open(url);
  const { properties: others, ...rest } = options;
  client.send(connectPacket({ ...rest, properties: { ...others, ...auth(data).properties } }));
  return client;
}

/** The broker's AUTH 0x18, which has the method; returns its data. */
export async function asked(client: Conversation): Promise<Buffer | undefined> {
  const expected = { cmd: "auth", reasonCode: 0x18, properties: { authenticationMethod: scramMethod } } as const;
  return (await client.receive(expected)).properties?.authenticationData;
}

/** A connected client that has proved to be "user". */
export async function authenticated(url: string, options: ConnectOptions = {}): Promise<Conversation> {
  const scram = new ScramClient("user", "pencil");
  const client = await begin(url, scram.first(), options);
  client.send(auth(scram.final(await asked(client))));
  await client.receive({ cmd: "connack", reasonCode: 0, properties: { ...auth(scram.serverFinal).properties } });
  return client;
}
