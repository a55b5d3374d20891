// What a socket has in each of its states, as one union: a socket that has not sent CONNECT has no client, no aliases, no keep
// alive. What leads from state to state is in connection-state.ts. MQTT 5.0 sections 3.1, 4.12 and 4.13.

import type { ClientFacts } from "../../access/login-attempt.ts";
import type { Exchange, Proof } from "../../authentication/enhanced-authentication.ts";
import { encodePacket } from "../../packet/codec.ts";
import type { ConnectPacket, ProtocolVersion, ServerPacket } from "../../packet/packet.ts";
import { PacketReader } from "../../packet/packet-reader.ts";
import type { RawPacket } from "../../packet/raw-packet.ts";
import type { Context } from "../context.ts";
import type { SocketId } from "../effect.ts";
import { type IncomingAliases, OutgoingAliases } from "./topic-alias.ts";
import type { Unheard } from "./unheard.ts";

export type Connection = Pending | Connected;

/** Its client is not connected yet: it takes no part in the session, and does not outlive a hibernation. */
export type Pending = AwaitingConnect | Authenticating | LoggingIn;

export type AwaitingConnect = {
  readonly state: "awaiting CONNECT";
  readonly socketId: SocketId;
  readonly reader: PacketReader;
  readonly isRelayed: boolean;
  readonly facts: ClientFacts;
};

/** CONNECT named a method, and the client still has to prove who it is: nothing of CONNECT has been acted on. */
export type Authenticating = Recipient & {
  readonly state: "authenticating";
  readonly reader: PacketReader;
  readonly isRelayed: boolean;
  readonly facts: ClientFacts;
  readonly connect: ConnectPacket;
  readonly exchange: Exchange;
};

/** Nothing of CONNECT has been acted on: somebody is asked who the client is. What it sends meanwhile waits. */
export type LoggingIn = Recipient & {
  readonly state: "logging in";
  readonly reader: PacketReader;
  readonly isRelayed: boolean;
  readonly facts: ClientFacts;
  readonly accepted: Accepted;
  readonly waiting: RawPacket[];
  waitingBytes: number;
};

/** A CONNECT that is as it should be, and who sent it. */
export type Accepted = {
  readonly connect: ConnectPacket;
  /** The proof, if the CONNECT named an authentication method. It may be wrong. */
  readonly proof: Proof | undefined;
};

/** What a packet to a client depends on. */
export type Recipient = {
  readonly socketId: SocketId;
  readonly protocolVersion: ProtocolVersion;
  /** Infinity if the client sets none. */
  readonly maximumPacketBytes: number;
  readonly requestProblemInformation: boolean;
};

/** How the client of a connection has proved who it is. */
export type Authentication = {
  readonly method: string;
  readonly username: string;
  /** The address of the connection, as `Login.address`. */
  readonly address?: string | undefined;
  /** A re-authentication that is under way. */
  readonly exchange: Exchange | undefined;
};

export type Connected = Recipient & {
  readonly state: "connected";
  readonly reader: PacketReader;
  /** The Worker stands between, answers PINGREQ and watches the keep alive. */
  readonly isRelayed: boolean;
  /** See bridge.ts. */
  readonly isBridge: boolean;
  /** As `ClientFacts.address`. */
  readonly address?: string;
  /** What counts: the client's or the server's. 0 is off. */
  readonly keepAliveSec: number;
  /**
   * QoS 1 and 2 messages that may be on their way to the client at once: its Receive Maximum, or the limit
   * `maximumInFlight` if that is less.
   */
  readonly receiveMaximum: number;
  /** Session Expiry Interval of CONNECT: one of 0 cannot be raised by DISCONNECT. */
  readonly sessionExpirySec: number;
  readonly incomingAliases: IncomingAliases;
  readonly outgoingAliases: OutgoingAliases;
  /** `undefined` if CONNECT named no method: then no AUTH goes either way [MQTT-4.12.0-6] [MQTT-4.12.0-7]. */
  authentication: Authentication | undefined;
  readonly connectedAtMs: number;
  lastReceivedMs: number;
  unheard: Unheard;
};

/**
 * Encodes and sends. A packet is dropped if the client's version does not have it, or if it is too large for the client.
 * Nobody waits for such a packet. connecting.ts and subscribing.ts check beforehand that CONNACK, SUBACK and UNSUBACK
 * fit, and authenticating.ts looks after AUTH. Acknowledgements without a Reason String are shorter than any CONNACK.
 *
 * @returns how many bytes it sends; 0 for a packet that is not sent
 */
export function send(context: Context, recipient: Recipient, packet: ServerPacket): number {
  const bytes = encodePacket(packet, {
    protocolVersion: recipient.protocolVersion,
    maximumPacketBytes: recipient.maximumPacketBytes,
    requestProblemInformation: recipient.requestProblemInformation,
    nowMs: context.nowMs,
  });
  if (bytes === undefined) return 0;
  context.counts.packetsSent += 1;
  context.effect({ type: "send", socketId: recipient.socketId, bytes });
  return bytes.length;
}

/** Names it among all connections of its session. */
export function connectionNameOf({ connectedAtMs, socketId }: Connected): string {
  return `${connectedAtMs}-${socketId}`;
}

/** When the client has been silent for one and a half times its keep alive [MQTT-3.1.2-22]. */
export function keepAliveDeadlineMs(connected: Connected): number {
  if (connected.keepAliveSec === 0) return Number.POSITIVE_INFINITY;
  return connected.lastReceivedMs + connected.keepAliveSec * 1500;
}

/** What changes with every packet. */
export type Heard = Pick<Connected, "lastReceivedMs" | "unheard">;

/** A connection as it goes through hibernation. */
export type ConnectionSnapshot = Omit<
  Connected,
  "state" | "reader" | "isBridge" | "incomingAliases" | "outgoingAliases" | "maximumPacketBytes" | keyof Heard
> & {
  /** Missing in what an older version kept. */
  readonly isBridge?: boolean;
  /** 0 for Infinity, which JSON has not. */
  readonly maximumPacketBytes: number;
  readonly incomingAliases: readonly (readonly [number, string])[];
  readonly outgoingAliasMaximum: number;
  readonly outgoingAliases: readonly string[];
};

export function takeSnapshot(connected: Connected): ConnectionSnapshot {
  const { state: _, reader: __, lastReceivedMs: ___, unheard: ____, ...kept } = connected;
  const { incomingAliases, outgoingAliases, maximumPacketBytes, ...rest } = kept;
  return {
    ...rest,
    maximumPacketBytes: Number.isFinite(maximumPacketBytes) ? maximumPacketBytes : 0,
    incomingAliases: [...incomingAliases],
    outgoingAliasMaximum: outgoingAliases.maximum,
    outgoingAliases: outgoingAliases.topicNames,
  };
}

export function fromSnapshot(snapshot: ConnectionSnapshot, heard: Heard, maximumIncomingBytes: number): Connected {
  const { incomingAliases, outgoingAliasMaximum, outgoingAliases, maximumPacketBytes, ...rest } = snapshot;
  return {
    ...rest,
    ...heard,
    state: "connected",
    reader: new PacketReader(maximumIncomingBytes),
    isBridge: snapshot.isBridge ?? false,
    maximumPacketBytes: maximumPacketBytes === 0 ? Number.POSITIVE_INFINITY : maximumPacketBytes,
    incomingAliases: new Map(incomingAliases),
    outgoingAliases: new OutgoingAliases(outgoingAliasMaximum, outgoingAliases),
  };
}
