// Who is connected in a namespace, and what happens in it, in numbers. The sessions report it. No message passes through
// here.

import { DurableObject } from "cloudflare:workers";
import type { CredentialPresences } from "../core/access/devices.ts";
import { foldedText } from "../core/access/folded-text.ts";
import { anonymousIdentity } from "../core/access/grant.ts";
import type { BrokerStats } from "../core/directory/broker-stats.ts";
import type { SysValue } from "../core/directory/sys-topics.ts";
import { LaneReceiver } from "../core/lane/lane-receiver.ts";
import { noCounts } from "../core/session/counters.ts";
import { type Report, ReportAnswer } from "../core/session/effect.ts";
import { type ConnectedClient, isEarlierConnection, type Whereabouts } from "../core/session/life/whereabouts.ts";
import type { Reached } from "../core/shares/reached.ts";
import { ReachedNotes } from "../core/shares/reached-notes.ts";
import type { Shortage } from "../core/shares/shared-room.ts";
import { Alarm } from "../platform/alarm.ts";
import { logReached } from "../platform/log-reached.ts";
import { RestartOnBug } from "../platform/restart-on-bug.ts";
import { Schema } from "../platform/schema.ts";
import { sessionStub, topicStub } from "../platform/stubs.ts";
import { brokerVersion } from "../platform/version.ts";
import { settingsOf } from "../settings/settings.ts";
import { type AwayCursor, type Client, type ClientCounts, ClientTable } from "./directory/client-table.ts";
import { directoryMigrations } from "./directory/directory-migrations.ts";
import { Inquiry } from "./directory/inquiry.ts";
import { LastSeen } from "./directory/last-seen.ts";
import { Ledger } from "./directory/ledger.ts";
import { NoteTable } from "./directory/note-table.ts";
import { Presence } from "./directory/presence.ts";
import { Survey } from "./directory/survey.ts";
import { SysWatch } from "./directory/sys-watch.ts";

type ReportOf<Type extends Report["type"]> = Extract<Report, { type: Type }>;

/** What to look for in a list of clients. Sent to the directory. */
export type ClientSearch = {
  /** In the client identifier, in any case. */
  readonly text: string;
  /** Clients of these identities are found as well. */
  readonly identities: readonly string[];
};

