// MQTT's Session State and its life: begun by a CONNECT, left by a lost connection, resumed or ended. What is in it
// is in the neighbouring files; which socket it talks to is the session's business. MQTT 5.0 section 4.1.

import type { Grant } from "../../access/grant.ts";
import type { ConnectWill } from "../../packet/packet.ts";
import type { Context } from "../context.ts";
import type { SocketId } from "../effect.ts";
import { Inbound } from "../inbound/inbound.ts";
import { Registering } from "../inbound/registering.ts";
import { Subscribing } from "../inbound/subscribing.ts";
import { Outbound } from "../outbound/outbound.ts";
import { type Admission, type LastClient, recordOf, type SessionRecord, storedRecordOf } from "../session-store.ts";
import type { Connected } from "../wire/connection.ts";
import { lookAfterMsOf, sessionEndMs, type Watch } from "./lifetime.ts";
import { QueueLevel, type QueueSize } from "./queue-level.ts";
import type { SessionSnapshot } from "./snapshot.ts";
import { Wills } from "./will.ts";

/** How often a session whose queue is closed asks again, if more comes. */
const askForRoomEveryMs = 60_000;

export class SessionState {
  readonly inbound: Inbound;
  readonly outbound: Outbound;
  readonly subscribing: Subscribing;
  readonly wills: Wills;
  private readonly context: Context;
  private readonly registering: Registering;
  /** The size of the queue that the directory knows, for a client that is away. */
  private readonly queueLevel: QueueLevel;
  /** When the directory last closed the queue, or was last asked whether it may grow again. */
  private closedAtMs = 0;

  constructor(context: Context) {
    this.context = context;
    this.record = context.store.readRecord();
    if (this.record !== undefined) context.takeGrant(this.record.admission.grant);
    this.inbound = new Inbound(context);
    this.outbound = new Outbound(context, this.record?.sentThrough ?? 0);
    this.subscribing = new Subscribing(context);
    this.registering = new Registering(context, this.subscribing);
    this.wills = new Wills(context);
    this.queueLevel = new QueueLevel(this.outbound.queueSize);
  }

  private get record(): SessionRecord | undefined {
    return this.context.record;
  }

  private set record(record: SessionRecord | undefined) {
    this.context.record = record;
  }

  /** What its last client was found to be worth. */
  get admission(): Admission | undefined {
    return this.record?.admission;
  }

  /** How long it outlives its connection; 0 for not at all. */
  get expirySec(): number {
    return this.record?.expirySec ?? 0;
  }

  /** Its last client: what that was found to be worth, and whether it is connected or when it left. */
  get lastClient(): LastClient | undefined {
    return this.record;
  }

  /** When its client left, in milliseconds since 1970; 0 while it is connected. */
  get disconnectedAtMs(): number {
    const client = this.record?.client;
    return client?.state === "away" ? client.sinceMs : 0;
  }

  /** When it ends by time, in milliseconds since 1970. */
  get endMs(): number {
    return sessionEndMs(this.record);
  }

  /** When its client's connection has to end, whatever it does; Infinity for never. */
  get grantEndMs(): number {
    const endsAtMs = this.record?.admission.grant.endsAtMs ?? 0;
    return endsAtMs === 0 ? Number.POSITIVE_INFINITY : endsAtMs;
  }

  /** How closely its client's connection must be watched. */
  get watch(): Watch {
    const hasWill = !this.wills.isEmpty;
    return {
      isPunctual: hasWill || this.subscribing.hasShared,
      lookAfterMs: lookAfterMsOf(hasWill, this.expirySec, this.context.store.isUsed),
    };
  }

  /** A client connects: resumes the state, or begins one. What that writes is on disk as a whole, or not at all. */
  open(expirySec: number, will: ConnectWill | undefined, admission: Admission): void {
    const begin = () => this.begin(expirySec, will, admission);
    if (this.context.isDurable || expirySec > 0 || will !== undefined) this.context.store.atomically(begin);
    else begin();
    this.outbound.onConnected();
  }

