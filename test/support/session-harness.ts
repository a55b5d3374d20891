// A session without its object: sockets are arrays, the disk is in memory, time stands still until it is moved, and
// the topic objects answer when the test says so.

import { generate, type Packet, parser } from "mqtt-packet";
import { fullAccess } from "../../src/core/access/access-rules.ts";
import { anonymousIdentity, type Grant } from "../../src/core/access/grant.ts";
import type { ClientFacts, LoginAttempt, LoginResult } from "../../src/core/access/login-attempt.ts";
import { allCapabilities, type Capabilities } from "../../src/core/capabilities.ts";
import { defaultLimits, type Limits } from "../../src/core/limits.ts";
import type { Delivery, Message, QoS } from "../../src/core/message/message.ts";
import type { SessionSettings } from "../../src/core/session/context.ts";
import { type Effect, effectOf, type Report, type SocketId } from "../../src/core/session/effect.ts";
import type { SessionEvent } from "../../src/core/session/event.ts";
import type { SessionView } from "../../src/core/session/life/session-view.ts";
import type { HibernatingSession, KeptSession } from "../../src/core/session/life/snapshot.ts";
import type { Whereabouts } from "../../src/core/session/life/whereabouts.ts";
import { Session } from "../../src/core/session/session.ts";
import type { SessionDelivery, TopicRequest } from "../../src/core/topic/topic-request.ts";
import { MemorySessionStore } from "./memory-session-store.ts";
import { lineOf } from "./packet-line.ts";

export type OpenRequest = Extract<Effect, { type: "request" }>;
export type RequestOf<Type extends TopicRequest["type"]> = Extract<TopicRequest, { type: Type }>;

type Settings = Omit<Partial<SessionSettings>, "limits" | "capabilities"> & {
  limits?: Partial<Limits>;
  capabilities?: Partial<Capabilities>;
  /** Who is let in of those that show something; `undefined` leaves it to `answerLogin`. */
  logIn?: LogIn;
};
type LogIn = (attempt: LoginAttempt) => LoginResult | undefined;
type OpenOptions = { isRelayed?: boolean; facts?: ClientFacts };
type ConnectFields = { protocolVersion?: 3 | 4 | 5 } & Record<string, unknown>;

export class SessionHarness {
  readonly store = new MemorySessionStore();
  nowMs = 1_800_000_000_000;
  session: Session;
  /** What the topic objects were asked, and have not answered yet. */
  requests: OpenRequest[] = [];
  reports: Report[] = [];
  /** For the operator. */
  log: string[] = [];
  /** Names the life of the session in deliveries; known from its last SUBSCRIBE. */
  generation = "";
  /** Logins that nobody has answered yet. */
  logins: { readonly socketId: SocketId; readonly attempt: LoginAttempt }[] = [];
  readonly #logIn: LogIn;
  readonly #sockets = new Map<SocketId, TestSocket>();
  #settings: SessionSettings;
  #socketCount = 0;
  #randomCount = 0;

  constructor({ limits, capabilities, logIn = () => granted(), ...settings }: Settings = {}) {
    this.#logIn = logIn;
    this.#settings = {
      clientId: "c1",
      limits: { ...defaultLimits, ...limits },
      capabilities: { ...allCapabilities, ...capabilities },
      responseInformation: undefined,
      topicShards: 1,
      layout: "1/1",
      anonymousRules: fullAccess,
      scramUsers: undefined,
      randomId: () => this.#randomId(),
      ...settings,
    };
    this.session = new Session(this.#settings, this.store);
    this.handle({ type: "started" });
  }

  /** The event happens now, and its effects run. */
  handle(event: SessionEvent): readonly Effect[] {
    const effects = this.session.handle(event, this.nowMs);
    for (const effect of effects) this.#run(effect);
    return effects;
  }

  // Sockets

