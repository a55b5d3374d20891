// A client's session and its sockets: takes what happens (frames, closes, deliveries, answers, time), has the state
// change, and leaves effects to run. Owns which socket is whose; the rules of each exchange are in the neighbouring
// files. MQTT 5.0 sections 3.1.4, 3.14.4 and 4.13.

import type { ClientFacts, LoginResult } from "../access/login-attempt.ts";
import { decodePacket } from "../packet/codec.ts";
import type { ClientPacket } from "../packet/packet.ts";
import type { RawPacket } from "../packet/raw-packet.ts";
import { answeredPacketId, isAnswer } from "../packet/raw-packet.ts";
import { ReasonCode } from "../packet/reason-code.ts";
import { ProtocolError } from "../protocol-error.ts";
import { reachedOf, reasonCodeOf } from "../shares/reached.ts";
import type { SessionDelivery } from "../topic/topic-request.ts";
import { Answers } from "./answers.ts";
import { connackOf, connectedBy } from "./connect/connecting.ts";
import { type Admitted, Entry } from "./connect/entry.ts";
import { Context, type SessionSettings } from "./context.ts";
import type { Account } from "./counters.ts";
import { dispatch } from "./dispatch.ts";
import { CloseCode, type Effect, ReportAnswer, type RequestToken, type SocketId } from "./effect.ts";
import { Ending } from "./life/ending.ts";
import { goneDeadlineMs, heedClock, livenessDeadlineMs, punctualMs } from "./life/lifetime.ts";
import { Operator } from "./life/operator.ts";
import { SessionState } from "./life/session-state.ts";
import type { HibernatingSession, KeptSession } from "./life/snapshot.ts";
import type { Whereabouts } from "./life/whereabouts.ts";
import { takeDeliveries } from "./outbound/deliveries.ts";
import type { SessionStore } from "./session-store.ts";
import {
  type Connected,
  type Connection,
  connectionNameOf,
  fromSnapshot,
  send,
  takeSnapshot,
} from "./wire/connection.ts";
import { Connections } from "./wire/connections.ts";
import { nothingUnheard } from "./wire/unheard.ts";

export class Session {
  private readonly context: Context;
  private readonly settings: SessionSettings;
  private readonly state: SessionState;
  private readonly connections: Connections;
  private readonly answers: Answers;
  private readonly entry: Entry;
  private readonly ending: Ending;
  readonly operator: Operator;

  constructor(settings: SessionSettings, store: SessionStore) {
    this.settings = settings;
    this.context = new Context(settings, store);
    this.state = new SessionState(this.context);
    this.connections = new Connections(this.context);
    this.answers = new Answers(this.state);
    this.entry = new Entry(this.context, this.connections, this.state);
    this.ending = new Ending(this.context, this.connections, this.state);
    this.operator = new Operator(this.context, this.connections, this.state, this.ending);
  }

  private get current(): Connected | undefined {
    return this.connections.current;
  }

  // What happens to sockets

  onOpened(socketId: SocketId, isRelayed: boolean, facts: ClientFacts): void {
    this.connections.open(socketId, isRelayed, facts);
  }

  onFrame(socketId: SocketId, bytes: Uint8Array, nowMs: number): void {
    this.context.nowMs = nowMs;
    const reader = this.connections.get(socketId)?.reader;
    if (reader === undefined) return;
    this.context.counts.packetBytesReceived += bytes.length;
    const { packets, error } = reader.push(bytes);
    this.context.counts.packetsReceived += packets.length;
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
    this.connections.close(connection, CloseCode.UnsupportedData, "MQTT needs binary frames");
    if (connection.state === "connected") this.ending.onConnectionLost(connection);
  }

  onClosed(socketId: SocketId, nowMs: number): void {
    this.context.nowMs = nowMs;
    const connection = this.connections.forget(socketId);
    if (connection?.state === "connected") this.ending.onConnectionLost(connection);
  }

