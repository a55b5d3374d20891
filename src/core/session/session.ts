// A session and its sockets: takes what happens (frames, closes, deliveries, answers, time), changes the state, and
// leaves effects to run. Owns the order of things; the rules of each exchange are in the neighbouring files.
// MQTT 5.0 sections 3.1.4, 3.14.4, 4.1 and 4.13.

import { decodePacket } from "../packet/codec.ts";
import type { ClientPacket, ConnectPacket, DisconnectPacket } from "../packet/packet.ts";
import { PacketReader, type RawPacket } from "../packet/packet-reader.ts";
import { isError, ReasonCode } from "../packet/reason-code.ts";
import { ProtocolError } from "../protocol-error.ts";
import { DeliveryAnswer, type SessionDelivery } from "../topic/topic-request.ts";
import { checkConnect, connackOf, connectedBy } from "./connecting.ts";
import {
  type AwaitingConnect,
  type Connected,
  type Connection,
  fromSnapshot,
  send,
  takeSnapshot,
} from "./connection.ts";
import { Context, type SessionSettings } from "./context.ts";
import { CloseCode, type Effect, type RequestToken, type SocketId } from "./effect.ts";
import { Inbound } from "./inbound.ts";
import { livenessDeadlineMs, neverExpiresSec, sessionEndMs } from "./lifetime.ts";
import { Outbound } from "./outbound.ts";
import { refusalOf } from "./refusal.ts";
import type { SessionRecord, SessionStore } from "./session-store.ts";
import type { SessionSnapshot } from "./snapshot.ts";
import { Subscribing } from "./subscribing.ts";
import { Wills } from "./will.ts";

export class Session {
  private readonly context: Context;
  private readonly settings: SessionSettings;
  private readonly store: SessionStore;
  private record: SessionRecord | undefined;
  private readonly connections = new Map<SocketId, Connection>();
  private current: Connected | undefined;
  private readonly inbound: Inbound;
  private readonly outbound: Outbound;
  private readonly subscribing: Subscribing;
  private readonly wills: Wills;

  constructor(settings: SessionSettings, store: SessionStore) {
    this.settings = settings;
    this.store = store;
    this.context = new Context(settings, store);
    this.record = store.readRecord();
    this.inbound = new Inbound(this.context);
    this.outbound = new Outbound(this.context, this.record?.sentThrough ?? 0);
    this.subscribing = new Subscribing(this.context);
    this.wills = new Wills(this.context);
  }

  // What happens to sockets

  onOpened(socketId: SocketId, isRelayed: boolean, nowMs: number): void {
    this.context.nowMs = nowMs;
    const waiting = [...this.connections.values()].filter(({ state }) => state === "awaiting CONNECT");
    if (waiting.length >= this.settings.limits.maximumPendingSockets) {
      this.context.effect({ type: "close", socketId, code: CloseCode.TryAgainLater, reason: "too many connections" });
      return;
    }
    const reader = new PacketReader(this.settings.limits.maximumPacketBytes);
    this.connections.set(socketId, { state: "awaiting CONNECT", socketId, reader, isRelayed });
  }

  onFrame(socketId: SocketId, bytes: Uint8Array, nowMs: number): void {
    this.context.nowMs = nowMs;
    const reader = this.connections.get(socketId)?.reader;
    if (reader === undefined) return;
    const { packets, error } = reader.push(bytes);
    for (const raw of packets) {
      // An earlier packet of the frame may have changed or ended the connection.
      const connection = this.connections.get(socketId);
      if (connection === undefined) return;
      this.onRawPacket(connection, raw);
    }
    const connection = this.connections.get(socketId);
    if (error !== undefined && connection !== undefined) this.refuse(connection, undefined, error);
  }

  /** MQTT travels in binary frames only [MQTT-6.0.0-1]. */
  onText(socketId: SocketId, nowMs: number): void {
    this.context.nowMs = nowMs;
    const connection = this.connections.get(socketId);
    if (connection === undefined) return;
    this.close(connection, CloseCode.UnsupportedData, "MQTT needs binary frames");
    if (connection.state === "connected") this.onConnectionLost(connection);
  }

  onClosed(socketId: SocketId, nowMs: number): void {
    this.context.nowMs = nowMs;
    const connection = this.connections.get(socketId);
    this.connections.delete(socketId);
    if (connection?.state === "connected") this.onConnectionLost(connection);
  }