  open({ isRelayed = true, facts = {} }: OpenOptions = {}): TestSocket {
    this.#socketCount += 1;
    const socket = new TestSocket(this, this.#socketCount);
    this.#sockets.set(socket.id, socket);
    this.handle({ type: "opened", socketId: socket.id, isRelayed, facts });
    return socket;
  }

  /** Opens a socket and sends CONNECT, of MQTT 5.0 and with Clean Start unless `fields` says otherwise. */
  connect(fields: ConnectFields = {}, options: OpenOptions = {}): TestSocket {
    const socket = this.open(options);
    socket.send({ cmd: "connect", protocolVersion: 5, clean: true, clientId: "c1", keepalive: 60, ...fields });
    return socket;
  }

  /** `connect`, with the answer heard. */
  connected(fields: ConnectFields = {}, options: OpenOptions = {}): TestSocket {
    const socket = this.connect(fields, options);
    socket.connack = socket.packets().find(({ cmd }) => cmd === "connack");
    if (socket.closed !== undefined) throw new Error(`refused: ${socket.closed.reason}`);
    return socket;
  }

  /** `connected`, with a session that outlives its connection, subscribed to `a` at QoS 2. */
  subscribed(fields: ConnectFields = {}): TestSocket {
    const socket = this.connected({ properties: { sessionExpiryInterval: 3600 }, ...fields });
    socket.subscribe(65_000, "a");
    this.answerAll(2);
    socket.packets();
    return socket;
  }

  /** A later connection of the same client, which goes on with its session; what it is sent is still to be heard. */
  resume(fields: ConnectFields = {}): TestSocket {
    return this.connect({ clean: false, properties: { sessionExpiryInterval: 3600 }, ...fields });
  }

  // The topic objects

  takeRequests(): TopicRequest[] {
    return this.requests.splice(0).map(({ request }) => request);
  }

  /** Answers the oldest request that somebody waits for. */
  answer(code = 0): void {
    const open = this.requests.findIndex(({ token }) => token !== undefined);
    const [request] = this.requests.splice(open, 1);
    if (open === -1 || request?.token === undefined) throw new Error("nobody waits for an answer");
    this.handle({ type: "requests answered", tokens: [request.token], answers: [code] });
  }

  answerAll(code = 0): void {
    while (this.requests.some(({ token }) => token !== undefined)) this.answer(code);
    this.requests = [];
  }

  /** The lane gives up on everything in it. */
  giveUp(): void {
    const tokens = this.requests.splice(0).flatMap(({ token }) => token ?? []);
    this.handle({ type: "requests unanswered", tokens, messagesDropped: 0 });
  }

  /** @returns the session's answers */
  deliver(...deliveries: Delivery[]): readonly number[] {
    return this.deliverTo(this.generation, ...deliveries);
  }

  deliverTo(generation: string, ...deliveries: Delivery[]): readonly number[] {
    return this.deliverItems(deliveries.map((delivery) => ({ generation, kind: "plain", delivery })));
  }

  deliverItems(items: readonly SessionDelivery[]): readonly number[] {
    return effectOf("deliveries answered", this.handle({ type: "deliveries", items })).answers;
  }

  // The operator and the directory

  inspect(): SessionView | undefined {
    this.handle({ type: "asked", by: "operator" });
    return this.session.view;
  }

  whereabouts(): Whereabouts {
    this.handle({ type: "asked", by: "directory" });
    return this.session.whereabouts;
  }

  /** @returns whether there was a connection, or a session */
  command(type: "disconnect" | "remove"): boolean {
    return effectOf("command answered", this.handle({ type })).isDone;
  }

  // Time, hibernation, crashes

  /** Time passes, and nothing happens. */
  pass(seconds: number): void {
    this.nowMs += seconds * 1000;
  }

  /** The alarm rings at the time it is set to. */
  alarm(): void {
    this.nowMs = Math.max(this.nowMs, this.session.nextDeadlineMs);
    this.alarmNow();
  }

  alarmNow(): void {
    this.handle({ type: "alarm", lateMs: 0 });
  }

  /** The object leaves memory, and comes back with the socket of its client, with other settings perhaps. */
  hibernate(settings: Partial<SessionSettings> = {}, older: (kept: KeptSession) => unknown = (kept) => kept): void {
    const hibernation = this.hibernation();
    if (hibernation === undefined) throw new Error("no client is connected");
    const kept = JSON.parse(JSON.stringify(older(hibernation))) as KeptSession;
    this.#settings = { ...this.#settings, ...settings };
    this.session = new Session(this.#settings, this.store);
    this.handle({ type: "awoke", kept });
  }

  /** What the socket of the client has to keep. */
  hibernation(): HibernatingSession | undefined {
    this.handle({ type: "hibernating" });
    return this.session.hibernation;
  }

  /** The object is gone with its sockets and its calls, and starts again, with other settings perhaps. */
  crash(settings: Partial<SessionSettings> = {}): void {
    this.#sockets.clear();
    this.requests = [];
    this.#settings = { ...this.#settings, ...settings };
    this.session = new Session(this.#settings, this.store);
    this.handle({ type: "started" });
  }

  #run(effect: Effect): void {
    if (effect.type === "report") this.reports.push(effect.report);
    else if (effect.type === "request") this.#onRequest(effect);
    else if (effect.type === "login") this.#onLogin(effect);
    else if (effect.type === "log") this.log.push(`${effect.event}: ${effect.reason}`);
    else if (effect.type === "send" || effect.type === "close") this.#sockets.get(effect.socketId)?.on(effect);
  }

  /** Answers the oldest login. */
  answerLogin(result: LoginResult): void {
    const login = this.logins.shift();
    if (login === undefined) throw new Error("nobody logs in");
    this.handle({ type: "login answered", socketId: login.socketId, result });
  }

  #onLogin({ socketId, attempt }: Extract<Effect, { type: "login" }>): void {
    this.logins.push({ socketId, attempt });
    const result = this.#logIn(attempt);
    if (result !== undefined) this.answerLogin(result);
  }

  #onRequest(effect: OpenRequest): void {
    this.requests.push(effect);
    if (effect.request.type === "subscribe") this.generation = effect.request.generation;
  }