  /** CONNECT has not come in time, or its proof has not. */
  onConnectTimeout(socketId: SocketId, nowMs: number): void {
    this.context.nowMs = nowMs;
    const connection = this.connections.get(socketId);
    if (connection === undefined || connection.state === "connected") return;
    const what = connection.state === "awaiting CONNECT" ? "CONNECT" : "authentication";
    this.connections.close(connection, CloseCode.PolicyViolation, `${what} did not come in time`);
  }

  /** A packet was begun and not completed for so long that the object is not to stay awake for it. */
  onStalled(nowMs: number): void {
    this.context.nowMs = nowMs;
    const error = new ProtocolError(ReasonCode.MalformedPacket, "a packet was not completed in time");
    for (const connection of this.connections.withPartialPacket()) this.refuse(connection, undefined, error);
  }

  /** Whether the client has several exchanges open, so that another of its packets is on the way to end one. */
  get isMoreExpected(): boolean {
    const { inbound, outbound } = this.state;
    return this.current !== undefined && (outbound.inFlightCount > 1 || inbound.openCount > 1);
  }

  /** The answer to a "login". */
  onLogin(socketId: SocketId, result: LoginResult, nowMs: number): void {
    this.context.nowMs = nowMs;
    const loggingIn = this.connections.get(socketId);
    if (loggingIn?.state !== "logging in") return;
    try {
      this.onAdmitted(this.entry.onLogin(loggingIn, result));
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.ending.refuse(loggingIn, undefined, error);
    }
    for (const raw of loggingIn.waiting) {
      const connection = this.connections.get(socketId);
      if (connection === undefined) return;
      this.onRawPacket(connection, raw);
    }
  }

  // What the topic objects say

  /** @returns one of `DeliveryAnswer` for each */
  onDeliveries(items: readonly SessionDelivery[], nowMs: number): number[] {
    this.context.nowMs = nowMs;
    this.state.endIfExpired();
    const answers = takeDeliveries(this.context, this.state.outbound, this.current, items);
    if (this.current !== undefined) this.state.outbound.flush(this.current);
    else this.state.reportQueue();
    return answers;
  }

  /** @param answer a reason code, or as `answerOf` */
  onAnswer(token: RequestToken, answer: number, nowMs: number): void {
    this.context.nowMs = nowMs;
    const code = reasonCodeOf(answer);
    // A failure must not look like success if nobody can be told of it: to MQTT 3.x, and for a Will.
    const canBeTold = token.type === "publish" ? this.current?.protocolVersion === 5 : token.type !== "will";
    if (code === ReasonCode.UnspecifiedError && !canBeTold) this.onUnanswered(token, nowMs);
    else this.answers.onAnswer(this.current, token, code, reachedOf(answer));
  }

  /** A topic object could not be reached for some time. What it has not acknowledged the client sends again. */
  onUnanswered(token: RequestToken, nowMs: number): void {
    this.context.nowMs = nowMs;
    const waiting = this.answers.onUnanswered(this.current, token);
    if (this.current !== undefined && this.current.socketId === waiting) {
      this.ending.disconnect(this.current, ReasonCode.ServerBusy, "the topic cannot be reached, try again");
    }
  }

  onDropped(): void {
    this.context.counts.messagesDropped += 1;
  }

  // Time

