// The listed clients, their identities, and when each was last heard of. Read from the rows when first needed, then kept in
// memory. The table has no index, which would cost one more written row for each connect.

import { isCredential } from "../../core/access/credential.ts";
import { anonymousIdentity } from "../../core/access/grant.ts";
import { AskSchedule } from "../../core/directory/ask-schedule.ts";
import type { Limits } from "../../core/limits.ts";
import { holderOf } from "../../core/shares/holder.ts";
import type { SharedLimitUse } from "../../core/shares/shared-limit-use.ts";
import { SharedRoom, type Shortage } from "../../core/shares/shared-room.ts";
import type { ClientCounts, ClientTable } from "./client-table.ts";

type Known = {
  readonly schedule: AskSchedule;
  /** Clients that are away, and when each session was last heard of, in milliseconds since 1970; 0 for never. */
  readonly away: Map<string, number>;
  readonly identityOf: Map<string, string>;
  readonly byIdentity: Map<string, Set<string>>;
  /** Bytes that wait for clients that are away; without clients for which nothing waits. */
  readonly queuedBytes: Map<string, number>;
  readonly rooms: Rooms;
  readonly connectedAtStart: number;
};

/** The limits that the sessions of a namespace share, and how much each holder uses. */
type Rooms = { readonly sessions: SharedRoom; readonly queuedBytes: SharedRoom };

export class Presence {
  private readonly clients: ClientTable;
  private readonly limits: Limits;
  private present: Known | undefined;

  constructor(clients: ClientTable, limits: Limits) {
    this.clients = clients;
    this.limits = limits;
  }

  get schedule(): AskSchedule {
    return this.known.schedule;
  }

  get counts(): ClientCounts {
    const { schedule, away } = this.known;
    return { connected: schedule.size, sleeping: away.size };
  }

  /** Clients that were listed as connected when this object started. */
  get connectedAtStart(): number {
    return this.known.connectedAtStart;
  }

  get rooms(): Rooms {
    return this.known.rooms;
  }

  /** @param holders how many of the largest holders to name for each limit */
  sharedLimitUse(holders: number): SharedLimitUse {
    const { sessions, queuedBytes } = this.known.rooms;
    return { sessions: sessions.use(holders), queuedBytes: queuedBytes.use(holders) };
  }

  /** Set if there is no room for a session that is not listed yet. */
  shortageForSession(clientId: string, identity: string): Shortage | undefined {
    const { identityOf, rooms } = this.known;
    return identityOf.has(clientId) ? undefined : rooms.sessions.shortageOf(holderOf(identity, clientId), 1);
  }

  /** Set if the queue of a client that is away may not grow. */
  shortageForQueue(clientId: string): Shortage | undefined {
    const { queuedBytes, rooms } = this.known;
    return queuedBytes.has(clientId) ? rooms.queuedBytes.shortageOf(this.holderOf(clientId), 1) : undefined;
  }

  /** The holder of a listed client's session. */
  holderOf(clientId: string): string {
    return holderOf(this.known.identityOf.get(clientId) ?? anonymousIdentity, clientId);
  }

  /** This many bytes wait for a client that is away. */
  onQueued(clientId: string, bytes: number): void {
    const { identityOf, queuedBytes, rooms } = this.known;
    if (!identityOf.has(clientId)) return;
    rooms.queuedBytes.add(this.holderOf(clientId), bytes - (queuedBytes.get(clientId) ?? 0));
    if (bytes === 0) queuedBytes.delete(clientId);
    else queuedBytes.set(clientId, bytes);
  }

  onConnected(clientId: string, identity: string, nowMs: number): void {
    const { schedule, away } = this.known;
    this.onQueued(clientId, 0);
    this.putIdentity(clientId, identity);
    away.delete(clientId);
    schedule.add(clientId, nowMs);
  }

  /** @param identity `undefined` if it is the same as before */
  onAway(clientId: string, identity: string | undefined, queuedBytes: number, nowMs: number): void {
    const { schedule, away } = this.known;
    if (identity !== undefined) this.putIdentity(clientId, identity);
    this.onQueued(clientId, queuedBytes);
    schedule.delete(clientId);
    away.set(clientId, nowMs);
  }

  /** Its session has ended. */
  onGone(clientId: string): void {
    const { schedule, away } = this.known;
    this.forgetIdentity(clientId);
    schedule.delete(clientId);
    away.delete(clientId);
  }

  onConfirmed(clientId: string, nowMs: number): void {
    this.known.schedule.onConfirmed(clientId, nowMs);
  }

  /** Noted even if the client's session does not answer, so that it is not asked before all others. */
  onAsked(clientId: string, nowMs: number): void {
    const { schedule, away } = this.known;
    schedule.onTried(clientId, nowMs);
    if (away.has(clientId)) away.set(clientId, nowMs);
  }

