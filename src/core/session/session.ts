// A client's session and its sockets, without the platform: an event goes in, the state changes, and effects come out for
// the shell to run. The rules of each exchange are in the folders beside this file. MQTT 5.0 sections 3.1.4, 3.14.4 and 4.13.

import { Context, type SessionSettings } from "./context.ts";
import type { Account } from "./counters.ts";
import type { Effect, SocketId } from "./effect.ts";
import type { SessionEvent } from "./event.ts";
import { onClosed, onConnectTimeout, onFrame, onLoginAnswered, onStalled } from "./from-client.ts";
import { onReportsAnswered } from "./from-directory.ts";
import { onAnswers, onDeliveries, onUnanswered } from "./from-topics.ts";
import { heedClock, nextDeadlineMs, onAlarm } from "./life/alarm.ts";
import { awake, hibernationOf } from "./life/hibernation.ts";
import { onAsked, reportPresent, whereaboutsOf } from "./life/inspection.ts";
import { disconnectByOperator, removeByOperator, revise } from "./life/operator.ts";
import { SessionState } from "./life/session-state.ts";
import { type SessionView, viewOf } from "./life/session-view.ts";
import type { HibernatingSession } from "./life/snapshot.ts";
import type { Whereabouts } from "./life/whereabouts.ts";
import type { Parts } from "./parts.ts";
import type { SessionStore } from "./session-store.ts";
import { Connections } from "./wire/connections.ts";

export class Session {
  private readonly parts: Parts;

  constructor(settings: SessionSettings, store: SessionStore) {
    const context = new Context(settings, store);
    this.parts = { context, connections: new Connections(context), state: new SessionState(context) };
  }

  /**
   * The only way to change a session. What must survive is in the store when it returns.
   *
   * @param nowMs milliseconds since 1970, by a clock that may be set
   * @returns to be run in order
   */
  handle(event: SessionEvent, nowMs: number): readonly Effect[] {
    const { parts } = this;
    const { context, connections, state } = parts;
    context.nowMs = nowMs;
    switch (event.type) {
      case "started":
        state.recover();
        break;
      case "awoke":
        awake(parts, event.kept);
        break;
      case "hibernating":
        state.spill();
        break;
      case "opened":
        connections.open(event.socketId, event.isRelayed, event.facts);
        break;
      case "frames":
        for (const frame of event.frames) onFrame(parts, frame);
        break;
      case "closed":
        onClosed(parts, event.socketId);
        break;
      case "connect timeout":
        onConnectTimeout(parts, event.socketId);
        break;
      case "stalled":
        onStalled(parts);
        break;
      case "login answered":
        onLoginAnswered(parts, event.socketId, event.result);
        break;
      case "deliveries":
        onDeliveries(parts, event.items);
        break;
      case "requests answered":
        onAnswers(parts, event.tokens, event.answers);
        break;
      case "requests unanswered":
        for (const token of event.tokens) onUnanswered(parts, token);
        context.counts.messagesDropped += event.messagesDropped;
        break;
      case "reports answered":
        onReportsAnswered(parts, event.answers);
        break;
      case "report due":
        reportPresent(parts);
        break;
      case "alarm":
        onAlarm(parts, event.lateMs);
        break;
      case "asked":
        onAsked(parts, event.by);
        break;
      case "disconnect":
        context.effect({ type: "command answered", isDone: disconnectByOperator(parts) });
        break;
      case "remove":
        context.effect({ type: "command answered", isDone: removeByOperator(parts) });
        break;
      case "revise":
        revise(parts, event.identity, event.grant);
        break;
      default:
        event satisfies never;
    }
    // While no socket keeps what memory alone knows, it is on disk after every event.
    if (connections.current === undefined) context.store.settleOutgoing();
    // An alarm may follow before anything else does: it has to find when the client was really heard last.
    else if (event.type !== "awoke" && event.type !== "frames") heedClock(parts);
    return context.takeEffects();
  }

  // Queries, which change nothing

  /** Whether the client has several exchanges open, so that another of its packets is on the way to end one. */
  get isMoreExpected(): boolean {
    const { connections, state } = this.parts;
    return connections.current !== undefined && (state.outbound.inFlightCount > 1 || state.inbound.openCount > 1);
  }

  /** When the event "alarm" has to come, in milliseconds since 1970; Infinity for never. */
  get nextDeadlineMs(): number {
    return nextDeadlineMs(this.parts);
  }

  /** Whether the client of this socket is not connected yet. */
  isPending(socketId: SocketId): boolean {
    const connection = this.parts.connections.get(socketId);
    return connection !== undefined && connection.state !== "connected";
  }

  /** Whether half a packet is in memory only. */
  get hasPartialPacket(): boolean {
    return this.parts.connections.hasPartialPacket;
  }

  /** Whether nothing is left of the session, so that its storage can go as a whole. */
  get isGone(): boolean {
    const { context, connections, state } = this.parts;
    return context.generation === undefined && connections.isEmpty && state.wills.isEmpty;
  }

  /** Whether the event "hibernating" would write rows. */
  get isUnstored(): boolean {
    return this.parts.state.isUnstored;
  }

  /** What the socket of the connected client has to keep through a hibernation; `undefined` if there is none. */
  get hibernation(): HibernatingSession | undefined {
    return hibernationOf(this.parts);
  }

  get droppedMessages(): number {
    return this.parts.context.counts.messagesDropped;
  }

  /** What its client's connection has counted; `undefined` while there is none. */
  get account(): Account | undefined {
    return this.parts.connections.current && this.parts.context.counters.account;
  }

  /** Where the session's client is. The event "asked" comes first. */
  get whereabouts(): Whereabouts {
    return whereaboutsOf(this.parts);
  }

  /** `undefined` if there is no session. The event "asked" comes first. */
  get view(): SessionView | undefined {
    const { context, connections, state } = this.parts;
    return viewOf(context, state, connections.current);
  }
}