  private begin(expirySec: number, will: ConnectWill | undefined, admission: Admission): void {
    const { layout, randomId } = this.context.settings;
    const wasDurable = this.context.isDurable;
    const generation = this.record?.generation ?? randomId();
    this.record = {
      generation,
      expirySec,
      layout: this.record?.layout ?? layout,
      client: { state: "connected" },
      sentThrough: 0,
      admission,
    };
    this.context.takeGrant(admission.grant);
    // What the disk says of a session that was durable has to be true, also once it no longer is.
    if (this.context.isDurable || wasDurable) this.context.store.putRecord(this.record);
    this.wills.onSessionResumed();
    if (will !== undefined) this.wills.set(will, admission.grant);
    if (this.isMoved) this.register();
    this.subscribing.onConnected();
    this.subscribing.revise();
  }

  /**
   * A login of whoever it belongs to is worth something else now.
   * @returns whether what was shown for the last one still counts
   */
  revise(present: Grant): boolean {
    const { record } = this;
    if (record === undefined) return false;
    const { grant: last, shownSha256 } = record.admission;
    const isShown = last.username === present.username && last.secretId === present.secretId;
    const grant = { ...last, rules: present.rules, endsAtMs: present.endsAtMs };
    const admission = { ...record.admission, grant, shownSha256: isShown ? shownSha256 : "" };
    this.record = { ...record, admission };
    this.context.takeGrant(grant);
    if (this.context.isDurable) this.context.store.putRecord(this.record);
    this.subscribing.revise();
    return isShown;
  }

  /** Whether the topic objects are others than those that its subscriptions are registered with. */
  private get isMoved(): boolean {
    return this.record !== undefined && this.record.layout !== this.context.settings.layout;
  }

  private register(): void {
    if (!this.registering.begin()) this.setLayout();
  }

  /** A present shard has answered for a subscription that was registered elsewhere. */
  onRegistered(id: number, isDone: boolean): void {
    const generation = this.registering.onAnswer(id, isDone);
    if (generation !== undefined && generation === this.context.generation) this.setLayout();
  }

  /** Time has passed: subscriptions that are not registered yet are sent again. */
  registerIfDue(): void {
    if (this.isMoved && this.registering.isDue) this.register();
  }

  /** When `registerIfDue` has to be called, in milliseconds since 1970; Infinity for never. */
  get registrationDueMs(): number {
    return this.isMoved ? this.registering.nextDeadlineMs : Number.POSITIVE_INFINITY;
  }

  /** Only now do the present shards know all subscriptions. */
  private setLayout(): void {
    if (this.record === undefined) return;
    this.registering.end();
    this.record = { ...this.record, layout: this.context.settings.layout };
    if (this.context.isDurable) this.context.store.putRecord(this.record);
  }

  /** The other members of a shared subscription have answered, or cannot be asked. */
  onRedistributed(connected: Connected | undefined, id: number, isTaken: boolean): void {
    const hasLeft = this.outbound.onRedistributed(id, isTaken, connected);
    // What the disk says was sent must not be said of later messages, which may get the same sequences.
    if (connected === undefined && hasLeft) this.putSentThrough();
  }

  private putSentThrough(): void {
    const { sentThrough } = this.outbound;
    if (this.record === undefined || this.record.sentThrough === sentThrough) return;
    this.record = { ...this.record, sentThrough };
    this.context.store.putRecord(this.record);
  }

  /** DISCONNECT has another Session Expiry Interval. */
  setExpiry(expirySec: number): void {
    if (this.record !== undefined) this.record = { ...this.record, expirySec };
  }

  /**
   * The connection is gone: the state waits for its client, or ends.
   * @param how "taken over" if its client is here again, over another connection
   */
  leave(how: "lost" | "taken over"): void {
    if (this.record === undefined) return;
    const { nowMs } = this.context;
    this.outbound.onDisconnected();
    if (this.context.isDurable) this.inbound.onDisconnected();
    const { sentThrough } = this.outbound;
    this.record = { ...this.record, client: { state: "away", sinceMs: nowMs }, sentThrough };
    this.wills.onConnectionLost(this.endMs);
    if (!this.context.isDurable) {
      const { identity } = this.record.admission.grant;
      this.end();
      this.reportDisconnected(undefined, identity);
      return;
    }
    this.context.store.settleOutgoing();
    this.context.store.putRecord(this.record);
    this.outbound.dropExpired();
    this.reportDisconnected(this.outbound.queueSize, this.record.admission.grant.identity);
    if (how === "lost") this.outbound.redistribution.offer();
  }

