// Sessions whose clients authenticate with SCRAM-SHA-256: two users, "user" and "other".

import type { Packet } from "mqtt-packet";
import { readScramUsers } from "../../../../src/core/authentication/scram-users.ts";
import { ScramClient, scramMethod, scramUser } from "../../../support/scram-client.ts";
import { SessionHarness, type TestSocket } from "../../../support/session-harness.ts";

const scramUsers = readScramUsers([scramUser("user", "pencil"), scramUser("other", "pen")].join());

export type Settings = ConstructorParameters<typeof SessionHarness>[0];
type OpenOptions = Parameters<SessionHarness["connect"]>[1];
export const harness = (settings: Settings = {}) => new SessionHarness({ scramUsers, ...settings });

export const method = (authenticationData?: Uint8Array, authenticationMethod = scramMethod) => ({
  properties: { authenticationMethod, ...(authenticationData && { authenticationData }) },
});
export const auth = (data?: Uint8Array, reasonCode = 0x18) => ({ cmd: "auth", reasonCode, ...method(data) });

/** The Authentication Data of the one packet that came. */
export function dataOf(socket: TestSocket): Buffer | undefined {
  const [packet, ...more] = socket.packets() as (Packet & { properties?: { authenticationData?: Buffer } })[];
  if (packet === undefined || more.length > 0) throw new Error(`${more.length + 1} packets instead of one`);
  return packet.properties?.authenticationData;
}

/** CONNECT with a first message; its answer is heard. */
export function begun(h: SessionHarness, client: ScramClient, fields: object = {}, options: OpenOptions = {}) {
  const { properties, ...rest } = { properties: {}, ...fields };
  const socket = h.connect({ ...rest, properties: { ...properties, ...method(client.first()).properties } }, options);
  return { socket, serverFirst: dataOf(socket) };
}

/** A client that has connected with its proof; CONNACK is heard. */
export function proved(h: SessionHarness, fields: object = {}, options: OpenOptions = {}): TestSocket {
  const client = new ScramClient("user", "pencil");
  const { socket, serverFirst } = begun(h, client, fields, options);
  socket.send(auth(client.final(serverFirst)));
  [socket.connack] = socket.packets() as [Packet];
  if (socket.closed !== undefined) throw new Error(`refused: ${socket.closed.reason}`);
  return socket;
}
