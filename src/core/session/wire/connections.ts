// The sockets of one session: those whose client is not connected yet, and the one of the connected client.

import type { ClientFacts } from "../../access/login-attempt.ts";
import { PacketReader } from "../../packet/packet-reader.ts";
import type { RawPacket } from "../../packet/raw-packet.ts";
import { ReasonCode } from "../../packet/reason-code.ts";
import { ProtocolError } from "../../protocol-error.ts";
import { TokenBucket } from "../../token-bucket.ts";
import type { Context } from "../context.ts";
import { CloseCode, type SocketId } from "../effect.ts";
import { refusalOf } from "./connack-refusal.ts";
import {
  type Authenticating,
  type Connected,
  type Connection,
  type LoggingIn,
  type Pending,
  send,
} from "./connection.ts";
import { type ConnectionEvent, checkWay, connectionMachine } from "./connection-state.ts";

export class Connections {
  private readonly context: Context;
  /** The connection of the session's client, while there is one. */
  current: Connected | undefined;
  private readonly bySocket = new Map<SocketId, Connection>();
  private readonly connects: TokenBucket;

  constructor(context: Context) {
    this.context = context;
    this.connects = new TokenBucket(context.settings.limits.maximumConnectsPerMinute, 60);
  }

  get isEmpty(): boolean {
    return this.bySocket.size === 0;
  }

  /** Whether half a packet is in memory only. */
  get hasPartialPacket(): boolean {
    for (const { reader } of this.bySocket.values()) if (reader.bufferedBytes > 0) return true;
    return false;
  }

  withPartialPacket(): Connection[] {
    return [...this.bySocket.values()].filter(({ reader }) => reader.bufferedBytes > 0);
  }

  open(socketId: SocketId, isRelayed: boolean, facts: ClientFacts): void {
    this.makeRoom();
    const reader = new PacketReader(this.context.settings.limits.maximumPacketBytes);
    this.bySocket.set(socketId, { state: "awaiting CONNECT", socketId, reader, isRelayed, facts });
  }

  /**
   * The number of sockets whose clients are not connected yet is limited. When it is reached, the address with the most of
   * them loses one, so that somebody who opens many keeps out nobody at another address. The one that has been silent for
   * longest goes, because real clients send CONNECT at once.
   */
  private makeRoom(): void {
    const pending = [...this.bySocket.values()].filter((connection) => connection.state !== "connected");
    if (pending.length < this.context.settings.limits.maximumPendingSockets) return;
    const byAddress = Map.groupBy(pending, ({ facts }) => facts.address ?? "");
    const most = [...byAddress.values()].reduce((one, other) => (other.length > one.length ? other : one));
    const longest = most.find(({ state }) => state === "awaiting CONNECT") ?? most[0];
    if (longest !== undefined)
      this.close(longest, CloseCode.TryAgainLater, "too many connections wait for this client");
  }

  get(socketId: SocketId): Connection | undefined {
    return this.bySocket.get(socketId);
  }

  /**
   * Two clients with one identifier take each other over for as long as they try. Only a CONNECT that would be accepted
   * counts: whoever is not let in keeps nobody else out.
   *
   * @throws {ProtocolError} 0x9F
   */
  checkRate(): void {
    if (this.connects.take(this.context.nowMs)) return;
    const message = `more than ${this.context.settings.limits.maximumConnectsPerMinute} connections a minute`;
    throw new ProtocolError(ReasonCode.ConnectionRateExceeded, message);
  }

  /** Its CONNECT was accepted, or waits for a proof or an answer. */
  put(connection: Authenticating | LoggingIn | Connected): void {
    const { socketId, state } = connection;
    checkWay(this.bySocket.get(socketId)?.state ?? "closed", state);
    this.bySocket.set(socketId, connection);
  }

  /** It comes back from a hibernation. */
  restore(connected: Connected): void {
    this.bySocket.set(connected.socketId, connected);
  }

  /** The client closed it, or its network did. */
  forget(socketId: SocketId): Connection | undefined {
    return this.end(socketId, "closed by the client");
  }

  private end(socketId: SocketId, event: ConnectionEvent): Connection | undefined {
    const connection = this.bySocket.get(socketId);
    if (connection === undefined) return undefined;
    connectionMachine.next(connection.state, event);
    this.bySocket.delete(socketId);
    return connection;
  }

  /** Answers an error of a client that is not connected yet, and closes. Section 4.13. */
  refuse(pending: Pending, raw: RawPacket | undefined, error: ProtocolError): void {
    const { reasonCode, message } = error;
    if (pending.state !== "awaiting CONNECT") {
      send(this.context, pending, { type: "CONNACK", sessionPresent: false, reasonCode, reasonString: message });
    } else {
      const bytes = refusalOf(raw, error);
      if (bytes !== undefined) {
        this.context.counts.packetsSent += 1;
        this.context.effect({ type: "send", socketId: pending.socketId, bytes });
      }
    }
    this.close(pending, CloseCode.PolicyViolation, message);
  }

  close({ socketId }: Connection, code: number, reason: string): void {
    this.end(socketId, "closed by the broker");
    this.context.effect({ type: "close", socketId, code, reason });
  }
}