  /** @param queued what waits for the client; `undefined` if the session has ended */
  private reportDisconnected(queued: QueueSize | undefined, identity: string): void {
    const { nowMs: atMs, counters } = this.context;
    const account = counters.close();
    const connection = account === undefined ? {} : { connection: account.connection };
    const size = { queuedMessages: queued?.messages, ...(queued && { queuedBytes: queued.bytes }) };
    this.context.report({ type: "disconnected", atMs, account, ...size, identity, ...connection });
    this.queueLevel.reset(queued ?? { messages: 0, bytes: 0 });
  }

  /** To be called after something has come while the client is away. */
  reportQueue(): void {
    const { outbound } = this;
    const { messages, bytes } = outbound.queueSize;
    // If the queue is closed, there may be room again by now.
    const isToAsk = outbound.hasRefused && Math.abs(this.context.nowMs - this.closedAtMs) >= askForRoomEveryMs;
    if (isToAsk) this.closedAtMs = this.context.nowMs;
    if (this.queueLevel.rises({ messages, bytes }) || isToAsk) this.context.report({ type: "queued", messages, bytes });
  }

  /** The directory has answered whether the queue of a client that is away may grow. */
  onQueueAnswer(mayGrow: boolean): void {
    if (!mayGrow && !this.outbound.isClosed) this.closedAtMs = this.context.nowMs;
    this.outbound.isClosed = !mayGrow;
  }

  end(): void {
    if (this.record === undefined) return;
    this.wills.onSessionEnded();
    this.subscribing.end();
    this.outbound.redistribution.giveAway();
    this.inbound.clear();
    this.outbound.clear();
    this.context.store.clear();
    this.record = undefined;
  }

  /** There is no session. The directory may list one all the same, which a crash has ended. */
  reportNone(): void {
    this.context.report({ type: "ended", isExpired: false });
  }

  /** While its client is connected, `endMs` is Infinity. */
  endIfExpired(): void {
    if (this.endMs <= this.context.nowMs) this.remove(true);
  }

  /** Ends while no client is connected. */
  remove(isExpired = false): void {
    if (this.record === undefined) return;
    // The directory still lists a session whose client has left.
    this.context.report({ type: "ended", isExpired });
    this.end();
  }

  /** Whether `spill` would write rows. */
  get isUnstored(): boolean {
    if (this.context.isDurable) return this.context.store.isUnsettled;
    return this.outbound.hasUnstored || this.inbound.hasUnstored;
  }

  /** Before a hibernation: what is in memory only goes to disk. */
  spill(): void {
    this.inbound.spill();
    this.outbound.spill();
  }

  /** What the socket of the connected client has to keep through a hibernation. */
  keptFor(socketId: SocketId): Omit<SessionSnapshot, "connection"> {
    const { record } = this;
    const isKept = record !== undefined && !this.context.isDurable;
    return {
      outbound: this.outbound.kept,
      inbound: this.inbound.keptFor(socketId),
      state: isKept ? { record: storedRecordOf(record), subscriptions: this.subscribing.all() } : undefined,
    };
  }

  /** After a hibernation, with its client connected. */
  awake({ connection, outbound, inbound, state }: SessionSnapshot): void {
    if (state !== undefined) {
      this.record = recordOf(state.record);
      this.context.takeGrant(state.record.admission.grant);
      this.subscribing.restore(state.subscriptions);
    }
    this.inbound.onAwoken(inbound, connection.socketId);
    this.outbound.onAwoken(outbound);
    // Its client has stayed connected through a deploy that changed them.
    if (this.isMoved) this.register();
  }

  /** The object starts without a client. If the disk says that it is connected, a crash has cut it off. */
  recover(): void {
    if (this.record?.client.state === "connected") {
      this.outbound.onCrashed();
      this.leave("lost");
    } else if (this.record !== undefined) {
      this.wills.publishDue();
    } else {
      // The session ended with its connection in a crash, so the directory still lists it as connected.
      if (this.context.store.isUsed || !this.wills.isEmpty) this.reportNone();
      this.wills.onConnectionLost(this.context.nowMs);
      // Clears what a hibernation stored for that session, whose generation is no longer known.
      this.outbound.onCrashed();
      this.outbound.redistribution.giveAway();
      this.inbound.clear();
      this.outbound.clear();
      this.context.store.clear();
    }
  }
}
