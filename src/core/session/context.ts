// What every part of the session core works with.

import { Access } from "../access/access.ts";
import { type AccessRules, noAccess } from "../access/access-rules.ts";
import { anonymousIdentity, type Grant } from "../access/grant.ts";
import type { AuthenticationSettings } from "../authentication/enhanced-authentication.ts";
import type { Capabilities } from "../capabilities.ts";
import type { Limits } from "../limits.ts";
import { holderOf } from "../shares/holder.ts";
import type { Requester, TopicRequest } from "../topic/topic-request.ts";
import { sizeOfRequest } from "../topic/topic-request.ts";
import { Counters, type Counts } from "./counters.ts";
import type { Effect, Report, RequestToken } from "./effect.ts";
import type { SessionRecord, SessionStore } from "./session-store.ts";

export type SessionSettings = AuthenticationSettings & {
  readonly clientId: string;
  readonly limits: Limits;
  readonly capabilities: Capabilities;
  /** See `responseInformationOf`; `undefined` if no client gets any. */
  readonly responseInformation: string | undefined;
  readonly topicShards: number;
  /** Changes with the number of shards or their epoch. */
  readonly layout: string;
  /** What a client may do that shows nothing of who it is; `undefined` if none is let in. */
  readonly anonymousRules: AccessRules | undefined;
};

const nothingToDo: readonly Effect[] = [];
const warningPauseMs = 60_000;

export class Context {
  readonly settings: SessionSettings;
  readonly store: SessionStore;
  /** The time of the present event, in milliseconds since 1970. */
  nowMs = 0;
  /** The session's present life; `undefined` while there is no session. */
  record: SessionRecord | undefined;
  /** What the owner of the session may do; nothing if it has no owner. */
  access: Access;
  /** The owner of the session as topic objects know it: for requests whose refusal it takes, and for others. */
  private hearing: Requester;
  private deaf: Requester;
  readonly counters = new Counters();
  /** Counts are added here. */
  readonly counts: Counts = this.counters.counts;
  private effects: Effect[] = [];
  /** When each event was last logged. */
  private readonly warnedAtMs = new Map<string, number>();
  /** Tells the starts of the object apart, because the count begins again with each. */
  private messageSource: string | undefined;
  private messageCount = 0;

  constructor(settings: SessionSettings, store: SessionStore) {
    this.settings = settings;
    this.store = store;
    this.access = new Access(noAccess, { clientId: settings.clientId, username: "" });
    const holder = holderOf(anonymousIdentity, settings.clientId);
    this.hearing = { holder, hearsRefusals: true };
    this.deaf = { holder, hearsRefusals: false };
  }

  /** Names the session's present life; `undefined` while there is none. */
  get generation(): string | undefined {
    return this.record?.generation;
  }

  /**
   * The same, for whatever a connected client sets off.
   * @throws {Error} if there is no session, which would be a bug
   */
  get ownGeneration(): string {
    if (this.record === undefined) throw new Error("a client is connected without a session");
    return this.record.generation;
  }

  /** Whether the session outlives its connection, so that what it is owed goes to disk. */
  get isDurable(): boolean {
    return this.record !== undefined && this.record.expirySec > 0;
  }

  /** From now on the session belongs to this grant's identity. */
  takeGrant(grant: Grant): void {
    const holder = holderOf(grant.identity, this.settings.clientId);
    this.access = accessOf(grant, this.settings);
    this.hearing = { holder, hearsRefusals: true };
    this.deaf = { holder, hearsRefusals: false };
  }

  /** The owner of the session, for a request to a topic object. */
  requester(hearsRefusals: boolean): Requester {
    return hearsRefusals ? this.hearing : this.deaf;
  }

  effect(effect: Effect): void {
    if (effect.type === "send") this.counts.packetBytesSent += effect.bytes.length;
    this.effects.push(effect);
  }

  /** Tells the directory. */
  report(report: Report): void {
    this.effect({ type: "report", report });
  }

  /** Tells the operator, once a minute for each kind of event: a client may try again at once, and for ever. */
  warn(event: string, reason: string): void {
    const warnedAtMs = this.warnedAtMs.get(event);
    if (warnedAtMs !== undefined && this.nowMs < warnedAtMs + warningPauseMs) return;
    this.warnedAtMs.set(event, this.nowMs);
    this.effect({ type: "log", event, reason });
  }

  request(shard: number, request: TopicRequest, token: RequestToken | undefined): void {
    const bytes = sizeOfRequest(request);
    this.effect({ type: "request", shard, request, bytes, token });
  }

  /** What the present event has set off. */
  takeEffects(): readonly Effect[] {
    if (this.effects.length === 0) return nothingToDo;
    const effects = this.effects;
    this.effects = [];
    return effects;
  }

  /** See `Message.id`. */
  newMessageId(generation: string, atMs = this.nowMs): string {
    this.messageCount += 1;
    this.messageSource ??= this.settings.randomId();
    return `${messageIdAt(atMs)}-${generation}-${this.messageSource}${this.messageCount}`;
  }
}

/** What a client with this grant may do. */
export function accessOf({ username, rules }: Grant, { clientId }: SessionSettings): Access {
  return new Access(rules, { clientId, username });
}

/** Sorts before every id made from `nowMs` on, and after those made before. */
export function messageIdAt(nowMs: number): string {
  return Math.max(0, nowMs).toString(36).padStart(9, "0");
}