  /** CONNECT has not come in time. */
  onConnectTimeout(socketId: SocketId, nowMs: number): void {
    this.context.nowMs = nowMs;
    const connection = this.connections.get(socketId);
    if (connection?.state !== "awaiting CONNECT") return;
    this.close(connection, CloseCode.PolicyViolation, "CONNECT did not come in time");
  }

  // What the topic objects say

  /** @returns one of `DeliveryAnswer` for each */
  onDeliveries(items: readonly SessionDelivery[], nowMs: number): number[] {
    this.context.nowMs = nowMs;
    this.endIfExpired();
    const answers = items.map(({ generation, isRefusable, delivery }) => {
      if (this.record?.generation !== generation) return DeliveryAnswer.Stale;
      if (isRefusable && this.current === undefined) return DeliveryAnswer.Away;
      return this.outbound.accept(delivery, this.current, this.isDurable);
    });
    if (this.current !== undefined) this.outbound.flush(this.current);
    return answers;
  }

  onAnswer(token: RequestToken, code: number, nowMs: number): void {
    this.context.nowMs = nowMs;
    switch (token.type) {
      case "publish":
        this.inbound.onForwarded(this.current, token.packetId, token.qos, token.socketId, code);
        return;
      case "will":
        this.wills.onPublished(token.id);
        return;
      case "filter":
        this.onFilterAnswer(token, code);
    }
  }

  /** A topic object could not be reached for some time. What it has not acknowledged the client sends again. */
  onUnanswered(token: RequestToken, nowMs: number): void {
    this.context.nowMs = nowMs;
    switch (token.type) {
      case "publish":
        this.inbound.onUnanswered(token.packetId, token.qos);
        if (this.current?.socketId === token.socketId) {
          this.disconnect(this.current, ReasonCode.ServerBusy, "the topic cannot be reached, try again");
        }
        return;
      case "will":
        this.wills.onUnanswered(token.id);
        return;
      case "filter":
        this.onFilterAnswer(token, ReasonCode.UnspecifiedError);
    }
  }

  onDropped(): void {
    this.context.droppedMessages += 1;
  }

  // Time

  onAlarm(nowMs: number): void {
    this.context.nowMs = nowMs;
    const { current } = this;
    if (current !== undefined) {
      const isLate = livenessDeadlineMs(current, this.mustBeMissed) <= nowMs;
      if (isLate && !current.isRelayed && current.keepAliveSec > 0) {
        this.disconnect(current, ReasonCode.KeepAliveTimeout, "nothing came for 1.5 times the keep alive");
      } else if (isLate) {
        // The Worker watches the keep alive, or nobody does: that the socket is there has to be enough.
        current.lastReceivedMs = nowMs;
      }
    }
    this.endIfExpired();
    this.wills.publishDue();
  }

  /** When `onAlarm` has to be called next, in milliseconds since 1970; Infinity for never. */
  get nextDeadlineMs(): number {
    const liveness =
      this.current === undefined ? Number.POSITIVE_INFINITY : livenessDeadlineMs(this.current, this.mustBeMissed);
    return Math.min(liveness, sessionEndMs(this.record), this.wills.nextDeadlineMs());
  }

  // Hibernation and restarts

  isAwaitingConnect(socketId: SocketId): boolean {
    return this.connections.get(socketId)?.state === "awaiting CONNECT";
  }

  /** Whether half a packet is in memory only. */
  get hasPartialPacket(): boolean {
    return [...this.connections.values()].some(({ reader }) => reader.bufferedBytes > 0);
  }

  /** Nothing is left of the session: its storage can go as a whole. */
  get isGone(): boolean {
    return this.record === undefined && this.connections.size === 0 && this.wills.isEmpty;
  }

  get droppedMessages(): number {
    return this.context.droppedMessages;
  }

  /** Writes what is in memory only to disk, and returns what the socket of the connected client is to keep. */
  hibernate(): { socketId: SocketId; snapshot: SessionSnapshot } | undefined {
    if (this.current === undefined || this.record === undefined) return undefined;
    this.inbound.spill();
    this.outbound.spill();
    const { inFlightThrough } = this.outbound;
    const connection = takeSnapshot(this.current);
    const kept = this.isDurable ? undefined : { record: this.record, subscriptions: this.subscribing.all() };
    return { socketId: this.current.socketId, snapshot: { connection, inFlightThrough, kept } };
  }