export class DirectoryObject extends DurableObject<Env> {
  private readonly schema: Schema;
  private readonly receiver = new LaneReceiver<number[]>();
  private readonly clientTable: ClientTable;
  private readonly ledger: Ledger;
  private readonly presence: Presence;
  private readonly lastSeen: LastSeen;
  private readonly inquiry: Inquiry;
  private readonly survey: Survey;
  private readonly sysWatch: SysWatch;
  private readonly namespace: string;
  private readonly nextAlarm: Alarm;
  private readonly bugs: RestartOnBug;
  private readonly notes = new ReachedNotes();

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const namespace = ctx.id.name ?? "";
    this.namespace = namespace;
    const settings = settingsOf(env);
    const { topicShards, sysIntervalSec: intervalSec } = settings;
    this.schema = new Schema(ctx.storage, directoryMigrations);
    this.nextAlarm = new Alarm(ctx.storage);
    this.bugs = new RestartOnBug(ctx);
    const notes = new NoteTable(this.schema);
    this.clientTable = new ClientTable(this.schema);
    this.presence = new Presence(this.clientTable, settings.limits);
    this.lastSeen = new LastSeen(this.schema, this.clientTable);
    this.ledger = new Ledger(this.clientTable, notes, () => this.presence.connectedAtStart);
    this.inquiry = new Inquiry(this.presence, {
      whereaboutsOf: (clientId) => sessionStub(env, settings, namespace, clientId).whereabouts(),
      onAnswer: (clientId, answer, nowMs) => this.correct(clientId, answer, nowMs),
      atomically: (write) => this.write(write),
    });
    this.survey = new Survey(this.clientTable, this.ledger, this.presence, this.inquiry, {
      topicShards,
      countsOf: (shard) => topicStub(env, settings, namespace, shard).counts(),
    });
    this.sysWatch = new SysWatch(notes, {
      version: brokerVersion,
      topicShards,
      intervalSec,
      stats: () => this.survey.stats(),
      publish: (shard, values) => topicStub(env, settings, namespace, shard).publishSys(values),
      isConnected: (clientId) => this.clientTable.find(clientId)?.isConnected ?? false,
      isAnyConnected: () => this.presence.counts.connected > 0,
      setAlarm: (atMs) => void this.nextAlarm.move(atMs),
    });
    if (this.sysWatch.isOn) {
      void ctx.blockConcurrencyWhile(async () => {
        await this.nextAlarm.find();
        if (!this.nextAlarm.isSet) this.sysWatch.goOn();
      });
    }
  }

  /** A batch of a session's lane, in order. */
  report(clientId: string, laneId: string, sequence: number, reports: readonly Report[]): Promise<number[]> {
    return this.receiver.receive(laneId, sequence, async () => {
      this.inquiry.onReport(clientId);
      let isDoubtful = false;
      const answers = reports.map((report) => {
        let answer: number = ReportAnswer.Noted;
        this.write(() => {
          isDoubtful = this.isDoubtful(clientId, report) || isDoubtful;
          const shortage = this.shortageBefore(clientId, report);
          this.note(clientId, report, Date.now());
          answer = this.answerTo(clientId, shortage);
        });
        return answer;
      });
      logReached(this.notes.take(), { namespace: this.namespace });
      // Ask the session itself, which knows.
      if (isDoubtful) void this.inquiry.ask([clientId]);
      return answers;
    });
  }

  /**
   * See `ClientTable.page`. Starts to check the rows that have not been confirmed for long.
   * @param search ignored by a directory of an earlier version
   */
  clients(after: string, most: number, isConnected?: boolean, search?: ClientSearch): Client[] {
    this.inquiry.begin();
    if (search === undefined) return this.clientTable.page(after, most, isConnected);
    const wanted = foldedText(search.text);
    const identities = new Set(search.identities);
    const found = this.presence.matching(
      (clientId, identity) => identities.has(identity) || foldedText(clientId).includes(wanted),
      isConnected,
    );
    const clientIds = found.filter((clientId) => clientId > after).sort();
    return clientIds.slice(0, most).flatMap((clientId) => this.clientTable.find(clientId) ?? []);
  }

  /** Clients of an identity, connected or away, in the order of their identifiers: at most `most` behind `after`. */
  clientsOf(identity: string, after: string, most: number): { readonly clientId: string }[] {
    return this.presence.clientsOf(identity, after, most).map((clientId) => ({ clientId }));
  }

  /** See `ClientTable.away`. */
  sleeping(after: AwayCursor | undefined, most: number): Client[] {
    this.inquiry.begin();
    return this.clientTable.away(after, most);
  }

  /**
   * How many clients of one identity are connected, not counting `exceptClientIds`. If that leaves no room for another,
   * the sessions of the listed clients are asked first. Otherwise clients that a crash has cut off would keep others out.
   * @param maximum how many there may be; missing from an access object of an earlier version
   */
  async countOf(identity: string, exceptClientIds: readonly string[], maximum?: number): Promise<number> {
    const listed = this.presence.countOf(identity, exceptClientIds);
    if (maximum === undefined || listed < maximum) return listed;
    await this.inquiry.confirmIdentity(identity);
    return this.presence.countOf(identity, exceptClientIds);
  }

  counts(): ClientCounts {
    this.inquiry.begin();
    return this.presence.counts;
  }

  /** Starts to check the rows that have not been confirmed for long. */
  presencesOfCredentials(): CredentialPresences {
    this.inquiry.begin();
    const nowMs = Date.now();
    const connected = this.presence.connectedOfCredentials();
    const seen = new Map(this.lastSeen.all);
    for (const identity of connected.keys()) seen.set(identity, nowMs);
    const identities = [...seen.keys()];
    return {
      identities,
      connected: identities.map((identity) => connected.get(identity) ?? 0),
      // A time in the future was noted before the clock was set back.
      lastSeenMs: [...seen.values()].map((atMs) => Math.min(atMs, nowMs)),
    };
  }

  /** These credentials are deleted. */
  forgetLastSeen(identities: readonly string[]): void {
    this.write(() => this.lastSeen.forget(identities));
  }

  /** Asks the sessions and topic objects. */
  stats(): Promise<BrokerStats> {
    return this.survey.stats();
  }

  /** From a topic object: see `SysWatch.subscribe`. */
  subscribeToSys(shard: number): Promise<SysValue[]> {
    return this.sysWatch.subscribe(shard);
  }

  override alarm(): Promise<void> {
    return this.bugs.guardAlarm(() => this.sysWatch.onAlarm());
  }

  /** Writes all or nothing. After a failure the object restarts, because memory may have counted what the disk has not. */
  private write(act: () => void): void {
    this.bugs.guard(() => this.schema.atomically(act));
  }

  /**
   * Whether a report may be older than what is listed, because it came late or the clock was set back. It counts all the
   * same, but then the session is asked.
   */
  private isDoubtful(clientId: string, report: Report): boolean {
    const listed = this.clientTable.connectionOf(clientId);
    if (listed === "" || report.type === "queued") return false;
    const isListed = this.presence.schedule.has(clientId);
    if (report.type === "ended") return isListed;
    const { connection } = report;
    if (connection === undefined) return false;
    // The listed connection has ended, and is now reported as connected.
    if (connection === listed) return report.type === "connected" && !isListed;
    return isEarlierConnection(connection, listed);
  }

  /** Whether the report is of a client that has just connected, but whose session there is no room for. */
  private shortageBefore(clientId: string, report: Report): Shortage | undefined {
    return report.type === "connected" ? this.presence.shortageForSession(clientId, report.identity) : undefined;
  }

  /** @param shortage from before the report was noted: by now the session is counted, until it ends */
  private answerTo(clientId: string, shortage: Shortage | undefined): number {
    if (shortage !== undefined) {
      this.onReached(clientId, { limit: "sessions", shortage });
      return ReportAnswer.NoSession;
    }
    const ofQueue = this.presence.shortageForQueue(clientId);
    if (ofQueue === undefined) return ReportAnswer.Noted;
    this.onReached(clientId, { limit: "queuedBytes", shortage: ofQueue });
    return ReportAnswer.NoQueue;
  }

  private onReached(clientId: string, reached: Reached): void {
    const { sessions, queuedBytes } = this.presence.rooms;
    const room = reached.limit === "sessions" ? sessions : queuedBytes;
    this.notes.onReached(reached, this.presence.holderOf(clientId), (count) => room.largest(count), Date.now());
  }

  private note(clientId: string, report: Report, nowMs: number): void {
    switch (report.type) {
      case "connected":
        this.list(clientId, report, nowMs);
        break;
      case "disconnected":
        this.leave(clientId, report, nowMs);
        break;
      case "ended":
        if (report.isExpired && this.clientTable.find(clientId) !== undefined) this.ledger.add(noCounts, 1);
        this.forget(clientId);
        break;
      case "queued":
        this.clientTable.putQueued(clientId, report);
        if (!this.presence.schedule.has(clientId)) this.presence.onQueued(clientId, report.bytes ?? 0);
    }
  }

  private list(clientId: string, report: ConnectedClient, nowMs: number): void {
    // The connection is already listed if the call is repeated after a restart.
    const reported = this.clientTable.reportedCounts(clientId, report.connection) ?? noCounts;
    this.clientTable.connect(clientId, report, reported);
    this.presence.onConnected(clientId, report.identity, nowMs);
    this.ledger.onConnected(this.presence.counts.connected);
    this.survey.onConnected(clientId, report.atMs <= nowMs ? report.atMs : nowMs);
    this.sysWatch.onConnected(clientId);
  }

  private leave(clientId: string, report: ReportOf<"disconnected">, nowMs: number): void {
    const { connection, account, queuedMessages } = report;
    const listed = this.clientTable.connectionOf(clientId);
    const isOfEarlier = connection !== undefined && listed !== "" && isEarlierConnection(connection, listed);
    // The report is about an earlier connection: the listed one goes on.
    if (isOfEarlier) return;
    const identity = report.identity ?? this.presence.identityOf(clientId) ?? anonymousIdentity;
    const leftMs = Math.min(report.atMs, nowMs);
    this.ledger.onConnected(this.presence.counts.connected);
    this.survey.onLeft(clientId, account);
    this.ledger.onLeft();
    if (queuedMessages === undefined) {
      this.clientTable.delete(clientId);
      this.presence.onGone(clientId);
      this.lastSeen.onGone(identity, leftMs);
    } else {
      this.clientTable.leave(clientId, report, queuedMessages);
      this.lastSeen.onAway(identity, leftMs);
      this.presence.onAway(clientId, report.identity, report.queuedBytes ?? 0, nowMs);
    }
  }

  private forget(clientId: string): void {
    const row = this.clientTable.find(clientId);
    if (row !== undefined) {
      // Nobody knows when a client left that vanished without a word: it was there when this was last confirmed.
      const confirmedMs = this.presence.schedule.confirmedAtMs(clientId);
      this.lastSeen.onGone(row.identity, Math.max(row.sinceMs, confirmedMs));
    }
    this.ledger.onConnected(this.presence.counts.connected);
    this.survey.onLeft(clientId, undefined);
    this.ledger.onLeft();
    this.clientTable.delete(clientId);
    this.presence.onGone(clientId);
  }

  /** A session has answered where its client is. @returns whether the row was wrong */
  private correct(clientId: string, answer: Whereabouts, nowMs: number): boolean {
    const isConnected = this.presence.schedule.has(clientId);
    switch (answer.state) {
      case "connected": {
        const isRight = isConnected && this.clientTable.connectionOf(clientId) === answer.connection;
        if (!isRight) this.list(clientId, answer, nowMs);
        this.presence.onConfirmed(clientId, nowMs);
        this.survey.count(clientId, answer.account, nowMs);
        return !isRight;
      }
      case "away": {
        const { identity, atMs, queuedMessages, queuedBytes = 0 } = answer;
        const row = this.clientTable.find(clientId);
        const isSame = row?.isConnected === false && row.queuedMessages === queuedMessages && row.identity === identity;
        const report = {
          type: "disconnected",
          atMs,
          account: undefined,
          queuedMessages,
          queuedBytes,
          identity,
        } as const;
        if (!isSame) this.leave(clientId, report, nowMs);
        if (isConnected) this.ledger.onWronglyListed();
        return isConnected;
      }
      case "none":
        this.forget(clientId);
        if (isConnected) this.ledger.onWronglyListed();
        return true;
    }
  }
}