  #randomId(): string {
    this.#randomCount += 1;
    return `random${String(this.#randomCount).padStart(4, "0")}`;
  }
}

/** A login that succeeds: of nobody in particular who may do everything, unless `grant` says otherwise. */
export function granted(grant: Partial<Grant> = {}, isReusable = false): LoginResult {
  const anonymous = { identity: anonymousIdentity, username: "", rules: fullAccess, endsAtMs: 0 };
  return { outcome: "granted", grant: { ...anonymous, ...grant }, isReusable };
}

/** The client's end of a socket. */
export class TestSocket {
  readonly id: SocketId;
  closed: { code: number; reason: string } | undefined;
  connack: Packet | undefined;
  readonly #harness: SessionHarness;
  #version!: number;
  #parser!: ReturnType<typeof parser>;
  #packets: Packet[] = [];

  constructor(harness: SessionHarness, id: SocketId) {
    this.#harness = harness;
    this.id = id;
    this.speak(5);
  }

  /** A packet, or bytes of any kind. */
  send(packet: object): void {
    if ("protocolVersion" in packet) this.speak(packet.protocolVersion as number);
    this.frame(packet instanceof Uint8Array ? packet : this.encode(packet));
  }

  encode(packet: object): Uint8Array {
    const older = this.#version === 3 ? { protocolId: "MQIsdp" } : {};
    return generate({ ...older, ...packet } as Packet, { protocolVersion: this.#version });
  }

  frame(bytes: Uint8Array): void {
    this.#harness.handle({ type: "frames", frames: [{ socketId: this.id, data: bytes }] });
  }

  text(data = ""): void {
    this.#harness.handle({ type: "frames", frames: [{ socketId: this.id, data }] });
  }

  /** The client's network is gone, or the client closes without DISCONNECT. */
  drop(): void {
    this.#harness.handle({ type: "closed", socketId: this.id });
  }

  on(effect: Extract<Effect, { type: "send" | "close" }>): void {
    if (this.closed !== undefined) throw new Error(`${effect.type} after close`);
    if (effect.type === "send") this.#parser.parse(Buffer.from(effect.bytes));
    else this.closed = { code: effect.code, reason: effect.reason };
  }

  /** What came since the last time. */
  packets(): Packet[] {
    return this.#packets.splice(0);
  }

  /** The same, a line for each packet: `PUBLISH hello q1 #3 dup`. */
  heard(): string[] {
    return this.packets().map(lineOf);
  }

  publish(qos: QoS, messageId: number, payload: string | Buffer = "m", fields: object = {}): void {
    this.send({ cmd: "publish", topic: "a", qos, messageId, payload, ...fields });
  }

  /** PUBACK, PUBREC, PUBREL or PUBCOMP. */
  acknowledge(cmd: "puback" | "pubrec" | "pubrel" | "pubcomp", messageId: number, reasonCode = 0): void {
    this.send({ cmd, messageId, reasonCode });
  }

  subscribe(messageId: number, ...subscriptions: (string | object)[]): void {
    const all = subscriptions.map((each) => ({ qos: 2, ...(typeof each === "string" ? { topic: each } : each) }));
    this.send({ cmd: "subscribe", messageId, subscriptions: all });
  }

  unsubscribe(messageId: number, ...unsubscriptions: string[]): void {
    this.send({ cmd: "unsubscribe", messageId, unsubscriptions });
  }

  disconnect(fields: object = {}): void {
    this.send({ cmd: "disconnect", reasonCode: 0, ...fields });
  }

  /** The version that packets are written and read in from now on; a CONNECT that is sent sets it. */
  speak(version: number): void {
    this.#version = version;
    this.#parser = parser({ protocolVersion: version });
    this.#parser.on("packet", (packet) => this.#packets.push(packet));
    this.#parser.on("error", (error) => {
      throw error;
    });
  }
}

/** A message for the client as a topic object hands it over. */
export function delivery(payload: string, fields: Partial<Message> & Partial<Delivery> = {}): Delivery {
  const { qos = 1, retain = false, subscriptionIdentifiers = [], id = "", topicName = "a", expiresAtMs = 0 } = fields;
  const { sharedFilter = "" } = fields;
  const message = { id, topicName, qos, retain, expiresAtMs, properties: new Uint8Array() };
  return { message: { ...message, payload: Buffer.from(payload) }, qos, retain, subscriptionIdentifiers, sharedFilter };
}