  awayUnconfirmedSince(sinceMs: number, nowMs: number, most: number): string[] {
    const found: string[] = [];
    for (const [clientId, confirmedAtMs] of this.known.away) {
      if (found.length >= most) break;
      if (confirmedAtMs < sinceMs || confirmedAtMs > nowMs) found.push(clientId);
    }
    return found;
  }

  /** Clients of an identity, connected or away, in the order of their identifiers: at most `most` behind `after`. */
  clientsOf(identity: string, after: string, most: number): string[] {
    const clientIds = [...(this.known.byIdentity.get(identity) ?? [])];
    return clientIds
      .filter((clientId) => clientId > after)
      .sort()
      .slice(0, most);
  }

  /** How many clients of an identity are connected, not counting `exceptClientIds`. */
  countOf(identity: string, exceptClientIds: readonly string[]): number {
    const { byIdentity, schedule } = this.known;
    const except = new Set(exceptClientIds);
    let count = 0;
    for (const clientId of byIdentity.get(identity) ?? []) {
      if (schedule.has(clientId) && !except.has(clientId)) count += 1;
    }
    return count;
  }

  /** Listed clients, in no order. @param isConnected as in `ClientTable.page` */
  matching(matches: (clientId: string, identity: string) => boolean, isConnected: boolean | undefined): string[] {
    const { identityOf, schedule } = this.known;
    const found: string[] = [];
    for (const [clientId, identity] of identityOf) {
      const isWanted = isConnected === undefined || schedule.has(clientId) === isConnected;
      if (isWanted && matches(clientId, identity)) found.push(clientId);
    }
    return found;
  }

  /** How many clients are connected of each credential that has any. */
  connectedOfCredentials(): Map<string, number> {
    const { byIdentity, schedule } = this.known;
    const connected = new Map<string, number>();
    for (const [identity, clientIds] of byIdentity) {
      if (!isCredential(identity)) continue;
      let count = 0;
      for (const clientId of clientIds) if (schedule.has(clientId)) count += 1;
      if (count > 0) connected.set(identity, count);
    }
    return connected;
  }

  /** The owner of a listed client's session. */
  identityOf(clientId: string): string | undefined {
    return this.known.identityOf.get(clientId);
  }

  /** Connected clients of an identity that have not been confirmed since then. */
  connectedOf(identity: string, sinceMs: number, nowMs: number, most: number): string[] {
    const { byIdentity, schedule } = this.known;
    const found: string[] = [];
    for (const clientId of byIdentity.get(identity) ?? []) {
      if (found.length >= most) break;
      if (schedule.isUnconfirmed(clientId, sinceMs, nowMs)) found.push(clientId);
    }
    return found;
  }

  private get known(): Known {
    if (this.present !== undefined) return this.present;
    const { maximumSessions, maximumNamespaceQueuedBytes, sharePercent } = this.limits;
    const rows = this.clients.presence();
    this.present = {
      connectedAtStart: rows.filter(({ isConnected }) => isConnected).length,
      schedule: new AskSchedule(),
      away: new Map(),
      identityOf: new Map(),
      byIdentity: new Map(),
      queuedBytes: new Map(),
      rooms: {
        sessions: new SharedRoom(maximumSessions, sharePercent),
        queuedBytes: new SharedRoom(maximumNamespaceQueuedBytes, sharePercent),
      },
    };
    const { schedule, away } = this.present;
    for (const { clientId, identity, isConnected, queuedBytes } of rows) {
      this.putIdentity(clientId, identity);
      if (isConnected) schedule.add(clientId, 0);
      else away.set(clientId, 0);
      if (!isConnected) this.onQueued(clientId, queuedBytes);
    }
    return this.present;
  }

  private putIdentity(clientId: string, identity: string): void {
    const { identityOf, byIdentity, rooms } = this.known;
    if (identityOf.get(clientId) === identity) return;
    this.forgetIdentity(clientId);
    identityOf.set(clientId, identity);
    rooms.sessions.add(holderOf(identity, clientId), 1);
    const clientIds = byIdentity.get(identity) ?? new Set();
    byIdentity.set(identity, clientIds.add(clientId));
  }

  private forgetIdentity(clientId: string): void {
    const { identityOf, byIdentity, rooms } = this.known;
    const identity = identityOf.get(clientId);
    if (identity === undefined) return;
    this.onQueued(clientId, 0);
    rooms.sessions.add(holderOf(identity, clientId), -1);
    identityOf.delete(clientId);
    const clientIds = byIdentity.get(identity);
    clientIds?.delete(clientId);
    if (clientIds?.size === 0) byIdentity.delete(identity);
  }
}