  /**
   * @param lateMs how late the alarm is by the clock. The platform waits for real time to pass, so the clock may have been
   * set forward. That must not make a client count as gone
   */
  onAlarm(nowMs: number, lateMs = 0): void {
    this.context.nowMs = nowMs;
    const { current } = this;
    if (current !== undefined) {
      const { limits } = this.settings;
      if (lateMs > punctualMs) current.lastReceivedMs = Math.min(nowMs, current.lastReceivedMs + lateMs);
      if (this.state.grantEndMs <= nowMs) {
        this.ending.disconnect(current, ReasonCode.NotAuthorized, "what the client has shown has expired");
      } else if (goneDeadlineMs(current, limits) <= nowMs) {
        this.context.warn("a client fell silent", "nothing came for 1.5 times its keep alive");
        this.ending.disconnect(current, ReasonCode.KeepAliveTimeout, "nothing came for 1.5 times the keep alive");
      } else if (livenessDeadlineMs(current, limits, this.state.watch) <= nowMs) {
        // The Worker watches the keep alive, or nobody does. An open socket must be enough.
        current.lastReceivedMs = nowMs;
      }
    }
    this.state.endIfExpired();
    this.state.wills.publishDue();
    this.state.registerIfDue();
  }

  /** When `onAlarm` has to be called next, in milliseconds since 1970; Infinity for never. */
  get nextDeadlineMs(): number {
    const { current } = this;
    const { endMs, grantEndMs, wills, watch, registrationDueMs } = this.state;
    const ownMs = Math.min(wills.nextDeadlineMs(), registrationDueMs);
    if (current === undefined) return Math.min(endMs, ownMs);
    return Math.min(livenessDeadlineMs(current, this.settings.limits, watch), grantEndMs, ownMs);
  }

  // Hibernation and restarts

  /** Its client is not connected yet. */
  isPending(socketId: SocketId): boolean {
    const connection = this.connections.get(socketId);
    return connection !== undefined && connection.state !== "connected";
  }

  /** Whether half a packet is in memory only. */
  get hasPartialPacket(): boolean {
    return this.connections.hasPartialPacket;
  }

  /** Nothing is left of the session: its storage can go as a whole. */
  get isGone(): boolean {
    return this.context.generation === undefined && this.connections.isEmpty && this.state.wills.isEmpty;
  }

  get droppedMessages(): number {
    return this.context.counts.messagesDropped;
  }

  /** What its client's connection has counted; `undefined` while there is none. */
  get account(): Account | undefined {
    return this.current && this.context.counters.account;
  }

  /** Where the session's client is now. */
  whereabouts(nowMs: number): Whereabouts {
    this.context.nowMs = nowMs;
    this.state.endIfExpired();
    const { admission, disconnectedAtMs, outbound } = this.state;
    if (admission === undefined) return { state: "none" };
    const { identity } = admission.grant;
    if (this.current === undefined) {
      const { messages: queuedMessages, bytes: queuedBytes } = outbound.waitingSize;
      return { state: "away", identity, atMs: disconnectedAtMs, queuedMessages, queuedBytes };
    }
    const { account } = this.context.counters;
    const { protocolVersion, connectedAtMs: atMs, address } = this.current;
    const from = address === undefined ? {} : { address };
    return { state: "connected", protocolVersion, identity, connection: account.connection, atMs, account, ...from };
  }

  /** @param answers the answers to reports, each from `ReportAnswer` */
  onReported(answers: readonly number[], nowMs: number): void {
    this.context.nowMs = nowMs;
    for (const answer of answers) {
      if (answer === ReportAnswer.NoSession) this.ending.refuseSession();
      else if (this.current === undefined) this.state.onQueueAnswer(answer !== ReportAnswer.NoQueue);
    }
  }

  /** Reports the present state to the directory, whatever was reported before. */
  report(nowMs: number): void {
    const now = this.whereabouts(nowMs);
    switch (now.state) {
      case "connected": {
        const { state: _, account: __, ...connected } = now;
        this.context.report({ type: "connected", ...connected });
        break;
      }
      case "away": {
        const { identity, atMs, queuedMessages, queuedBytes = 0 } = now;
        this.context.report({ type: "disconnected", atMs, account: undefined, queuedMessages, queuedBytes, identity });
        break;
      }
      case "none":
        this.context.report({ type: "ended", isExpired: false });
    }
  }

  /** Whether `hibernate` would write rows. */
  get isUnstored(): boolean {
    return this.state.isUnstored;
  }

