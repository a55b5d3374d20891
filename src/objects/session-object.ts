// A client's session: takes its sockets, passes every event to the core, and runs the effects. MQTT's rules are in
// core/session; here are sockets, calls, the alarm and hibernation.
//
// Which function takes an event:
// - `on` for most: it catches up, handles the event, and then does what follows from it.
// - `onFromLane` for a lane's answer, which does not wait for frames that have arrived.
// - `handle` alone passes an event to the core. Its effects wait for the next `afterEvent`.
// - `catchUp` deals with what came before: what a crash cut off, and frames that have arrived.
// - `afterEvent` runs the effects, and sets the alarm and the timers.

import { DurableObject } from "cloudflare:workers";
import { Authenticator } from "../auth/authenticator.ts";
import { isCredential } from "../core/access/credential.ts";
import type { Grant } from "../core/access/grant.ts";
import type { LoginAttempt } from "../core/access/login-attempt.ts";
import { clockSkewMs } from "../core/lane/clock-skew.ts";
import { LaneReceiver } from "../core/lane/lane-receiver.ts";
import type { Account } from "../core/session/counters.ts";
import { type Effect, effectOf, ReportAnswer, type SocketId } from "../core/session/effect.ts";
import type { Frame, SessionEvent } from "../core/session/event.ts";
import type { SessionView } from "../core/session/life/session-view.ts";
import type { Whereabouts } from "../core/session/life/whereabouts.ts";
import { Session } from "../core/session/session.ts";
import { decodeSessionDeliveries } from "../core/topic/topic-request.ts";
import { readClientFacts } from "../edge/client-facts.ts";
import { Alarm } from "../platform/alarm.ts";
import { closeWebSocket } from "../platform/close.ts";
import { logError, logOfClients, reasonOf } from "../platform/log.ts";
import { RestartOnBug } from "../platform/restart-on-bug.ts";
import { accessStub, directoryStub, splitName } from "../platform/stubs.ts";
import { Timer } from "../platform/timer.ts";
import { webSocketReply } from "../platform/upgrade.ts";
import { sessionSettingsOf } from "../settings/session-settings.ts";
import { type Settings, settingsOf } from "../settings/settings.ts";
import { Hibernation } from "./session/hibernation.ts";
import { Reporting } from "./session/reporting.ts";
import { SessionSockets } from "./session/session-sockets.ts";
import { SqliteSessionStore } from "./session/sqlite-session-store.ts";
import { TopicLanes } from "./session/topic-lanes.ts";

/** How long a frame waits for others while more are known to come, and how much may wait. */
const gatherMs = 1;
const maximumArrivedBytes = 65_536;
/** How many bytes an empty frame counts as. */
const frameBytes = 64;