  /** The connected client's socket is there after a hibernation. */
  awake(snapshot: SessionSnapshot, nowMs: number): void {
    this.context.nowMs = nowMs;
    if (snapshot.kept !== undefined) {
      this.record = snapshot.kept.record;
      this.subscribing.restore(snapshot.kept.subscriptions);
    }
    this.current = fromSnapshot(snapshot.connection, this.settings.limits.maximumPacketBytes);
    this.connections.set(this.current.socketId, this.current);
    this.outbound.onAwoken(snapshot.inFlightThrough);
  }

  /** No socket came through: what the disk takes for a connected client is one that a crash cut off. */
  recover(nowMs: number): void {
    this.context.nowMs = nowMs;
    if (this.current !== undefined) return;
    if (this.record?.isConnected) {
      this.outbound.onCrashed();
      this.leave(this.record);
    } else if (this.record === undefined) {
      this.wills.onConnectionLost(nowMs);
    }
  }

  takeEffects(): Effect[] {
    return this.context.takeEffects();
  }

  // Packets

  private onRawPacket(connection: Connection, raw: RawPacket): void {
    try {
      if (connection.state === "awaiting CONNECT") {
        const packet = decodePacket(raw, undefined);
        if (packet.type !== "CONNECT") throw new ProtocolError(ReasonCode.ProtocolError, "CONNECT comes first");
        this.onConnect(connection, packet);
      } else {
        connection.lastReceivedMs = this.context.nowMs;
        this.onPacket(connection, decodePacket(raw, connection.protocolVersion));
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.refuse(connection, raw, error);
    }
  }

  private onPacket(connected: Connected, packet: ClientPacket): void {
    const { record } = this;
    if (record === undefined) throw new Error("a client is connected without a session");
    switch (packet.type) {
      case "PUBLISH":
        this.inbound.onPublish(connected, packet, record.generation, this.isDurable);
        break;
      case "PUBREL":
        this.inbound.onPubrel(connected, packet.packetId);
        break;
      case "PUBACK":
        this.outbound.onPuback(packet.packetId, connected);
        break;
      case "PUBREC":
        this.outbound.onPubrec(packet.packetId, packet.reasonCode, connected);
        break;
      case "PUBCOMP":
        this.outbound.onPubcomp(packet.packetId, connected);
        break;
      case "SUBSCRIBE":
        this.subscribing.onSubscribe(connected, packet, record.generation);
        // SUBACK goes first, even where retained messages are faster.
        if (this.subscribing.isSubscribing) this.outbound.hold();
        break;
      case "UNSUBSCRIBE":
        this.subscribing.onUnsubscribe(connected, packet, record.generation);
        break;
      case "PINGREQ":
        send(this.context, connected, { type: "PINGRESP" });
        break;
      case "DISCONNECT":
        this.onDisconnect(connected, packet);
        break;
      case "CONNECT":
        throw new ProtocolError(ReasonCode.ProtocolError, "a second CONNECT"); // [MQTT-3.1.0-2]
      case "AUTH":
        throw new ProtocolError(ReasonCode.ProtocolError, "AUTH without an authentication method");
    }
  }

  private onConnect(awaiting: AwaitingConnect, packet: ConnectPacket): void {
    checkConnect(packet, this.settings);
    if (this.current !== undefined) {
      this.disconnect(this.current, ReasonCode.SessionTakenOver, "another client connected with this identifier");
    }
    this.endIfExpired();
    if (packet.cleanStart) this.endSession(); // [MQTT-3.1.2-4]
    const sessionPresent = this.record !== undefined;
    const connected = connectedBy(awaiting, packet, this.settings, this.context.nowMs);
    this.current = connected;
    this.connections.set(connected.socketId, connected);
    this.openSession(connected.sessionExpirySec);
    if (packet.will !== undefined) this.wills.set(packet.will);
    send(this.context, connected, connackOf(packet, connected, this.settings, sessionPresent));
    const { protocolVersion } = packet;
    this.report({ type: "connected", protocolVersion, atMs: this.context.nowMs });
    this.inbound.onConnected();
    this.subscribing.onConnected();
    this.outbound.onConnected();
    this.outbound.flush(connected);
  }

  /** Resumes the session, or begins one. */
  private openSession(expirySec: number): void {
    const { layout } = this.settings;
    const isMoved = this.record !== undefined && this.record.layout !== layout;
    const generation = this.record?.generation ?? this.settings.randomId();
    this.record = { generation, expirySec, layout, isConnected: true, disconnectedAtMs: 0, sentThrough: 0 };
    if (this.isDurable) this.store.putRecord(this.record);
    this.wills.onSessionResumed();
    if (isMoved) this.subscribing.registerAgain(generation);
  }

  private onDisconnect(connected: Connected, { reasonCode, sessionExpirySec }: DisconnectPacket): void {
    if (sessionExpirySec !== undefined && this.record !== undefined) {
      if (connected.sessionExpirySec === 0 && sessionExpirySec > 0) {
        throw new ProtocolError(ReasonCode.ProtocolError, "a session that ends with its connection cannot be kept");
      }
      const { maximumSessionExpirySec } = this.settings.limits;
      this.record = { ...this.record, expirySec: Math.min(sessionExpirySec, maximumSessionExpirySec) };
    }
    if (reasonCode === ReasonCode.Success) this.wills.discardCurrent();
    this.close(connected, CloseCode.Normal, "");
    this.onConnectionLost(connected);
  }

  private onFilterAnswer({ pending, index }: Extract<RequestToken, { type: "filter" }>, code: number): void {
    if (this.record?.generation !== pending.generation) return;
    this.subscribing.onAnswer(this.current, pending, index, code, this.isDurable);
    if (this.current !== undefined && !this.subscribing.isSubscribing) this.outbound.release(this.current);
  }

  // Ends

  /** Answers a mistake of the client as its version demands, and ends the connection. Section 4.13. */
  private refuse(connection: Connection, raw: RawPacket | undefined, error: ProtocolError): void {
    const { reasonCode, message } = error;
    if (connection.state === "connected") {
      this.disconnect(connection, reasonCode, message);
      return;
    }
    const bytes = refusalOf(raw, error);
    if (bytes !== undefined) this.context.effect({ type: "send", socketId: connection.socketId, bytes });
    this.close(connection, CloseCode.PolicyViolation, message);
  }

  /** The server ends the connection: DISCONNECT says why from MQTT 5.0 on. */
  private disconnect(connected: Connected, reasonCode: ReasonCode, why: string): void {
    send(this.context, connected, { type: "DISCONNECT", reasonCode, reasonString: why });
    this.close(connected, isError(reasonCode) ? CloseCode.PolicyViolation : CloseCode.Normal, why);
    this.onConnectionLost(connected);
  }

  private close({ socketId }: Connection, code: number, reason: string): void {
    this.connections.delete(socketId);
    this.context.effect({ type: "close", socketId, code, reason });
  }

  private onConnectionLost(connected: Connected): void {
    if (this.current !== connected || this.record === undefined) return;
    this.current = undefined;
    this.outbound.onDisconnected();
    this.leave(this.record);
  }

  /** The client is gone: its session waits, or ends. */
  private leave(record: SessionRecord): void {
    const { nowMs } = this.context;
    const { sentThrough } = this.outbound;
    this.record = { ...record, isConnected: false, disconnectedAtMs: nowMs, sentThrough };
    this.wills.onConnectionLost(sessionEndMs(this.record));
    this.report({ type: "disconnected", atMs: nowMs, isSessionKept: this.isDurable });
    if (this.isDurable) this.store.putRecord(this.record);
    else this.endSession();
  }

  private endIfExpired(): void {
    if (this.current === undefined && sessionEndMs(this.record) <= this.context.nowMs) this.endSession();
  }

  private endSession(): void {
    if (this.record === undefined) return;
    this.wills.onSessionEnded();
    this.subscribing.end(this.record.generation);
    this.inbound.clear();
    this.outbound.clear();
    this.store.clear();
    this.record = undefined;
  }

  private report(report: Extract<Effect, { type: "report" }>["report"]): void {
    this.context.effect({ type: "report", report });
  }

  /** The session outlives its connection. */
  private get isDurable(): boolean {
    return this.record !== undefined && this.record.expirySec > 0;
  }

  /** That a crash cuts this client off has consequences: the object has to look again by itself. */
  private get mustBeMissed(): boolean {
    return !this.wills.isEmpty || (this.isDurable && this.record?.expirySec !== neverExpiresSec);
  }
}