  /** Writes what is in memory only to disk, and returns what the socket of the connected client is to keep. */
  hibernate(): HibernatingSession | undefined {
    if (this.current === undefined) return undefined;
    const { socketId, lastReceivedMs, unheard } = this.current;
    const snapshot = { connection: takeSnapshot(this.current), ...this.state.hibernate(socketId) };
    return { socketId, heard: { lastReceivedMs, unheard }, account: this.context.counters.account, snapshot };
  }

  /** The connected client's socket is there after a hibernation. */
  awake({ snapshot, heard, account }: KeptSession, nowMs: number): void {
    this.context.nowMs = nowMs;
    this.context.counters.restore(account);
    const current = fromSnapshot(snapshot.connection, heard, this.settings.limits.maximumPacketBytes);
    this.connections.current = current;
    this.connections.put(current);
    this.state.awake(snapshot);
  }

  /** The object starts, and no socket of a connected client came through. */
  recover(nowMs: number): void {
    this.context.nowMs = nowMs;
    this.state.recover();
  }

  /** To be called at the end of every event. */
  takeEffects(): Effect[] {
    if (this.current === undefined) this.state.settle();
    else this.heedClock(this.context.nowMs);
    return this.context.takeEffects();
  }

  /** To be called before `nextDeadlineMs` is read outside an event: the clock may have been set since the last event. */
  heedClock(nowMs: number): void {
    if (this.current !== undefined) heedClock(this.current, this.settings.limits, this.state.watch, nowMs);
  }

  // Packets

  private onRawPacket(connection: Connection, raw: RawPacket): void {
    try {
      if (connection.state === "connected") {
        connection.lastReceivedMs = this.context.nowMs;
        connection.unheard = nothingUnheard;
        this.onPacket(connection, decodePacket(raw, connection.protocolVersion));
      } else {
        const admitted = this.entry.onPacket(connection, raw);
        if (admitted !== undefined) this.onAdmitted(admitted);
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.refuse(connection, raw, error);
    }
  }

  /** @param raw the packet that is refused; `undefined` if it never became whole */
  private refuse(connection: Connection, raw: RawPacket | undefined, error: ProtocolError): void {
    const refused = raw ?? connection.reader.unfinished;
    if (connection.state === "connected" && refused !== undefined && isAnswer(refused.firstByte)) {
      this.state.outbound.onBrokenAnswer(answeredPacketId(refused));
    }
    this.ending.refuse(connection, raw, error);
  }

  private onPacket(connected: Connected, packet: ClientPacket): void {
    if (packet.type === "DISCONNECT") this.ending.onDisconnect(connected, packet);
    else dispatch(this.context, this.state, connected, packet);
  }

  private onAdmitted({ connect: packet, proof, pending, admission }: Admitted): void {
    if (this.current !== undefined) {
      const why = "another client connected with this identifier";
      this.ending.disconnect(this.current, ReasonCode.SessionTakenOver, why);
    }
    if (packet.cleanStart) this.state.end(); // [MQTT-3.1.2-4]
    const sessionPresent = this.context.generation !== undefined;
    const connected = connectedBy(pending, packet, proof, this.settings, this.context.nowMs);
    const connection = connectionNameOf(connected);
    this.context.counters.open(connection);
    this.context.counts.connects += 1;
    this.connections.current = connected;
    this.connections.put(connected);
    this.state.open(connected.sessionExpirySec, packet.will, admission);
    send(this.context, connected, connackOf(packet, connected, proof, this.settings, sessionPresent));
    const { protocolVersion } = packet;
    const { identity } = admission.grant;
    const from = connected.address === undefined ? {} : { address: connected.address };
    const { nowMs: atMs } = this.context;
    this.context.report({ type: "connected", protocolVersion, identity, connection, atMs, ...from });
    this.state.outbound.flush(connected);
  }
}