export class SessionObject extends DurableObject<Env> {
  private readonly settings: Settings;
  private readonly store: SqliteSessionStore;
  private readonly session: Session;
  private readonly authenticator: Authenticator;
  private readonly sockets: SessionSockets;
  private readonly hibernation: Hibernation;
  private readonly topicLanes: TopicLanes;
  private readonly reporting: Reporting;
  private readonly receiver = new LaneReceiver<readonly number[]>();
  private readonly nextAlarm: Alarm;
  private readonly bugs: RestartOnBug;
  private isRecovered = false;
  /** The effects that have not run yet. */
  private effects: readonly Effect[] = [];
  /** Frames that wait for others, to be one event: one commit, one frame of answers. */
  private arrivals: Frame[] = [];
  private arrivedBytes = 0;
  private readonly arrivalTimer = new Timer(() => this.on());
  private readonly connectTimers = new Map<SocketId, ReturnType<typeof setTimeout>>();

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const { namespace, rest: clientId } = splitName(ctx.id.name);
    const settings = settingsOf(env);
    this.settings = settings;
    this.store = new SqliteSessionStore(ctx.storage);
    this.nextAlarm = new Alarm(ctx.storage);
    this.bugs = new RestartOnBug(ctx, { event: "a session restarts", fields: { namespace, clientId } });
    this.session = new Session(sessionSettingsOf(settings, clientId), this.store);
    this.authenticator = new Authenticator(env, settings, namespace);
    this.sockets = new SessionSockets(ctx, this.store);
    this.hibernation = new Hibernation(this.session, this.sockets, settings.limits.packetTimeoutSec, {
      onTimer: (act) => this.bugs.guard(act),
      onStalled: () => this.on({ type: "stalled" }),
      onKept: () => this.setAlarm(),
    });
    this.topicLanes = new TopicLanes(env, settings, namespace, clientId, {
      onAnswers: (tokens, answers) => this.onFromLane({ type: "requests answered", tokens, answers }),
      onUnanswered: (tokens, messagesDropped) =>
        this.onFromLane({ type: "requests unanswered", tokens, messagesDropped }),
      onBroken: (error) => this.bugs.restart(error),
    });
    this.reporting = new Reporting({
      call: (laneId, { sequence, items }) =>
        directoryStub(env, settings, namespace).report(clientId, laneId, sequence, items),
      isUnreported: () => this.store.isUnreported,
      putUnreported: (isUnreported) => this.store.putUnreported(isUnreported),
      onGivenUp: () => this.onReportsGivenUp(namespace, clientId),
      onAnswers: (answers) => this.onReported(answers),
      onReported: () => this.afterEvent(),
      onBroken: (error) => this.bugs.restart(error),
    });
    void ctx.blockConcurrencyWhile(async () => {
      await this.nextAlarm.find();
      this.wake();
    });
  }

  /** A WebSocket from the Worker; the path says whether it is relayed or the client's own. */
  override fetch(request: Request): Response {
    const isRelayed = new URL(request.url).pathname === "/relayed";
    const { 0: client, 1: server } = new WebSocketPair();
    const socketId = this.sockets.accept(server);
    this.connectTimers.set(
      socketId,
      setTimeout(() => {
        this.on({ type: "connect timeout", socketId });
      }, this.settings.limits.connectTimeoutSec * 1000),
    );
    // What a crash has cut off waits for CONNECT: see `recover`.
    this.handle({ type: "opened", socketId, isRelayed, facts: readClientFacts(request) });
    this.afterEvent();
    return webSocketReply(client, request.headers.get("Sec-WebSocket-Protocol"));
  }

  override webSocketMessage(socket: WebSocket, message: ArrayBuffer | string): void {
    const data = typeof message === "string" ? message : new Uint8Array(message);
    this.arrivals.push({ socketId: this.sockets.idOf(socket), data });
    this.arrivedBytes += frameBytes + data.length;
    const isMoreExpected = this.session.isMoreExpected && this.arrivedBytes < maximumArrivedBytes;
    if (!isMoreExpected) this.on();
    else if (!this.arrivalTimer.isOn) this.arrivalTimer.set(Date.now(), gatherMs);
  }

  /** Every event begins with what has come before it. */
  private takeArrivals(): void {
    if (this.arrivals.length === 0) return;
    this.arrivalTimer.off();
    const frames = this.arrivals;
    this.arrivals = [];
    this.arrivedBytes = 0;
    this.handle({ type: "frames", frames });
  }

  /** For sockets that can hibernate the platform does not answer the client's Close frame. RFC 6455 section 5.5.1. */
  override webSocketClose(socket: WebSocket, code: number): void {
    this.onSocketGone(socket);
    closeWebSocket(socket, code, "");
  }

  override webSocketError(socket: WebSocket): void {
    this.onSocketGone(socket);
  }

  /**
   * A batch of a topic object's lane; answers one of `DeliveryAnswer` for each delivery.
   * @param sentAtMs by the clock of the caller; one of an older version does not say
   */
  deliver(laneId: string, sequence: number, batch: Uint8Array, sentAtMs?: number): Promise<readonly number[]> {
    const skewMs = clockSkewMs(sentAtMs, Date.now());
    return this.receiver.receive(laneId, sequence, async () => {
      const items = this.bugs.guard(() => decodeSessionDeliveries(batch, skewMs));
      return effectOf("deliveries answered", this.on({ type: "deliveries", items })).answers;
    });
  }

  /** From the access object; done when it returns. */
  async revise(identity: string, grant: Grant | null): Promise<void> {
    this.authenticator.onRevised();
    this.on({ type: "revise", identity, grant });
  }

  /** For the operator. @returns `undefined` if there is no session; nothing is stored then */
  inspect(): SessionView | undefined {
    this.on({ type: "asked", by: "operator" });
    return this.session.view;
  }

  /** For the directory, which may list something else. */
  whereabouts(): Whereabouts {
    this.on({ type: "asked", by: "directory" });
    return this.session.whereabouts;
  }

  /** For a directory of an earlier version; `undefined` while no client is connected. */
  counters(): Account | undefined {
    this.on();
    return this.session.account;
  }

  /** @returns whether a client was connected */
  disconnect(): boolean {
    return effectOf("command answered", this.on({ type: "disconnect" })).isDone;
  }

  /** The session ends, whether its client is connected or not. @returns whether there was one */
  remove(): boolean {
    return effectOf("command answered", this.on({ type: "remove" })).isDone;
  }

  private async logIn(socketId: SocketId, attempt: LoginAttempt): Promise<void> {
    const result = await this.authenticator.logIn(attempt);
    this.on({ type: "login answered", socketId, result });
  }

  override async alarm(info?: AlarmInvocationInfo): Promise<void> {
    const nowMs = Date.now();
    const lateMs = this.nextAlarm.onRing(info?.scheduledTime, nowMs);
    this.bugs.guard(() => {
      this.catchUp();
      this.handle({ type: "alarm", lateMs });
      if (this.reporting.isDue(nowMs)) this.handle({ type: "report due" });
      this.afterEvent();
    });
  }

  /**
   * The directory cannot be reached, so a revocation would not find this session. It asks the access object for its client's
   * present grant, which also lets the access object know of it.
   */
  private onReportsGivenUp(namespace: string, clientId: string): void {
    this.handle({ type: "asked", by: "directory" });
    this.setAlarm();
    const now = this.session.whereabouts;
    if (now.state !== "connected" || !isCredential(now.identity)) return;
    const { identity } = now;
    accessStub(this.env, this.settings, namespace)
      .presentGrant(identity, clientId)
      .then((grant) => this.revise(identity, grant))
      .catch((error: unknown) => {
        logError("a client cannot be judged again", { namespace, clientId, reason: reasonOf(error) });
      });
  }

  private onReported(answers: readonly number[]): void {
    this.handle({ type: "reports answered", answers });
    if (answers.includes(ReportAnswer.NoSession)) this.afterEvent();
  }

  private onSocketGone(socket: WebSocket): void {
    this.on({ type: "closed", socketId: this.sockets.forget(socket) });
  }

  /** The object starts. After a hibernation its client's socket is still there, after anything else it is not. */
  private wake(): void {
    const kept = this.sockets.wake();
    if (kept === undefined) return;
    this.handle({ type: "awoke", kept });
    this.isRecovered = true;
  }

  /**
   * What a crash cut off is dealt with together with the event that the object started for. That is not the opening
   * of a socket: if its CONNECT follows, leaving and coming back are one commit and one call to the directory.
   */
  private recover(): void {
    if (this.isRecovered) return;
    this.isRecovered = true;
    this.handle({ type: "started" });
  }

  private afterEvent(): void {
    this.runEffects();
    this.setAlarm();
    this.clearConnectTimers();
    this.hibernation.prepare(Date.now());
    if (this.session.isGone && !this.reporting.isOwing) {
      this.nextAlarm.onDeleted();
      void this.store.deleteAll();
    }
  }

  private runEffects(): void {
    const { effects } = this;
    this.effects = [];
    for (const effect of effects) this.run(effect);
    this.sockets.flush();
  }

  private run(effect: Effect): void {
    switch (effect.type) {
      case "send":
        this.sockets.send(effect.socketId, effect.bytes);
        break;
      case "close":
        this.sockets.close(effect.socketId, effect.code, effect.reason);
        break;
      case "request":
        this.topicLanes.request(effect);
        break;
      case "login":
        void this.logIn(effect.socketId, effect.attempt);
        break;
      case "log":
        logOfClients(effect.event, { ...this.names, reason: effect.reason });
        break;
      case "report":
        this.reporting.report(effect.report);
        break;
      case "deliveries answered":
      case "command answered":
        // Whoever caused the event has read it.
        break;
      default:
        effect satisfies never;
    }
  }

  /** A timer that is no longer needed would keep the object awake, and billed. */
  private clearConnectTimers(): void {
    for (const [socketId, timer] of this.connectTimers) {
      if (this.session.isPending(socketId)) continue;
      clearTimeout(timer);
      this.connectTimers.delete(socketId);
    }
  }

  private setAlarm(): void {
    const nowMs = Date.now();
    this.nextAlarm.set(Math.min(this.session.nextDeadlineMs, this.reporting.alarmAtMs(nowMs)), nowMs);
  }

  /**
   * Passes an event to the core, after what came before it, and runs the effects.
   * @param event `undefined` if there is nothing but what came before
   * @returns the effects of this event alone
   */
  private on(event?: SessionEvent): readonly Effect[] {
    return this.bugs.guard(() => {
      this.catchUp();
      const effects = event === undefined ? [] : this.handle(event);
      this.afterEvent();
      return effects;
    });
  }

  private catchUp(): void {
    this.recover();
    this.takeArrivals();
  }

  /** An answer over a lane does not wait for frames that have arrived. */
  private onFromLane(event: SessionEvent): void {
    this.handle(event);
    this.afterEvent();
  }

  /** Passes an event to the core. Its effects run with those of the next `afterEvent`. */
  private handle(event: SessionEvent): readonly Effect[] {
    const effects = this.session.handle(event, Date.now());
    this.effects = this.effects.length === 0 ? effects : [...this.effects, ...effects];
    return effects;
  }

  private get names(): { namespace: string; clientId: string } {
    const { namespace, rest: clientId } = splitName(this.ctx.id.name);
    return { namespace, clientId };
  }
}
